/**
 * What the VRRP core hears and what it orders. Events are things that happened; actions are commands, executed in the
 * order given. Both are plain JSON: recording, replaying and comparing them needs no code.
 */
import type { IpAddress } from "../base/ip.ts";
import type { Mac } from "../base/mac.ts";
import type { Duration, Instant } from "../base/time.ts";
import type { RefusalReason } from "./admission.ts";

/** What the kernel says of an interface. */
export interface InterfaceFacts {
  readonly interface: string;
  /** False: there is no such interface now. */
  readonly present: boolean;
  readonly index: number;
  /** IFF_UP and IFF_RUNNING: administratively up and with carrier. */
  readonly running: boolean;
  readonly mac?: Mac;
  readonly mtu: number;
  /** All its addresses in kernel order, Duet's own virtual ones left out; IPv6 tentative ones left out. */
  readonly addresses: readonly IpAddress[];
}

/** An advertisement that passed admission. */
export interface HeardAdvertisement {
  readonly priority: number;
  readonly interval: Duration;
  /** False: the address list differs from ours. Heard all the same, but worth a word. */
  readonly sameAddresses: boolean;
}

/** What a tracker says: up or down; a file's number; "unknown" until its first result. */
export type TrackerValue = "up" | "down" | "unknown" | number;

export type RouterEvent =
  | { readonly type: "interface"; readonly facts: InterfaceFacts }
  | { readonly type: "tracker"; readonly tracker: string; readonly value: TrackerValue }
  | {
      readonly type: "advertisement";
      readonly instance: string;
      readonly source: IpAddress;
      readonly heard: HeardAdvertisement;
    }
  /** A packet that did not count; `reason` is one of admission's. Never changes a state. */
  | {
      readonly type: "refused";
      readonly instance: string;
      readonly reason: RefusalReason;
      readonly source: IpAddress;
    }
  /** The socket that the instance listens on cannot be opened, for this reason; undefined: it can again. */
  | { readonly type: "deaf"; readonly instance: string; readonly reason: string | undefined }
  /** Time may have passed a deadline. Spurious ones are harmless. */
  | { readonly type: "wake" }
  /** The loop was not scheduled between `since` and now. Comes before anything else of that turn. */
  | { readonly type: "stalled"; readonly since: Instant }
  /** The outcome of an "install" action; `objects` counts what was not there before. */
  | {
      readonly type: "installed";
      readonly unit: string;
      readonly took: Duration;
      readonly objects: number;
    }
  | {
      readonly type: "install-failed";
      readonly unit: string;
      readonly took: Duration;
      readonly reason: string;
    }
  | {
      readonly type: "withdrawn";
      readonly unit: string;
      readonly took: Duration;
      readonly objects: number;
    }
  | {
      readonly type: "announced";
      readonly unit: string;
      readonly took: Duration;
      readonly frames: number;
    }
  /** The answer to "load-state": what was replicated to us is in the kernel, as `detail` says. */
  | {
      readonly type: "state-loaded";
      readonly unit: string;
      readonly took: Duration;
      readonly detail: string;
    }
  /** A tracked address, route or rule of an Active instance vanished from the kernel. */
  | { readonly type: "object-lost"; readonly instance: string; readonly object: string }
  /** The whole group or instance is asked to give up Active, as by an operator; it then behaves as a Backup does. */
  | { readonly type: "resign"; readonly unit: string; readonly by: string }
  | { readonly type: "shutdown" };

/** A sync group, or an instance that is in none: what changes state as one. */
export type UnitState = "init" | "backup" | "active" | "fault" | "stopped";

/** Why a transition happened, in a stable code and in words with the facts of the case. */
export interface Cause {
  readonly code: CauseCode;
  readonly text: string;
}

type CauseCode =
  | "start"
  | "owner-start"
  | "active-down"
  | "active-resigned"
  | "lower-priority-heard"
  | "higher-priority-heard"
  | "interface-down"
  | "interface-missing"
  | "no-source-address"
  | "source-address-lost"
  | "no-unicast-peer"
  | "deaf"
  | "tracker-down"
  | "tracker-unknown"
  | "fault-cleared"
  | "install-failed"
  | "loop-stalled"
  | "resign-asked"
  | "reload"
  | "removed"
  | "shutdown";

/** One step of a transition and how long it took by itself, in the order in which they were done. */
export interface TransitionStep {
  readonly name: "detect" | "claim" | "load" | "install" | "announce" | "withdraw" | "resign";
  readonly took: Duration;
  readonly detail: string;
}

export interface Transition {
  readonly type: "transition";
  readonly at: Instant;
  readonly unit: string;
  readonly kind: "group" | "instance";
  readonly members: readonly string[];
  readonly from: UnitState;
  readonly to: UnitState;
  readonly cause: Cause;
  readonly steps: readonly TransitionStep[];
}

/** Everything else worth an operator's attention. Repetition is bounded by the core. */
export type Remark = {
  readonly type: "remark";
  readonly at: Instant;
  readonly level: "warn" | "info";
  readonly code:
    | "object-healed"
    | "address-list-differs"
    | "interval-differs"
    | "authentication-differs"
    | "version-differs"
    | "packets-refused"
    | "two-active"
    | "two-owners"
    | "group-held-back"
    | "priority-changed"
    | "loop-stalled"
    | "same-source"
    | "state-overdue";
  /** Instance or group. */
  readonly subject: string;
  readonly text: string;
};

export type Report = Transition | Remark;

/** keepalived's words, as its scripts and FIFOs read them. */
export type NotifyState =
  | "MASTER"
  | "BACKUP"
  | "FAULT"
  | "STOP"
  | "DELETED"
  | "MASTER_RX_LOWER_PRI"
  | "MASTER_PRIORITY"
  | "BACKUP_PRIORITY";

export interface Burst {
  readonly instance: string;
  /** At least 1. */
  readonly rounds: number;
}

export type RouterAction =
  | { readonly type: "advertise"; readonly instance: string; readonly priority: number }
  /** The Active router is late: begin to load replicated connections into the kernel, in case it is gone. */
  | { readonly type: "preload-state"; readonly unit: string }
  /** It was heard again, or the race is over: what was loaded so far is not needed. */
  | { readonly type: "cancel-preload"; readonly unit: string }
  /** The role is claimed: finish loading. Answered by "state-loaded", later than other orders. */
  | { readonly type: "load-state"; readonly unit: string }
  /** The role is given up: the connections of this router are the other one's now. */
  | { readonly type: "release-state"; readonly unit: string }
  /**
   * One batch that makes the kernel hold every address, then route, then rule of all `instances`, and none that they no
   * longer have; all or nothing. Answered by "installed" or "install-failed".
   */
  | { readonly type: "install"; readonly unit: string; readonly instances: readonly string[] }
  /** One batch the other way round. What is already gone is no error. Answered by "withdrawn". */
  | { readonly type: "withdraw"; readonly unit: string; readonly instances: readonly string[] }
  /** Gives the addresses of `instances` another lifetime. */
  | { readonly type: "renew"; readonly instances: readonly string[] }
  /** Puts back what of `instance` is missing in the kernel, and nothing else. */
  | { readonly type: "heal"; readonly instance: string }
  /**
   * A burst of gratuitous ARPs or unsolicited neighbour advertisements: round by round, every address of every instance
   * that still has rounds to go, excluded ones included. Answered by "announced".
   */
  | { readonly type: "announce"; readonly unit: string; readonly bursts: readonly Burst[] }
  /** One announcement for the instance's own source address, after an interface came back (unicast only). */
  | { readonly type: "announce-source"; readonly instance: string }
  | {
      readonly type: "notify";
      readonly scope: "INSTANCE" | "GROUP";
      readonly name: string;
      readonly state: NotifyState;
      readonly priority: number;
    }
  | { readonly type: "report"; readonly report: Report };
