/** From what was read to a pair: defaults, and what different parts of the file must agree on. */
import type { Duration } from "../../base/time.ts";
import type { Findings } from "../findings.ts";
import { completeElection, completePriorities } from "./complete-election.ts";
import { completeNetworks } from "./complete-networks.ts";
import { completeReplication } from "./complete-replication.ts";
import { completeRouters } from "./complete-routers.ts";
import { completeTracking } from "./complete-tracking.ts";
import type { Completion } from "./completion.ts";
import { FENCING, PRIORITY } from "./defaults.ts";
import type { FileKeys, HookKeys } from "./keys.ts";
import type { Draft } from "./maps.ts";
import type { PairConfig, PairHooks } from "./model.ts";
import { checkSubnets, checkUnicast } from "./pair-checks.ts";

/** The pair; undefined when there are no two routers or no networks, which was said then. */
export function completePair(draft: Draft<FileKeys>, findings: Findings): PairConfig | undefined {
  const routerEntries = draft.routers?.value;
  const networkEntries = draft.networks?.value;
  const election = draft.vrrp?.value ?? {};
  const tracking = completeTracking(findings, draft.track?.value ?? {});
  if (routerEntries?.length !== 2 || networkEntries === undefined) return undefined;
  const name = draft.pair?.value ?? "pair";
  const completion: Completion = {
    findings,
    pairName: name,
    routers: routerEntries,
    networks: networkEntries,
  };
  const priorities = completePriorities(completion, election);
  const routers = completeRouters(completion, priorities, PRIORITY);
  const [first, second] = routers;
  if (first === undefined || second === undefined) return undefined;
  const networks = completeNetworks(completion, routers);
  const pair: PairConfig = {
    name,
    secretFile: draft["secret-file"]?.value,
    routers: [first, second],
    networks,
    election: completeElection(completion, election, draft["secret-file"]),
    tracking,
    replication: completeReplication(completion, draft.replication, { routers, networks }),
    hooks: completeHooks(draft.hooks?.value ?? {}),
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
