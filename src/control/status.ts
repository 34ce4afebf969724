import { instant, microseconds, toMilliseconds } from "../base/time.ts";
import type { Diagnostic } from "../config/diagnostics.ts";
import type { InstanceView, RouterView, UnitView } from "../vrrp/view.ts";
import { ageMs, type ClockPair, untilMs, wallTime } from "./clock-pair.ts";
import type {
  InstanceStatus,
  NodeStatus,
  StatusView,
  TrackerStatus,
  UnitStatus,
} from "./contract.ts";
import type { ReplicationStatus } from "./replication-contract.ts";

/** What a status is made of. `wallMs` is the wall time of the moment when `view` was taken. */
export interface StatusParts {
  readonly node: NodeStatus;
  readonly view: RouterView;
  readonly wallMs: number;
  readonly trackers: readonly TrackerStatus[];
  readonly replication: ReplicationStatus | null;
  readonly warnings: readonly Diagnostic[];
}

/** Puts a snapshot of the core into the terms of the control socket: wall times and ages instead of monotonic instants. */
export function makeStatus({ node, view, wallMs, ...same }: StatusParts): StatusView {
  const clock: ClockPair = { monotonic: instant(view.at), wallMs };
  return {
    node,
    units: view.units.map((unit) => unitStatus(unit, clock)),
    instances: view.instances.map((instance) => instanceStatus(instance, clock)),
    ...same,
  };
}

function unitStatus({ since, ...unit }: UnitView, clock: ClockPair): UnitStatus {
  return { ...unit, since: wallTime(since, clock), sinceMs: ageMs(since, clock) };
}

function instanceStatus(view: InstanceView, clock: ClockPair): InstanceStatus {
  const { active, deadline, intervalUs, ...same } = view;
  return {
    ...same,
    intervalMs: toMilliseconds(microseconds(intervalUs)),
    active:
      active === null
        ? null
        : {
            source: active.source,
            priority: active.priority,
            heardAt: wallTime(active.heardAt, clock),
            heardMs: ageMs(active.heardAt, clock),
          },
    actsInMs: deadline === null ? null : untilMs(deadline, clock),
  };
}
