/**
 * The requests of conntrackd's control socket: a client writes one of these numbers, 32 bits in the host's byte order,
 * and reads text until the end of file. The numbers are those of conntrackd 1.4.
 */

/** "all" is flows, then expectations where they are replicated. */
export type RequestTables = "all" | "flows" | "expectations";

/** "general" is what `conntrackd -s` shows; the others are named by the word after `-s`. */
export type StatsTopic =
  | "general"
  | "network"
  | "cache"
  | "runtime"
  | "link"
  | "rsqueue"
  | "process"
  | "queue"
  | "expect";

export type ControlRequest =
  /** Delete the flows of the kernel that the filter lets pass (`-F`). */
  | { readonly type: "flush-kernel"; readonly tables: RequestTables }
  /** Read the kernel's tables again (`-R`). */
  | { readonly type: "resync-kernel"; readonly tables: RequestTables }
  /** Print a cache (`-i`, `-e`). */
  | {
      readonly type: "list";
      readonly cache: "internal" | "external";
      readonly table: "flows" | "expectations";
      readonly format: "text" | "xml";
    }
  /** Write the external cache to the kernel (`-c`). */
  | { readonly type: "commit"; readonly tables: RequestTables }
  /** Empty caches of the daemon (`-f`). */
  | {
      readonly type: "flush";
      readonly cache: "internal" | "external" | "both";
      readonly tables: "all" | "flows";
    }
  /** End the daemon (`-k`). */
  | { readonly type: "kill" }
  | { readonly type: "stats"; readonly topic: StatsTopic }
  /** Send the internal cache to the peer (`-B`). */
  | { readonly type: "send" }
  /** Ask the peer for its internal cache (`-n`). */
  | { readonly type: "request-resync" }
  /** Purge the kernel's table after PurgeTimeout (`-t`). */
  | { readonly type: "schedule-purge" };

const list = (
  cache: "internal" | "external",
  table: "flows" | "expectations",
  format: "text" | "xml",
): ControlRequest => ({ type: "list", cache, table, format });

const flush = (
  cache: "internal" | "external" | "both",
  tables: "all" | "flows",
): ControlRequest => ({ type: "flush", cache, tables });

const stats = (topic: StatsTopic): ControlRequest => ({ type: "stats", topic });

const REQUESTS: ReadonlyMap<number, ControlRequest> = new Map<number, ControlRequest>([
  [0, { type: "flush-kernel", tables: "flows" }],
  [1, { type: "resync-kernel", tables: "flows" }],
  [16, list("internal", "flows", "text")],
  [17, list("external", "flows", "text")],
  [18, { type: "commit", tables: "flows" }],
  [19, flush("both", "flows")],
  [20, { type: "kill" }],
  [21, stats("general")],
  [22, { type: "send" }],
  [23, { type: "request-resync" }],
  [24, list("internal", "flows", "xml")],
  [25, list("external", "flows", "xml")],
  [26, { type: "schedule-purge" }],
  [28, stats("network")],
  [29, stats("cache")],
  [30, stats("runtime")],
  [31, stats("link")],
  [32, stats("rsqueue")],
  [33, flush("internal", "flows")],
  [34, flush("external", "flows")],
  [35, stats("process")],
  [36, stats("queue")],
  [37, stats("expect")],
  [38, { type: "flush-kernel", tables: "expectations" }],
  [39, { type: "resync-kernel", tables: "expectations" }],
  [40, list("internal", "expectations", "text")],
  [41, list("external", "expectations", "text")],
  [42, { type: "commit", tables: "expectations" }],
  [43, { type: "flush-kernel", tables: "all" }],
  [44, { type: "resync-kernel", tables: "all" }],
  [45, flush("both", "all")],
  [46, { type: "commit", tables: "all" }],
  [47, list("internal", "expectations", "xml")],
  [48, list("external", "expectations", "xml")],
]);

/** Every property of a request, in one order, so that equal requests have equal keys. */
const keyOf = (request: ControlRequest): string =>
  Object.entries(request)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(" ");

const NUMBERS: ReadonlyMap<string, number> = new Map(
  [...REQUESTS].map(([number, request]) => [keyOf(request), number]),
);

/** What a client asks for with `number`; undefined for numbers that mean nothing. */
export const decodeControlRequest = (number: number): ControlRequest | undefined =>
  REQUESTS.get(number);

/** The number that stands for `request`; undefined where the protocol has none: an internal flush of all tables. */
export const encodeControlRequest = (request: ControlRequest): number | undefined =>
  NUMBERS.get(keyOf(request));

/** Every number that means something, in ascending order. */
export const CONTROL_REQUEST_NUMBERS: readonly number[] = [...REQUESTS.keys()];
