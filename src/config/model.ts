/**
 * The checked model that the daemon runs from, whatever file it was read from. Plain JSON, frozen, replaced as a whole
 * on reload.
 */
import type { Duration } from "../base/time.ts";
import type { RouterConfig, VirtualAddress, VirtualRoute, VirtualRule } from "../vrrp/config.ts";
import type { Diagnostic, Position } from "./diagnostics.ts";

/** A program with its arguments, run without a shell, and the user it runs as (undefined: the daemon's own). */
export interface Command {
  readonly argv: readonly string[];
  readonly user?: string;
  readonly group?: string;
  readonly at: Position;
}

/** Scripts of one instance or group. Words follow keepalived: MASTER is RFC 9568's Active. */
export interface NotifyConfig {
  readonly master?: Command;
  readonly backup?: Command;
  readonly fault?: Command;
  readonly stop?: Command;
  readonly deleted?: Command;
  /** `notify_deleted` without a script: report DELETED instead of FAULT. */
  readonly reportsDeleted: boolean;
  readonly masterReceivedLowerPriority?: Command;
  /** Gets INSTANCE|GROUP, name, state and priority appended. */
  readonly any?: Command;
}

export interface ScriptTracker {
  readonly type: "script";
  readonly name: string;
  readonly command: Command;
  readonly interval: Duration;
  readonly timeout: Duration;
  readonly rise: number;
  readonly fall: number;
  /** Starts as failed and needs `rise` successes. */
  readonly startsFailed: boolean;
}

export interface FileTracker {
  readonly type: "file";
  readonly name: string;
  readonly path: string;
  readonly initialise?: { readonly value: number; readonly overwrite: boolean };
}

export interface ProcessTracker {
  readonly type: "process";
  readonly name: string;
  readonly process: string;
  readonly arguments: readonly string[];
  readonly match: "name" | "exact" | "initial" | "partial";
  readonly fullCommand: boolean;
  readonly quorum: number;
  /** Infinity is written as undefined. */
  readonly quorumMax?: number;
  readonly forkDelay: Duration;
  readonly terminateDelay: Duration;
}

export type TrackerConfig = ScriptTracker | FileTracker | ProcessTracker;

export const trackerKey = (tracker: Pick<TrackerConfig, "type" | "name">): string =>
  `${tracker.type}:${tracker.name}`;

export interface Fifo {
  readonly path: string;
  readonly user?: string;
  readonly group?: string;
  readonly script?: Command;
}

export interface Scheduling {
  /** SCHED_RR priority 1 to 99; undefined lets Duet choose. */
  readonly realtimePriority?: number;
  /** -20 to 19. */
  readonly nice?: number;
}

export interface StaticObjects {
  readonly addresses: readonly VirtualAddress[];
  readonly routes: readonly VirtualRoute[];
  readonly rules: readonly VirtualRule[];
}

export interface Model {
  /** router_id of keepalived.conf, or the host name. */
  readonly routerId: string;
  readonly vrrp: RouterConfig;
  /** By instance name and by group name. */
  readonly instanceNotify: Readonly<Record<string, NotifyConfig>>;
  readonly groupNotify: Readonly<Record<string, NotifyConfig>>;
  readonly trackers: readonly TrackerConfig[];
  readonly statics: StaticObjects;
  readonly fifos: readonly Fifo[];
  readonly startupScript?: { readonly command: Command; readonly timeout: Duration };
  readonly shutdownScript?: { readonly command: Command; readonly timeout: Duration };
  readonly scheduling: Scheduling;
  /** Interfaces may be missing at start and appear later (dynamic_interfaces). */
  readonly dynamicInterfaces: boolean;
  readonly logUnknownVrids: boolean;
  /** Where each instance and group stands in its file, for messages about the live system. */
  readonly positions: Readonly<Record<string, Position>>;
}

/** What a configuration reader returns: all findings, and a model unless one of them is an error. */
export interface Loaded {
  readonly model: Model | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Every file that was read, the first one first. */
  readonly files: readonly string[];
}
