import type { Notification } from "../wire/rtnetlink/entries.ts";

export type MonitorGroup = "link" | "address" | "route" | "rule" | "neighbour";

/** Hears of changes to links, addresses, routes, rules and neighbours, whoever makes them. */
export declare class RouteMonitor {
  private constructor();
  /** `bufferSize` in bytes, 1 MiB unless given. */
  static open(groups: readonly MonitorGroup[], bufferSize?: number): RouteMonitor;
  readonly fd: number;
  /** "more": a bound was hit. "overrun": notifications were lost; dump everything again, then go on draining. */
  drain(handler: (note: Notification) => void): "drained" | "more" | "overrun";
  close(): void;
}
