/** What becomes of the tables when the configuration changes while flows are replicated. */
import type { ReplicationConfig } from "./config.ts";

/** Settings by the words that people know them by. */
const WORDS: Readonly<Record<keyof ReplicationConfig, string>> = {
  mode: "mode",
  channels: "dedicated links",
  commitTimeout: "commit timeout",
  purgeTimeout: "purge timeout",
  loadsAhead: "loading ahead",
  windowTracking: "window tracking",
  expectations: "expectations",
  hashSize: "hash size",
  hashLimit: "hash limit",
  netlinkBuffer: "event buffer",
  netlinkBufferMax: "limit of the event buffer",
  overrunResync: "resync after an overrun",
  reliableEvents: "reliable events",
  eventIterationLimit: "event limit",
  poll: "polling",
  filter: "filter",
  logFile: "log file",
  syslog: "syslog",
  lockFile: "lock file",
  controlSocket: "conntrackd's control socket",
};
const NAMES = Object.keys(WORDS) as readonly (keyof ReplicationConfig)[];

/** What the sockets to the kernel are opened with. */
const OF_SOCKETS: readonly (keyof ReplicationConfig)[] = [
  "netlinkBuffer",
  "netlinkBufferMax",
  "reliableEvents",
  "poll",
  "windowTracking",
];
/** What decides which flows of the kernel are replicated, and what is said of them. */
const OF_CONTENT: readonly (keyof ReplicationConfig)[] = [
  "filter",
  "expectations",
  "windowTracking",
  "commitTimeout",
];

export interface Reconfiguration {
  /** In words, such as "purge timeout". */
  readonly changes: readonly string[];
  /** Why the tables cannot be kept; undefined when they are. */
  readonly reason: string | undefined;
  readonly changesChannels: boolean;
  readonly changesSockets: boolean;
  /** The kernel's table has to be read again to find what is replicated from now on, and what no more. */
  readonly changesContent: boolean;
}

export function compareConfigs(
  before: ReplicationConfig,
  after: ReplicationConfig,
): Reconfiguration {
  const changed = NAMES.filter((name) => !isSame(before[name], after[name]));
  const touches = (names: readonly string[]): boolean => changed.some((one) => names.includes(one));
  return {
    changes: changed.map((name) => WORDS[name]),
    reason: whyNewTables(before, after),
    changesChannels: changed.includes("channels"),
    changesSockets: touches(OF_SOCKETS),
    changesContent: touches(OF_CONTENT),
  };
}

/** "replication: filter, purge timeout changed; the tables are kept". Undefined when nothing changed. */
export function describeReconfiguration({ changes, reason }: Reconfiguration): string | undefined {
  if (changes.length === 0) return undefined;
  const outcome =
    reason === undefined ? "the tables are kept" : `the tables begin anew, because ${reason}`;
  return `replication: ${changes.join(", ")} changed; ${outcome}`;
}

const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

function whyNewTables(before: ReplicationConfig, after: ReplicationConfig): string | undefined {
  if (before.mode.type !== after.mode.type)
    return `the mode changed from ${before.mode.type} to ${after.mode.type}`;
  if (keepsInternal(before) !== keepsInternal(after))
    return `the internal cache was switched ${keepsInternal(after) ? "on" : "off"}`;
  if (keepsExternal(before) !== keepsExternal(after))
    return `the external cache was switched ${keepsExternal(after) ? "on" : "off"}`;
  if ((before.expectations === false) !== (after.expectations === false))
    return `expectations were switched ${after.expectations === false ? "off" : "on"}`;
  if (before.hashLimit !== after.hashLimit)
    return `they were made for ${before.hashLimit} flows and are to take ${after.hashLimit}`;
  return undefined;
}

const keepsInternal = ({ mode }: ReplicationConfig): boolean =>
  mode.type !== "notrack" || mode.internalCache;

const keepsExternal = ({ mode }: ReplicationConfig): boolean =>
  mode.type === "alarm" || mode.externalCache;
