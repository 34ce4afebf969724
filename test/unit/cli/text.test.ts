import { expect, test } from "vitest";
import { formatEvent } from "../../../src/cli/event-text.ts";
import { paintFor } from "../../../src/cli/paint.ts";
import { formatStatus } from "../../../src/cli/status-text.ts";
import { formatAge } from "../../../src/cli/words.ts";
import type { ReplicationStatus } from "../../../src/control/replication-contract.ts";
import { newEvent, STATUS } from "../control/fixtures.ts";
import { KERNEL_FACTS, REPLICATION } from "../control/flows-fixtures.ts";

const plain = paintFor(false);
const ALONE = { ...STATUS, units: [], instances: [], trackers: [] };

test("a status without colours reads as it did", () => {
  expect(formatStatus(STATUS, plain)).toMatchInlineSnapshot(`
    "alpha: duet 0.1.0, pid 4711, up 1h 2m, real-time rr 50, self-fencing 3s
    configuration: /etc/keepalived/keepalived.conf and /etc/keepalived/lan.conf, read 2026-11-22 18:00:00 UTC, 1 warning

    G1  ACTIVE   for 1m 20s, sync group
        since 2026-11-22 18:58:40 UTC: no advertisement for 3.61s
        tracks script:chk: up, weight -20
        E1 on eth0.2, VRID 51, VRRPv2 IPv4, priority 101, from 192.168.0.2, every 1s
            address 192.168.0.4/24
            route default via 192.168.0.1 src 192.168.0.4 metric 5

    I2  FAULT    for 1h, instance
        since 2026-11-22 18:00:00 UTC: interface eth3 is down
        I2 on eth3, VRID 9, VRRPv3 IPv6, priority 100, every 0.1s
            fault: interface eth3 is down
            active router: fe80::1, priority 150, heard 1h ago
            address 2001:db8::1/64

    script:chk: up (exit status 0)

    counters  sent  received  became active  released  healed  refused
    E1          80        12              1         0       2        4
    I2           0         0              0         0       0        0
    refused by E1: bad-ttl 3, authentication-failed 1
    "
  `);
});

test("colours add nothing but colours", () => {
  const coloured = formatStatus(STATUS, paintFor(true));
  expect(coloured).toContain("\u001b[32mACTIVE ");
  // oxlint-disable-next-line no-control-regex -- Colours are control sequences.
  expect(coloured.replaceAll(/\u001b\[\d+m/g, "")).toBe(formatStatus(STATUS, plain));
});

test("a backup says whom it hears and when it would take over", () => {
  const [unit] = STATUS.units;
  const [instance] = STATUS.instances;
  const heard = { source: "192.168.0.3", priority: 100, heardAt: "", heardMs: 412 };
  const backup = { ...instance!, state: "backup" as const, active: heard, actsInMs: 3_190 };
  const text = formatStatus({ ...STATUS, units: [unit!], instances: [backup] }, plain);
  expect(text).toContain(
    "active router: 192.168.0.3, priority 100, heard 0.4s ago, takes over in 3.2s of silence",
  );
});

test("a status without any unit is still one", () => {
  expect(formatStatus(ALONE, plain)).toMatch(/^alpha: .*\nconfiguration: .*\n$/);
});

test("a transition shows its cause and its steps", () => {
  const steps = [
    { name: "claim", took: 212, detail: "" },
    { name: "install", took: 1_430, detail: "2 addresses, 1 route" },
  ];
  const record = {
    ...newEvent("backup -> active: no advertisement for 3.61s"),
    id: "life-1",
    data: { steps },
  };
  expect(formatEvent(record, plain)).toBe(
    "2026-11-22T19:00:00.000Z info  alpha G1: backup -> active: no advertisement for 3.61s\n" +
      "    claim 212us, install (2 addresses, 1 route) 1.43ms\n",
  );
});

test("an event of the daemon as a whole has no subject", () => {
  const record = { ...newEvent("reloaded"), id: "life-2", subject: null };
  expect(formatEvent(record, plain)).toBe("2026-11-22T19:00:00.000Z info  alpha reloaded\n");
});

test("what an event says cannot drive the terminal", () => {
  const record = { ...newEvent("\u001b[2J\n"), id: "life-3" };
  expect(formatEvent(record, plain)).toContain(String.raw`G1: \x1b[2J\n`);
});

test.each([
  [0, "0s"],
  [412, "0.4s"],
  [9_999, "10s"],
  [45_000, "45s"],
  [600_000, "10m"],
  [3_723_000, "1h 2m"],
  [90_061_000, "1d 1h"],
  [864_000_000, "10d"],
])("%i ms is written %s", (spanMs, text) => {
  expect(formatAge(spanMs)).toBe(text);
});

const withReplication = (replication: Partial<ReplicationStatus>): string =>
  formatStatus({ ...ALONE, replication: { ...REPLICATION, ...replication } }, plain);

test("a router that could take over the connections says so", () => {
  expect(withReplication({}).split("\n\n")[1]).toMatchInlineSnapshot(`
    "replication  SYNCHRONISED  ftfw, receiver, over sync
        peer up, heard 0.2s ago, nothing waits for it
        flows: 12 of this router, 1200 of the peer, 1150 in this kernel; last resync 2026-11-22 18:00:05 UTC: 1190 flows within 35 ms
        lost 0, malformed 0, overruns 0
        kernel here: 1234 of at most 262144 flows, 65536 buckets, tcp_be_liberal on, events on
        kernel of the peer: the peer does not tell
    "
  `);
});

test("a router that could not says why, and what the last takeover did", () => {
  const text = withReplication({
    mode: "notrack",
    synchronised: false,
    problems: [
      { code: "no-link", text: "no dedicated link is up" },
      { code: "tcp-not-liberal", text: "nf_conntrack_tcp_be_liberal is 0: set it to 1" },
    ],
    peer: { state: "down", heardMs: null },
    activeChannel: null,
    lag: { messages: 3, ms: null },
    lastResync: null,
    kernel: { ...KERNEL_FACTS, count: null, tcpBeLiberal: false, events: null },
    peerKernel: KERNEL_FACTS,
    lastTakeover: {
      at: "2026-11-22T18:30:00.000Z",
      committed: 1_190,
      kept: 8,
      failed: 2,
      failures: { EINVAL: 2 },
      tookMs: 35.4,
    },
  });
  expect(text.split("\n\n")[1]).toMatchInlineSnapshot(`
    "replication  NOT SYNCHRONISED  notrack, receiver, no dedicated link is up
        problem: no dedicated link is up
        problem: nf_conntrack_tcp_be_liberal is 0: set it to 1
        peer down, never heard, 3 messages wait for it
        flows: 12 of this router, 1200 of the peer, 1150 in this kernel; no resync yet
        lost 0, malformed 0, overruns 0
        kernel here: ? of at most 262144 flows, 65536 buckets, tcp_be_liberal off, events unknown
        kernel of the peer: 1234 of at most 262144 flows, 65536 buckets, tcp_be_liberal on, events on
        last takeover 2026-11-22 18:30:00 UTC: 1190 flows written, 8 were there, 2 refused, within 35 ms
    "
  `);
});

test.each([
  [{ messages: 0, ms: 0 }, "nothing waits for it"],
  [{ messages: 1, ms: 12 }, "1 message waits for it for 12 ms"],
  [{ messages: 2, ms: null }, "2 messages wait for it"],
])("a lag of %o reads %s", (lag, text) => {
  expect(withReplication({ lag })).toContain(text);
});
