import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { IpAddress } from "../../src/base/ip.ts";
import { after, type Instant, instant, milliseconds } from "../../src/base/time.ts";
import { type Fill, ReplicationChannels } from "../../src/daemon/replication-channels.ts";
import type { Trouble } from "../../src/daemon/thread-messages.ts";
import { monotonicNow } from "../../src/kernel/clock.ts";
import { Reactor } from "../../src/kernel/reactor.ts";
import { RouteNetlink } from "../../src/kernel/route-netlink.ts";
import { Channels } from "../../src/replication/channels.ts";
import type { ChannelConfig } from "../../src/replication/config.ts";
import { messagesIn } from "../../src/replication/send-window.ts";
import { carriers, isRoot, type TestNamespace, TestNet } from "../support/netns.ts";

const ip = (text: string): IpAddress => text as IpAddress;
const PATIENCE = milliseconds(20_000);

/** A message of `size` bytes as the stream needs to find its end: an ALIVE of version 1, longer than it need be. */
function message(size: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x1a10);
  view.setUint16(2, size);
  view.setUint32(4, sequence);
  return bytes;
}

/** One router's end of the links: what it has to send, and the sequence numbers that it heard. */
class End {
  readonly outgoing: Uint8Array[] = [];
  readonly heard: number[] = [];
  readonly troubles: Trouble[] = [];
  readonly choice: Channels;
  readonly channels: ReplicationChannels;
  readonly #namespace: TestNamespace;
  readonly #netlink: RouteNetlink;

  constructor(namespace: TestNamespace, configs: readonly ChannelConfig[], reactor: Reactor) {
    this.#namespace = namespace;
    this.choice = new Channels(configs.length, 0);
    this.#netlink = namespace.within(() => RouteNetlink.open());
    this.channels = namespace.within(
      () =>
        new ReplicationChannels(configs, {
          reactor,
          linkOf: (name) => this.#netlink.links().find((link) => link.name === name),
          now: monotonicNow,
          received: (view, length) => this.#received(view, length),
          changed: (index, capacity, buffer) => this.choice.set(index, capacity, buffer),
          writable: () => this.transmit(),
          complain: (trouble) => this.troubles.push(trouble),
        }),
    );
  }

  /** Inside of the namespace, because connections are opened when there is something to send. */
  turn(now: Instant): void {
    this.#namespace.within(() => {
      this.channels.wake(now);
      this.transmit();
    });
  }

  transmit(): void {
    this.channels.transmit(this.choice.current, this.#fill);
  }

  close(): void {
    this.channels.close();
    this.#netlink.close();
  }

  readonly #fill: Fill = (view, at) => {
    const next = this.outgoing[0];
    if (next === undefined || next.length >= this.choice.capacity) return 0;
    this.outgoing.shift();
    new Uint8Array(view.buffer, view.byteOffset + at).set(next);
    return next.length;
  };

  #received(view: DataView, length: number): void {
    for (let offset = 0; offset < length; offset += view.getUint16(offset + 2))
      this.heard.push(view.getUint32(offset + 4));
  }
}

/** Accepts connections and reads nothing. */
const DEAF_SERVER = `
require("net").createServer({ pauseOnConnect: true }, (socket) => socket.on("error", () => {}))
  .listen(3780, "10.255.0.2", () => console.log("ready"));`;

describe.skipIf(!isRoot)("dedicated links", () => {
  let net: TestNet;
  let alpha: TestNamespace;
  let beta: TestNamespace;
  const ends: End[] = [];
  let reactor: Reactor;

  beforeAll(async () => {
    net = new TestNet();
    alpha = net.namespace("alpha");
    beta = net.namespace("beta");
    for (const [index, name] of ["sync0", "sync1"].entries()) {
      net.cable(alpha, name, beta, name);
      for (const [place, digit] of [
        [alpha, 1],
        [beta, 2],
      ] as const) {
        place.ip(`addr add 10.255.${index}.${digit}/30 dev ${name}`);
        place.ip(`addr add fd00:${index}::${digit}/64 dev ${name} nodad`);
      }
    }
    await Promise.all([alpha, beta].map((place) => carriers(place, "sync0", "sync1")));
  });

  afterEach(async () => {
    for (const end of ends.splice(0)) end.close();
    reactor.close();
    alpha.ip("link set sync0 up");
    await Promise.all([alpha, beta].map((place) => carriers(place, "sync0")));
  });

  afterAll(() => net.close());

  const config = (given: Partial<ChannelConfig>): ChannelConfig => ({
    transport: "udp",
    isDefault: false,
    interface: "sync0",
    address: ip("10.255.0.1"),
    peer: ip("10.255.0.2"),
    port: 3780,
    sendBuffer: 1_249_280,
    receiveBuffer: 1_249_280,
    checksum: true,
    errorQueueLength: 128,
    ...given,
  });

  const mirrored = (one: ChannelConfig): ChannelConfig =>
    one.transport === "multicast" ? one : { ...one, address: one.peer!, peer: one.address };

  function pair(configs: readonly ChannelConfig[]): { a: End; b: End } {
    reactor = new Reactor();
    const a = new End(alpha, configs, reactor);
    const b = new End(beta, configs.map(mirrored), reactor);
    ends.push(a, b);
    return { a, b };
  }

  /** Runs both ends until `done`, or until patience is over; what came of it is for the test to judge. */
  function runUntil(done: () => boolean): void {
    const until = after(monotonicNow(), PATIENCE);
    reactor.run({
      deadline: () => after(monotonicNow(), milliseconds(2)),
      judge: (now) => {
        for (const end of ends) end.turn(now);
        if (done() || now > until) reactor.stop();
      },
    });
  }

  const cases: readonly [string, Partial<ChannelConfig>, number][] = [
    ["UDP over IPv4", {}, 1_472],
    ["UDP without checksums", { checksum: false }, 1_472],
    ["UDP over IPv6", { address: ip("fd00:0::1"), peer: ip("fd00:0::2") }, 1_452],
    ["multicast over IPv4", { transport: "multicast", address: ip("225.0.0.50") }, 1_472],
    ["multicast over IPv6", { transport: "multicast", address: ip("ff02::8888") }, 1_452],
    ["TCP over IPv4", { transport: "tcp" }, 1_460],
    ["TCP over IPv6", { transport: "tcp", address: ip("fd00:0::1"), peer: ip("fd00:0::2") }, 1_440],
  ];

  test.each(cases)("%s carries messages both ways, in order", (_, given, capacity) => {
    const { a, b } = pair([config(given)]);
    expect(a.troubles).toEqual([]);
    expect(a.choice.capacity).toBe(capacity);
    // The kernel gives twice as much as was asked for; whoever sends on a stream is held back by TCP.
    const room = given.transport === "tcp" ? Infinity : messagesIn(2 * 1_249_280);
    expect(a.choice.room).toBe(room);
    for (let sequence = 1; sequence <= 200; sequence += 1) {
      a.outgoing.push(message(8 + (sequence % 7) * 200, sequence));
      b.outgoing.push(message(16, 1_000 + sequence));
    }
    runUntil(() => a.heard.length === 200 && b.heard.length === 200);
    expect(b.heard).toEqual(Array.from({ length: 200 }, (__, index) => index + 1));
    expect(a.heard).toEqual(Array.from({ length: 200 }, (__, index) => index + 1_001));
    const [stats] = a.channels.stats(0);
    expect(stats).toMatchObject({ state: "running", isActive: true, sendErrors: 0 });
    expect(stats?.receivedBytes).toBe(200 * 16);
    if (given.transport === "tcp")
      expect(stats?.connections).toEqual({ server: true, client: true });
  });

  test("messages go over the next link when the first one goes down", () => {
    const second = {
      interface: "sync1",
      address: ip("10.255.1.1"),
      peer: ip("10.255.1.2"),
      port: 3781,
    };
    const { a, b } = pair([config({ isDefault: true }), config(second)]);
    a.outgoing.push(message(8, 1));
    runUntil(() => b.heard.length === 1);
    expect(a.choice.current).toBe(0);
    alpha.ip("link set sync0 down");
    // The other end of the cable loses its carrier a little later.
    runUntil(() => {
      for (const end of [a, b]) end.channels.linksChanged();
      return [a, b].every(({ choice }) => choice.current === 1);
    });
    expect([a, b].map(({ choice }) => choice.current)).toEqual([1, 1]);
    a.outgoing.push(message(8, 2));
    runUntil(() => b.heard.length === 2);
    expect(b.heard).toEqual([1, 2]);
    expect(a.channels.stats(1).map(({ state }) => state)).toEqual(["down", "running"]);
  });

  test("a link whose address is not there yet is told of once and opened when it is", () => {
    const { a, b } = pair([config({ address: ip("10.255.0.5"), peer: ip("10.255.0.2") })]);
    expect(a.troubles).toMatchObject([{ call: "bind", code: "EADDRNOTAVAIL" }]);
    expect(a.choice.capacity).toBe(0);
    a.outgoing.push(message(8, 7));
    a.channels.wake(instant(Number.MAX_SAFE_INTEGER));
    expect(a.troubles).toHaveLength(1);
    alpha.ip("addr add 10.255.0.5/32 dev sync0");
    alpha.within(() => a.channels.linksChanged());
    runUntil(() => b.heard.length === 1);
    expect(b.heard).toEqual([7]);
    alpha.ip("addr del 10.255.0.5/32 dev sync0");
  });

  test("a connection that the peer closed is opened again", () => {
    const { a, b } = pair([config({ transport: "tcp" })]);
    a.outgoing.push(message(8, 1));
    runUntil(() => b.heard.length === 1);
    b.close();
    ends.splice(ends.indexOf(b), 1);
    const again = new End(beta, [mirrored(config({ transport: "tcp" }))], reactor);
    ends.push(again);
    runUntil(() => a.channels.stats(0)[0]?.connections?.client === false);
    a.outgoing.push(message(8, 2), message(8, 3));
    runUntil(() => again.heard.includes(3));
    expect(again.heard.at(-1)).toBe(3);
  });

  test("what a broken connection left unwritten goes over the next one, the last of it where it is much", async () => {
    const total = 4_000;
    const kept = 3;
    const server = beta.spawn(process.execPath, "-e", DEAF_SERVER);
    await new Promise((resolve) => server.stdout?.once("data", resolve));
    const tcp = config({ transport: "tcp", errorQueueLength: kept, sendBuffer: 16_384 });
    reactor = new Reactor();
    const a = new End(alpha, [tcp], reactor);
    ends.push(a);
    for (let number = 1; number <= total; number += 1) a.outgoing.push(message(1_400, number));
    let left = total;
    let quiet = 0;
    runUntil(() => {
      quiet = a.outgoing.length === left ? quiet + 1 : 0;
      left = a.outgoing.length;
      return left < total && quiet > 50;
    });
    expect(left).toBeGreaterThan(0);
    expect(a.channels.errorQueue()).toMatchObject({ length: 0, max: kept, overflows: 0 });
    server.kill("SIGKILL");
    runUntil(() => a.channels.stats(0)[0]?.connections?.client === false);
    const { length, overflows } = a.channels.errorQueue();
    expect(length).toBe(kept);
    expect(overflows).toBeGreaterThan(0);
    const b = new End(beta, [mirrored(tcp)], reactor);
    ends.push(b);
    runUntil(() => b.heard.at(-1) === total);
    const first = total - left - kept + 1;
    expect(b.heard).toEqual(Array.from({ length: total - first + 1 }, (_, index) => first + index));
    expect(a.channels.errorQueue().length).toBe(0);
  });
});
