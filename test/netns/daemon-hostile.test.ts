import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { milliseconds } from "../../src/base/time.ts";
import { VrrpSender } from "../../src/kernel/vrrp-socket.ts";
import type { ReceivedPacket } from "../../src/vrrp/admission.ts";
import type { InstanceConfig } from "../../src/vrrp/config.ts";
import { IPV4_AT_TTL } from "../../src/wire/ipv4.ts";
import { VRRP_AT_CHECKSUM, VRRP_GROUP_IPV4 } from "../../src/wire/vrrp.ts";
import { eventually, pause, stopAll, TestDaemon } from "../support/daemon.ts";
import { buildPair, GLOBALS, holds, instance, type PairNet } from "../support/daemon-pair.ts";
import { isRoot } from "../support/netns.ts";
import { instanceConfig, ip, virtualAddress } from "../support/vrrp-config.ts";
import { patched, resized, Sender, sent } from "../support/vrrp-packets.ts";

let pair: PairNet;
let attacker: VrrpSender;

/** The LAN's host, which anybody could be. */
const SOURCE = ip("10.1.0.9");
const KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

beforeAll(() => {
  if (!isRoot) return;
  pair = buildPair();
  const { namespace } = pair.lan;
  const index = namespace.indexOf("br0");
  attacker = namespace.within(() =>
    VrrpSender.open({ family: 4, protocol: 112, interface: "br0", index, source: SOURCE }),
  );
});
afterEach(stopAll);
afterAll(() => {
  if (!isRoot) return;
  attacker.close();
  pair.net.close();
});

/** The daemon's peer as it would be configured, of the highest priority there is. */
const peer = (some: Partial<InstanceConfig> = {}): InstanceConfig =>
  instanceConfig({
    version: 3,
    interval: milliseconds(100),
    addresses: [virtualAddress("10.1.0.1/24", "lan")],
    ...some,
  });

const take = (some?: Partial<InstanceConfig>): ReceivedPacket =>
  sent(peer(some), { source: SOURCE, priority: 254 });

function send(...packets: readonly ReceivedPacket[]): void {
  for (const { bytes } of packets)
    attacker.send(
      new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      VRRP_GROUP_IPV4,
    );
}

async function active(more = ""): Promise<TestDaemon> {
  const daemon = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance({ more }) });
  await daemon.becomes("I1", "active");
  // What it says of that comes through a pipe; the tests count what is said later.
  await eventually("the log to catch up", () => daemon.log.includes("backup -> active"));
  return daemon;
}

/** Takes the role away and keeps it, until the function returned is called. */
function hold(): () => void {
  const again = setInterval(() => send(take()), 50);
  return () => clearInterval(again);
}

const refused = async (daemon: TestDaemon): Promise<Readonly<Record<string, number>>> =>
  (await daemon.instance("I1")).counters.refused;

/** The IPv4 header's own byte, where `patched` would change the advertisement's. */
function withTtl(packet: ReceivedPacket, ttl: number): ReceivedPacket {
  packet.bytes.setUint8(IPV4_AT_TTL, ttl);
  return packet;
}

const SPOILT: readonly (readonly [string, () => ReceivedPacket, string])[] = [
  ["a TTL of 254", () => withTtl(take(), 254), "bad-ttl"],
  ["a wrong checksum", () => patched(take(), { [VRRP_AT_CHECKSUM]: 0xaa }), "bad-checksum"],
  ["a version 2 header", () => take({ version: 2 }), "bad-version"],
  ["four bytes missing", () => resized(take(), -4), "bad-length"],
  ["eight bytes too many", () => resized(take(), 8), "bad-length"],
  ["an address count of 200", () => patched(take(), { 3: 200 }), "bad-length"],
];

test.runIf(isRoot)("the test's own packet is good: unspoilt it takes the role away", async () => {
  const daemon = await active();
  send(take());
  // Nobody follows, so the role comes back soon.
  await daemon.event("vrrp.transition", /active -> backup/);
});

test.runIf(isRoot)(
  "spoilt packets are counted by reason, logged by nobody, and change nothing",
  async () => {
    const daemon = await active();
    const log = daemon.log;
    const expected: Record<string, number> = {};
    for (const [, make, reason] of SPOILT) {
      send(make(), make(), make());
      expected[reason] = (expected[reason] ?? 0) + 3;
    }
    await eventually("all of them to be counted", async () => {
      const counts = await refused(daemon);
      return Object.values(counts).reduce((sum, count) => sum + count, 0) >= 3 * SPOILT.length;
    });
    expect(await refused(daemon)).toEqual(expected);
    expect(await daemon.unit("I1")).toMatchObject({ state: "active" });
    expect(await daemon.events("vrrp.transition")).toHaveLength(2);
    const added = daemon.log
      .slice(log.length)
      .split("\n")
      .filter((line) => line !== "");
    expect(added.length).toBeLessThanOrEqual(1);
  },
);

test.runIf(isRoot)("a replayed signature is refused, and so is none", async () => {
  const daemon = await active(`auth_hmac {
    key 1 hex:${KEY}
  }`);
  const authentication = {
    type: "hmac",
    keys: [{ id: 1, secret: KEY }],
    activeKey: 1,
    replay: "time",
    window: milliseconds(5_000),
    mode: "enforce",
  } as const;
  const wallSeconds = Math.floor(Date.now() / 1_000);
  const honest = new Sender(peer({ authentication }));
  // It does not outrank us, so hearing it is no reason to yield.
  const packet = honest.send({ source: SOURCE, priority: 1, wallSeconds });
  send(packet, packet, packet, take());
  await eventually("three refusals", async () => {
    const counts = await refused(daemon);
    return counts["authentication-replayed"] === 2 && counts["authentication-missing"] === 1;
  });
  const { counters } = await daemon.instance("I1");
  expect(counters.advertisementsReceived).toBe(1);
  expect(await daemon.unit("I1")).toMatchObject({ state: "active" });
});

test.runIf(isRoot)(
  "garbage of every length changes nothing and is told at most once a while",
  async () => {
    const daemon = await active();
    const log = daemon.log;
    const before = await daemon.instance("I1");
    let seed = 1;
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 0x7fff_ffff;
      return seed / 0x7fff_ffff;
    };
    for (let round = 0; round < 40; round += 1) {
      for (let place = 0; place < 50; place += 1) {
        const length = Math.floor(random() * 1_200);
        const packet = resized(take(), length - 12);
        for (let at = 20; at < packet.bytes.byteLength; at += 1)
          packet.bytes.setUint8(at, Math.floor(random() * 256));
        // Half of them carry the right VRID, so that they come past the first look.
        if (place % 2 === 0 && length > 1) packet.bytes.setUint8(21, 51);
        send(packet);
      }
      // oxlint-disable-next-line no-await-in-loop -- a stream, not one burst that overflows the receive buffer
      await pause(5);
    }
    await eventually("the refusals", async () => {
      const counts = await refused(daemon);
      return Object.values(counts).reduce((sum, count) => sum + count, 0) > 500;
    });
    expect(await daemon.unit("I1")).toMatchObject({ state: "active" });
    expect(await daemon.events("vrrp.transition")).toHaveLength(2);
    const { counters } = await daemon.instance("I1");
    expect(counters.advertisementsReceived).toBe(before.counters.advertisementsReceived);
    expect(daemon.log.slice(log.length).split("\n").length).toBeLessThan(10);
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(true);
  },
);

test.runIf(isRoot)("a flood delays no advertisement and starves no control socket", async () => {
  const daemon = await active();
  const { counters } = await daemon.instance("I1");
  const packet = patched(take(), { [VRRP_AT_CHECKSUM]: 0xaa });
  const began = performance.now();
  while (performance.now() - began < 1_500) {
    for (let burst = 0; burst < 200; burst += 1) send(packet);
    // oxlint-disable-next-line no-await-in-loop -- bursts with breath between them
    await pause(5);
  }
  const expected = (performance.now() - began) / 100;
  const later = await daemon.instance("I1");
  expect(later.state).toBe("active");
  expect(later.counters.advertisementsSent - counters.advertisementsSent).toBeGreaterThan(
    expected * 0.8,
  );
  expect(later.counters.refused["bad-checksum"]).toBeGreaterThan(1_000);
});

test.runIf(isRoot)(
  "two Actives of one pair settle it by priority, and the loser gives everything back",
  async () => {
    const daemon = await active();
    send(sent(peer(), { source: SOURCE, priority: 1 }));
    await daemon.event("vrrp.two-active");
    expect(await daemon.unit("I1")).toMatchObject({ state: "active" });
    const release = hold();
    try {
      const { cause } = await daemon.becomes("I1", "backup");
      expect(cause.code).toBe("higher-priority-heard");
      expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(false);
    } finally {
      release();
    }
  },
);

test.runIf(isRoot)("a VRID of nobody's is silent, unless it is asked for", async () => {
  const daemon = await active();
  send(take({ vrid: 77 }));
  expect(await refused(daemon)).toEqual({});
  const globals = GLOBALS.replace("}", "  log_unknown_vrids\n}");
  await daemon.reload(globals + instance());
  send(take({ vrid: 77 }));
  await daemon.event("vrrp.unknown-vrid", /10\.1\.0\.9 advertises VRID 77/);
});
