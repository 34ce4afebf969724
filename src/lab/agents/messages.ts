/**
 * What the agents inside the lab's namespaces tell the lab, one JSON object per line on their standard output. Instants
 * are CLOCK_MONOTONIC in microseconds, which all processes of one machine share.
 */
import type { Mac } from "../../base/mac.ts";
import type { Instant } from "../../base/time.ts";
import type { Gap, Tally } from "../gap-meter.ts";

/** The agent works: its sockets are open, its connections stand. */
export interface Ready {
  readonly type: "ready";
  readonly at: Instant;
  /** True when the kernel granted real-time scheduling; without it the pace is only as good as the machine is idle. */
  readonly realtime: boolean;
}

export interface GapChanged {
  readonly type: "gap";
  readonly probe: string;
  readonly gap: Gap;
}

export interface Tallied {
  readonly type: "tally";
  readonly at: Instant;
  readonly probes: Readonly<Record<string, Tally>>;
}

/** Another set of hardware addresses than before answers ARP for the address of `probe`, sorted. */
export interface OwnersChanged {
  readonly type: "owners";
  readonly probe: string;
  readonly at: Instant;
  readonly macs: readonly Mac[];
}

/**
 * For each download, when its server wrote the latest of the bytes that have arrived; 0 before the first of them.
 * Sent ten times a second.
 */
export interface Downloaded {
  readonly type: "downloads";
  readonly at: Instant;
  readonly stamps: readonly Instant[];
}

/** A download ended, which none of them does by itself. */
export interface DownloadEnded {
  readonly type: "download-ended";
  readonly at: Instant;
  readonly download: number;
  /** Such as ECONNRESET; "closed" when the other end closed the connection in an orderly way. */
  readonly reason: string;
}

export type AgentMessage =
  | Ready
  | GapChanged
  | Tallied
  | OwnersChanged
  | Downloaded
  | DownloadEnded;
