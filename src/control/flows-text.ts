/**
 * The statistics of replication in the words and columns of `conntrackd -s`, which scripts read: the output of
 * conntrackd 1.4 for the same counters, byte for byte.
 */
import type {
  CacheStats,
  ChannelStats,
  QueueStats,
  ReplicationStats,
  TrafficStats,
} from "./replication-contract.ts";

/** What a topic shows, named by the word after `-s`. "rsqueue" and "process" are lists, which are not made here. */
export type FlowTopic = "general" | "network" | "cache" | "runtime" | "link" | "queue" | "expect";

type Caches = ReplicationStats["flows"];

/** Blocks of lines with an empty line after each; empty where conntrackd prints nothing. */
export function formatFlowStats(stats: ReplicationStats, topic: FlowTopic): string {
  const blocks = FORMATS[topic](stats);
  return blocks.map((lines) => `${lines.join("\n")}\n\n`).join("");
}

/** The first line of the list of messages that wait for an acknowledgement; empty in modes that have no such queue. */
export function formatResendHead({ queues }: ReplicationStats): string {
  const queue = queues.find(({ name }) => name === "resend");
  return queue === undefined ? "" : `resent queue (len=${queue.length})\n`;
}

type Block = readonly string[];

const FORMATS: Readonly<Record<FlowTopic, (stats: ReplicationStats) => readonly Block[]>> = {
  general: (stats) => overview(stats.flows, stats),
  expect: (stats) => (stats.expectations === null ? [] : overview(stats.expectations, stats)),
  network: (stats) => [refusals(stats), sequences(stats), ...activeTraffic(stats)],
  cache: ({ flows: { internal, external } }) => [
    cacheDetail("internal", internal),
    cacheDetail("external", external),
  ],
  runtime: (stats) => [[`daemon uptime: ${formatUptime(stats.uptimeMs)}`], netlink(stats), PROCESS],
  link: ({ channels }) => channels.map((channel) => link(channel)),
  queue: ({ queues }) => [
    [`allocated queue nodes:\t\t${narrow(queues.reduce((sum, { length }) => sum + length, 0))}`],
    ...QUEUES.flatMap((name) => queues.filter((queue) => queue.name === name)).map(queueDetail),
  ],
};

const narrow = (value: number): string => String(value).padStart(12);
const wide = (value: number): string => String(value).padStart(20);

function overview({ internal, external }: Caches, stats: ReplicationStats): readonly Block[] {
  const { bytes, packets } = stats.processed;
  return [
    cacheSummary("internal", internal),
    cacheSummary("external", external),
    ["traffic processed:", `${wide(bytes)} Bytes      ${wide(packets)} Pckts`],
    ...activeTraffic(stats),
    [
      "message tracking:",
      `${wide(malformed(stats))} Malformed msgs ${wide(stats.messages.lost)} Lost msgs`,
    ],
  ];
}

const withFailed = (what: string, done: number, failed: number): string =>
  `connections ${what}:\t\t${narrow(done)}\tfailed:\t${narrow(failed)}`;

function cacheSummary(name: "internal" | "external", cache: CacheStats): Block {
  const changes = [
    withFailed("created", cache.created, cache.createFailed),
    withFailed("updated", cache.updated, cache.updateFailed),
    withFailed("destroyed", cache.destroyed, cache.destroyFailed),
  ];
  switch (cache.kind) {
    case "cache":
      return [`cache ${name}:`, `current active connections:\t${narrow(cache.active)}`, ...changes];
    case "inject":
      return [`${name} inject:`, ...changes];
    case "bypass":
      return [
        `${name} bypass:`,
        `connections new:\t\t${narrow(cache.created)}`,
        `connections updated:\t\t${narrow(cache.updated)}`,
        `connections destroyed:\t\t${narrow(cache.destroyed)}`,
      ];
  }
}

function cacheDetail(name: "internal" | "external", cache: CacheStats): Block {
  if (cache.kind !== "cache") return cacheSummary(name, cache);
  const pair = (a: number, b: number): string => `${narrow(a)}/${narrow(b)}`;
  return [
    `cache:${name}\tactive objects:\t\t${narrow(cache.active)}`,
    `\tactive/total entries:\t\t${pair(cache.active, cache.entries)}`,
    `\tcreation OK/failed:\t\t${pair(cache.created, cache.createFailed)}`,
    `\t\tno memory available:\t${narrow(cache.createFailed - cache.noSpace)}`,
    `\t\tno space left in cache:\t${narrow(cache.noSpace)}`,
    `\tupdate OK/failed:\t\t${pair(cache.updated, cache.updateFailed)}`,
    `\t\tentry not found:\t${narrow(cache.updateFailed)}`,
    `\tdeletion created/failed:\t${pair(cache.destroyed, cache.destroyFailed)}`,
    `\t\tentry not found:\t${narrow(cache.destroyFailed)}`,
  ];
}

const TRANSPORTS = { udp: "UDP", multicast: "multicast", tcp: "TCP" } as const;

/** Of several links conntrackd shows here the one that it sends on. */
function activeTraffic({ channels }: ReplicationStats): readonly Block[] {
  const active = channels.find(({ isActive }) => isActive);
  if (active === undefined) return [];
  const name = `${TRANSPORTS[active.transport]} traffic`;
  return [
    [`${name} (active device=${active.interface})${connections(active)}:`, ...traffic(active)],
  ];
}

const connected = (isUp: boolean): string => (isUp ? "connected" : "disconnected");

function connections({ connections: tcp }: ChannelStats): string {
  if (tcp === null) return "";
  return ` server=${connected(tcp.server)} client=${connected(tcp.client)}`;
}

const LINK_STATES = {
  running: "RUNNING",
  "no-carrier": "NO-CARRIER",
  down: "DOWN",
  missing: "DOWN",
} as const;

function link(channel: ChannelStats): Block {
  const role = channel.isActive ? "ACTIVE" : "BACKUP";
  const state = `status=${LINK_STATES[channel.state]} role=${role}`;
  const name = `${TRANSPORTS[channel.transport]} traffic`;
  return [`${name} device=${channel.interface} ${state}:`, ...traffic(channel)];
}

const traffic = (stats: TrafficStats): Block => [
  `${wide(stats.sentBytes)} Bytes sent ${wide(stats.receivedBytes)} Bytes recv`,
  `${wide(stats.sentPackets)} Pckts sent ${wide(stats.receivedPackets)} Pckts recv`,
  `${wide(stats.sendErrors)} Error send ${wide(stats.receiveErrors)} Error recv`,
];

const malformed = ({ messages }: ReplicationStats): number =>
  Object.values<number>({ ...messages.refused }).reduce((sum, count) => sum + count, 0);

/** A message of a type that there is not is one with a malformed header here; nothing malformed is ever sent. */
function refusals(stats: ReplicationStats): Block {
  const { refused } = stats.messages;
  return [
    "network statistics:",
    "\trecv:",
    `\t\tMalformed messages:\t${wide(malformed(stats))}`,
    `\t\tWrong protocol version:\t${wide(refused.wrongVersion)}`,
    `\t\tMalformed header:\t${wide(refused.malformedHeader)}`,
    `\t\tMalformed payload:\t${wide(refused.malformedPayload)}`,
    `\t\tBad message type:\t${wide(0)}`,
    `\t\tTruncated message:\t${wide(refused.truncated)}`,
    `\t\tBad message size:\t${wide(refused.badSize)}`,
    "\tsend:",
    `\t\tMalformed messages:\t${wide(0)}`,
  ];
}

const sequences = ({ messages }: ReplicationStats): Block => [
  "sequence tracking statistics:",
  "\trecv:",
  `\t\tPackets lost:\t\t${wide(messages.lost)}`,
  `\t\tPackets before:\t\t${wide(messages.before)}`,
];

function netlink({ kernel, commands }: ReplicationStats): Block {
  return [
    "netlink stats:",
    `\tevents received:\t${wide(kernel.events)}`,
    `\tevents filtered:\t${wide(kernel.filtered)}`,
    `\tevents unknown type:\t\t${narrow(0)}`,
    `\tcatch event failed:\t\t${narrow(0)}`,
    `\tdump unknown type:\t\t${narrow(0)}`,
    `\tnetlink overrun:\t\t${narrow(kernel.overruns)}`,
    `\tflush kernel table:\t\t${narrow(commands.kernelFlushes)}`,
    `\tresync with kernel table:\t${narrow(kernel.dumps)}`,
    `\tcurrent buffer size (in bytes):\t${narrow(kernel.receiveBuffer)}`,
  ];
}

/** What can fail in conntrackd's way of working: it has child processes and one loop around select(2), Duet has neither. */
const PROCESS: Block = [
  "runtime stats:",
  `\tchild process failed:\t\t${narrow(0)}`,
  `\t\tchild process segfault:\t${narrow(0)}`,
  `\t\tchild process termsig:\t${narrow(0)}`,
  `\tselect failed:\t\t\t${narrow(0)}`,
  `\twait failed:\t\t\t${narrow(0)}`,
  `\tlocal read failed:\t\t${narrow(0)}`,
  `\tlocal unknown request:\t\t${narrow(0)}`,
];

/** "3 min", "1 h 0 min", "2 days 0 min": hours that are none are left out, minutes never. */
function formatUptime(uptimeMs: number): string {
  const minutes = Math.floor(uptimeMs / 60_000);
  const days = Math.floor(minutes / (24 * 60));
  const hours = Math.floor(minutes / 60) % 24;
  return [
    ...(days === 0 ? [] : [`${days} ${days === 1 ? "day" : "days"}`]),
    ...(hours === 0 ? [] : [`${hours} h`]),
    `${minutes % 60} min`,
  ].join(" ");
}

const QUEUES = ["transmit", "error", "resend"] as const;
const QUEUE_NAMES = { transmit: "txqueue", error: "errorq", resend: "rsqueue" } as const;
/** How conntrackd writes that nothing bounds a queue. */
const UNBOUNDED = 0x7f_ff_ff_ff;

const queueDetail = ({ name, length, max, overflows }: QueueStats): Block => [
  `queue ${QUEUE_NAMES[name]}:`,
  `current elements:\t\t${narrow(length)}`,
  `maximum elements:\t\t${narrow(max ?? UNBOUNDED)}`,
  `not enough space errors:\t${narrow(overflows)}`,
];
