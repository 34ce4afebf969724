import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import {
  type FlowTopic,
  formatFlowStats,
  formatResendHead,
} from "../../../src/control/flows-text.ts";
import type { ReplicationStats } from "../../../src/control/replication-contract.ts";
import { BUSY_STATS, EMPTY_CACHE, QUIET_CHANNEL, QUIET_STATS, queue } from "./flows-fixtures.ts";

const THREE_FLOWS = { ...EMPTY_CACHE, active: 3, entries: 3, created: 3 };

/** What the daemons knew whose answers are kept under test/vectors/conntrackd/stats. */
const RECORDED: Readonly<Record<string, ReplicationStats>> = {
  ftfw: {
    ...QUIET_STATS,
    flows: { internal: EMPTY_CACHE, external: THREE_FLOWS },
    channels: [
      { ...QUIET_CHANNEL, sentBytes: 24, sentPackets: 2, receivedBytes: 276, receivedPackets: 4 },
    ],
    queues: [queue("transmit"), queue("resend", 1), queue("error")],
    kernel: { ...QUIET_STATS.kernel, events: 2, filtered: 2 },
  },
  "ftfw-expectations": {
    ...QUIET_STATS,
    expectations: { internal: EMPTY_CACHE, external: EMPTY_CACHE },
    channels: [
      { ...QUIET_CHANNEL, sentBytes: 268, sentPackets: 4, receivedBytes: 24, receivedPackets: 2 },
    ],
  },
  "ftfw-tcp-no-external-cache": {
    ...QUIET_STATS,
    flows: { internal: EMPTY_CACHE, external: { ...EMPTY_CACHE, kind: "inject", created: 3 } },
    expectations: { internal: EMPTY_CACHE, external: { ...EMPTY_CACHE, kind: "inject" } },
    channels: [
      {
        ...QUIET_CHANNEL,
        transport: "tcp",
        connections: { server: true, client: false },
        sendErrors: 1,
        receivedBytes: 268,
        receivedPackets: 4,
      },
    ],
    queues: [queue("transmit"), queue("resend", 1), queue("error", 2)],
  },
  "notrack-no-caches": {
    ...QUIET_STATS,
    mode: "notrack",
    flows: {
      internal: { ...EMPTY_CACHE, kind: "bypass", created: 3 },
      external: { ...EMPTY_CACHE, kind: "inject" },
    },
    channels: [
      {
        ...QUIET_CHANNEL,
        transport: "multicast",
        sentBytes: 276,
        sentPackets: 2,
        receivedBytes: 16,
        receivedPackets: 2,
      },
    ],
    queues: [queue("transmit"), queue("error")],
  },
  alarm: {
    ...QUIET_STATS,
    mode: "alarm",
    flows: { internal: EMPTY_CACHE, external: THREE_FLOWS },
    channels: [{ ...QUIET_CHANNEL, receivedBytes: 260, receivedPackets: 3 }],
    queues: [queue("transmit"), queue("error")],
  },
};

const vector = (name: string, topic: string): string =>
  readFileSync(
    path.join(import.meta.dirname, `../../vectors/conntrackd/stats/${name}.${topic}.txt`),
    "utf8",
  );

const CASES: readonly (readonly [name: string, topic: FlowTopic])[] = [
  ["ftfw", "general"],
  ["ftfw", "network"],
  ["ftfw", "cache"],
  ["ftfw", "runtime"],
  ["ftfw", "link"],
  ["ftfw", "queue"],
  ["ftfw-expectations", "expect"],
  ["ftfw-tcp-no-external-cache", "general"],
  ["ftfw-tcp-no-external-cache", "network"],
  ["ftfw-tcp-no-external-cache", "cache"],
  ["ftfw-tcp-no-external-cache", "link"],
  ["ftfw-tcp-no-external-cache", "queue"],
  ["ftfw-tcp-no-external-cache", "expect"],
  ["notrack-no-caches", "general"],
  ["notrack-no-caches", "cache"],
  ["notrack-no-caches", "link"],
  ["notrack-no-caches", "queue"],
  ["alarm", "general"],
  ["alarm", "queue"],
];

test.each(CASES)("%s: statistics of topic %s are what conntrackd printed", (name, topic) => {
  expect(formatFlowStats(RECORDED[name]!, topic)).toBe(vector(name, topic));
});

test.each(["ftfw", "notrack-no-caches", "alarm"])(
  "%s: the resend queue begins as conntrackd's does",
  (name) => {
    const [head = ""] = vector(name, "rsqueue").split(/(?<=\n)/);
    expect(formatResendHead(RECORDED[name]!)).toBe(head);
  },
);

test("expectations that are not replicated have no statistics", () => {
  expect(formatFlowStats(QUIET_STATS, "expect")).toBe("");
});

test.each<FlowTopic>(["general", "network", "cache", "runtime", "link", "queue", "expect"])(
  "every counter of topic %s stands where it belongs",
  (topic) => {
    expect(formatFlowStats(BUSY_STATS, topic)).toMatchSnapshot();
  },
);

test.each([
  [59_999, "0 min"],
  [61_000, "1 min"],
  [3_600_000, "1 h 0 min"],
  [86_400_000, "1 day 0 min"],
  [90_061_000, "1 day 1 h 1 min"],
  [180_000_000, "2 days 2 h 0 min"],
  [864_000_000, "10 days 0 min"],
])("an uptime of %i ms is written %s, as conntrackd writes it", (uptimeMs, text) => {
  const [first] = formatFlowStats({ ...QUIET_STATS, uptimeMs }, "runtime").split("\n");
  expect(first).toBe(`daemon uptime: ${text}`);
});
