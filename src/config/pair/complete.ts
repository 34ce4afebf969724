/** From what was read to a pair: defaults, and what different parts of the file must agree on. */
import type { Duration } from "../../base/time.ts";
import type { Findings } from "../findings.ts";
import { completeElection, completePriorities } from "./complete-election.ts";
import { completeNetworks } from "./complete-networks.ts";
import { completeReplication } from "./complete-replication.ts";
import { completeRouters } from "./complete-routers.ts";
import { completeTracking } from "./complete-tracking.ts";
import { type Completion, valueOr } from "./completion.ts";
import { FENCING, PRIORITY } from "./defaults.ts";
import type { ElectionKeys } from "./election-keys.ts";
import type { FileKeys, HookKeys } from "./keys.ts";
import type { Draft } from "./maps.ts";
import type { PairConfig, PairHooks } from "./model.ts";
import { checkSubnets, checkUnicast } from "./pair-checks.ts";

/** The pair; undefined when there are no two routers or no networks, which was said then. */
export function completePair(draft: Draft<FileKeys>, findings: Findings): PairConfig | undefined {
  const election: Draft<ElectionKeys> = valueOr(draft.vrrp, {});
  const tracking = completeTracking(findings, valueOr(draft.track, {}));
  const completion: Completion = {
    findings,
    pairName: valueOr(draft.pair, "pair"),
    routers: valueOr(draft.routers, []),
    networks: valueOr(draft.networks, []),
  };
  if (completion.routers.length !== 2 || completion.networks.length === 0) return undefined;
  const priorities = completePriorities(completion, election);
  const routers = completeRouters(completion, priorities, PRIORITY);
  const [first, second] = routers;
  if (first === undefined || second === undefined) return undefined;
  const networks = completeNetworks(completion, routers);
  const pair: PairConfig = {
    name: completion.pairName,
    secretFile: draft["secret-file"]?.value,
    routers: [first, second],
    networks,
    election: completeElection(completion, election, draft["secret-file"]),
    tracking,
    replication: completeReplication(completion, draft.replication, { routers, networks }),
    hooks: completeHooks(valueOr(draft.hooks, {})),
    fencing: fencingOf(draft.fencing?.value),
  };
  checkUnicast(completion, pair, election.transport);
  checkSubnets(completion, pair);
  return pair;
}

const completeHooks = (draft: Draft<HookKeys>): PairHooks => ({
  active: draft.active?.value,
  backup: draft.backup?.value,
  fault: draft.fault?.value,
  stop: draft.stop?.value,
});

const fencingOf = (value: Duration | false | undefined): Duration | undefined =>
  value === false ? undefined : (value ?? FENCING);
