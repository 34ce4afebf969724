import type {
  CacheStats,
  ChannelStats,
  ConntrackFacts,
  QueueStats,
  ReplicationCommands,
  ReplicationStats,
  ReplicationStatus,
} from "../../../src/control/replication-contract.ts";

export const EMPTY_CACHE: CacheStats = {
  kind: "cache",
  active: 0,
  entries: 0,
  limit: 4_096,
  created: 0,
  updated: 0,
  destroyed: 0,
  createFailed: 0,
  updateFailed: 0,
  destroyFailed: 0,
  noSpace: 0,
  memory: 0,
};

export const QUIET_CHANNEL: ChannelStats = {
  transport: "udp",
  interface: "sync",
  state: "running",
  isActive: true,
  connections: null,
  sentBytes: 0,
  sentPackets: 0,
  sendErrors: 0,
  receivedBytes: 0,
  receivedPackets: 0,
  receiveErrors: 0,
};

export const queue = (name: QueueStats["name"], length = 0): QueueStats => ({
  name,
  length,
  max: { transmit: null, error: 128, resend: 131_072 }[name],
  overflows: 0,
});

export const KERNEL_FACTS: ConntrackFacts = {
  max: 262_144,
  buckets: 65_536,
  count: 1_234,
  tcpBeLiberal: true,
  events: true,
  accounting: false,
  timestamps: false,
};

/** A daemon in mode FTFW that has just been started. */
export const QUIET_STATS: ReplicationStats = {
  mode: "ftfw",
  uptimeMs: 1_500,
  flows: { internal: EMPTY_CACHE, external: EMPTY_CACHE },
  expectations: null,
  processed: { bytes: 0, packets: 0 },
  channels: [QUIET_CHANNEL],
  messages: {
    sent: 0,
    received: 0,
    refused: {
      truncated: 0,
      badSize: 0,
      wrongVersion: 0,
      malformedHeader: 0,
      malformedPayload: 0,
    },
    lost: 0,
    before: 0,
    retransmitted: 0,
  },
  queues: [queue("transmit"), queue("resend"), queue("error")],
  kernel: {
    events: 0,
    filtered: 0,
    own: 0,
    overruns: 0,
    receiveBuffer: 212_992,
    dumps: 0,
    created: 0,
    updated: 0,
    deleted: 0,
    failed: {},
  },
  commands: {
    flushes: 0,
    kernelFlushes: 0,
    resyncsSent: 0,
    resyncsReceived: 0,
    bulks: 0,
    commits: 0,
  },
  rates: { eventsPerSecond: 0, sentPerSecond: 0, receivedPerSecond: 0 },
  lag: { messages: 0, ms: 0 },
  conntrack: { own: KERNEL_FACTS, peer: null },
};

/** Every counter has a value of its own, so that none can pass for another. */
export const BUSY_STATS: ReplicationStats = {
  mode: "ftfw",
  uptimeMs: 93_784_000,
  flows: {
    internal: {
      kind: "cache",
      active: 101,
      entries: 102,
      limit: 103,
      created: 104,
      updated: 105,
      destroyed: 106,
      createFailed: 107,
      updateFailed: 108,
      destroyFailed: 109,
      noSpace: 99,
      memory: 1_048_576,
    },
    external: { ...EMPTY_CACHE, active: 201, entries: 202, created: 204, updated: 205 },
  },
  expectations: {
    internal: { ...EMPTY_CACHE, active: 301 },
    external: { ...EMPTY_CACHE, active: 401 },
  },
  processed: { bytes: 501, packets: 502 },
  channels: [
    {
      transport: "udp",
      interface: "sync",
      state: "running",
      isActive: true,
      connections: null,
      sentBytes: 601,
      sentPackets: 602,
      sendErrors: 603,
      receivedBytes: 604,
      receivedPackets: 605,
      receiveErrors: 606,
    },
    { ...QUIET_CHANNEL, interface: "spare", state: "no-carrier", isActive: false },
  ],
  messages: {
    sent: 701,
    received: 702,
    refused: {
      truncated: 1,
      badSize: 20,
      wrongVersion: 300,
      malformedHeader: 4_000,
      malformedPayload: 50_000,
    },
    lost: 703,
    before: 704,
    retransmitted: 705,
  },
  queues: [queue("transmit", 801), queue("resend", 2), { ...queue("error"), overflows: 802 }],
  kernel: {
    events: 901,
    filtered: 902,
    own: 903,
    overruns: 904,
    receiveBuffer: 905,
    dumps: 906,
    created: 907,
    updated: 908,
    deleted: 909,
    failed: { EINVAL: 910 },
  },
  commands: {
    flushes: 999,
    kernelFlushes: 911,
    resyncsSent: 912,
    resyncsReceived: 913,
    bulks: 914,
    commits: 915,
  },
  rates: { eventsPerSecond: 20_011, sentPerSecond: 20_012, receivedPerSecond: 13 },
  lag: { messages: 803, ms: 42 },
  conntrack: { own: KERNEL_FACTS, peer: { ...KERNEL_FACTS, tcpBeLiberal: false, count: null } },
};

/** A backup that could take over now. */
export const REPLICATION: ReplicationStatus = {
  mode: "ftfw",
  role: "receiver",
  synchronised: true,
  problems: [],
  peer: { state: "up", heardMs: 212 },
  activeChannel: "sync",
  lag: { messages: 0, ms: 0 },
  flows: { internal: 12, external: 1_200, loaded: 1_150 },
  lastResync: { at: "2026-11-22T18:00:05.000Z", flows: 1_190, tookMs: 35 },
  lostMessages: 0,
  malformedMessages: 0,
  overruns: 0,
  kernel: KERNEL_FACTS,
  peerKernel: null,
  lastTakeover: null,
};

async function* portions(...given: readonly (readonly string[])[]) {
  yield* given;
}

/** A replication that is not there. */
export function fakeReplication(overrides: Partial<ReplicationCommands> = {}): ReplicationCommands {
  return {
    status: async () => REPLICATION,
    stats: async () => BUSY_STATS,
    list: ({ cache, table, format }) => portions([`${cache} ${table} ${format}`], [], ["second"]),
    resendQueue: () => portions(["control -> seq:7 flags:72", "object -> seq:8"]),
    resync: async () => ({ done: true }),
    send: async () => ({ done: true, flows: 12 }),
    commit: async () => ({
      done: true,
      committed: 1_190,
      kept: 8,
      failed: 2,
      failures: { EINVAL: 2 },
      tookMs: 35,
    }),
    flush: async () => ({ done: true, flows: 1_212 }),
    kernelResync: async () => ({ done: true, flows: 12 }),
    kernelFlush: async () => ({ done: true, flows: 12 }),
    schedulePurge: async () => ({ done: true, inMs: 5_000 }),
    ...overrides,
  };
}
