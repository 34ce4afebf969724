/** Health checks of the pair as trackers, and who follows them. */

import { checkCommand, splitCommand } from "../keepalived/commands.ts";
import { type DefinedTracker, processTracker } from "../keepalived/trackers.ts";
import type { TrackingDraft } from "../keepalived/tracking.ts";
import type { TrackerConfig } from "../model.ts";
import { trackerKey } from "../model.ts";
import type { Derivation } from "./derivation.ts";
import type { PairCheck } from "./model.ts";

/** By their keys, in the order of the file. Programs that do not exist are reported. */
export function deriveTrackers(derivation: Derivation): ReadonlyMap<string, DefinedTracker> {
  const { pair, reading, at } = derivation;
  const trackers = new Map<string, DefinedTracker>();
  for (const check of pair.tracking.checks) {
    const place = at(`tracking.checks.${check.name}`);
    const tracker = trackerOf(check, derivation);
    if (tracker.type === "script") checkCommand(reading, tracker.command);
    trackers.set(trackerKey(tracker), { tracker, weight: check.weight, reverse: false, at: place });
  }
  return trackers;
}

function trackerOf(check: PairCheck, { at }: Derivation): TrackerConfig {
  const { name } = check;
  switch (check.type) {
    case "script": {
      const { command, user, interval, timeout, rise, fall } = check;
      const place = at(`tracking.checks.${name}.run`);
      return {
        type: "script",
        name,
        command: { argv: command, ...(user !== undefined && { user }), at: place },
        interval,
        timeout,
        rise,
        fall,
        startsFailed: false,
      };
    }
    case "file":
      return { type: "file", name, path: check.path };
    case "process":
      return processTracker(name, splitCommand(check.process) ?? [check.process], {
        quorum: check.quorum,
      });
  }
}

const KINDS = ["interface", "script", "file", "process"] as const;

/** Everything that is tracked: interfaces first, then checks by their kind, as the blocks of keepalived.conf stand. */
export function trackingOf({ pair: { tracking }, at }: Derivation): readonly TrackingDraft[] {
  const interfaces = tracking.interfaces.map(({ name, weight }) => ({
    kind: "interface" as const,
    name,
    weight,
    at: at(`tracking.interfaces.${name}`),
  }));
  const checks = tracking.checks.map(({ type, name, weight }) => ({
    kind: type,
    name,
    weight,
    at: at(`tracking.checks.${name}`),
  }));
  return KINDS.flatMap((kind) => [...interfaces, ...checks].filter((entry) => entry.kind === kind));
}
