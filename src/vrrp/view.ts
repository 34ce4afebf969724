/** A snapshot of the VRRP core for people and programs. Plain JSON; nothing in it can be changed from outside. */
import type { IpAddress } from "../base/ip.ts";
import type { Instant } from "../base/time.ts";
import type { RefusalReason } from "./admission.ts";
import type { Cause, TrackerValue, UnitState } from "./events.ts";

export interface InstanceCounters {
  readonly advertisementsReceived: number;
  readonly advertisementsSent: number;
  readonly priorityZeroReceived: number;
  readonly priorityZeroSent: number;
  readonly becameActive: number;
  readonly releasedActive: number;
  readonly objectsHealed: number;
  /** Only the reasons that occurred. */
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
}

export interface InstanceView {
  readonly name: string;
  readonly unit: string;
  readonly interface: string;
  readonly vrid: number;
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly state: UnitState;
  readonly basePriority: number;
  readonly effectivePriority: number;
  readonly intervalUs: number;
  /** Address that advertisements are sent from. */
  readonly source: IpAddress | null;
  /** The Active router last heard, with its priority and when; null when it is us or nobody. */
  readonly active: {
    readonly source: IpAddress;
    readonly priority: number;
    readonly heardAt: Instant;
  } | null;
  /** When this instance acts next if it hears nothing. */
  readonly deadline: Instant | null;
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
  /** Why the instance is not able to be Active; empty when it is. */
  readonly faults: readonly Cause[];
  readonly counters: InstanceCounters;
}

export interface UnitView {
  readonly name: string;
  readonly kind: "group" | "instance";
  readonly state: UnitState;
  readonly members: readonly string[];
  readonly since: Instant;
  readonly cause: Cause;
  readonly trackers: readonly {
    readonly tracker: string;
    readonly value: TrackerValue;
    readonly weight: number;
  }[];
}

export interface RouterView {
  readonly at: Instant;
  readonly units: readonly UnitView[];
  readonly instances: readonly InstanceView[];
}
