/** Datagrams that nobody should send: each is counted by its reason, changes no flow and harms no daemon. */
import type { ChildProcess } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { formatHex } from "../../src/base/hex.ts";
import { Prng } from "../../src/base/random.ts";
import { ControlClient } from "../../src/control/client.ts";
import type { ReplicationStats } from "../../src/control/replication-contract.ts";
import { bytes } from "../support/bytes.ts";
import { flowCaptures } from "../support/flow-captures.ts";
import { isRoot } from "../support/netns.ts";
import { kernelFlows } from "../support/replication-peers.ts";
import { ReplicationSite } from "../support/replication-site.ts";

const SETTLED = { timeout: 20_000, interval: 20 };
const HELLO = 0x20;
const [CT_NEW, CT_DEL, CONTROL] = [0x10, 0x12, 0x1a];
const [NACK, ALIVE] = [0x04, 0x10];
const AT_FLAGS = 1;
const AT_LENGTH = 2;
const AT_SEQUENCE = 4;
const HEADER_SIZE = 8;

/** Sends each line of hex digits on its input as a datagram. */
const SENDER = `
const socket = require("dgram").createSocket("udp4");
require("readline").createInterface(process.stdin).on("line", (line) =>
  socket.send(Buffer.from(line, "hex"), 3780, "10.255.0.1"));`;

const captured = [
  ...(flowCaptures.get("02-udp-snat") ?? []),
  ...(flowCaptures.get("03-tcp-snat") ?? []),
]
  .filter(({ hex }) => hex.startsWith("10") || hex.startsWith("11"))
  .map(({ hex }) => bytes(hex));

interface Change {
  readonly type?: number;
  readonly flags?: number;
  readonly length?: number;
  readonly sequence: number;
}

function changed(message: Uint8Array, { type, flags, length, sequence }: Change): Uint8Array {
  const copy = new Uint8Array(message);
  const view = new DataView(copy.buffer);
  if (type !== undefined) view.setUint8(0, type);
  view.setUint8(AT_FLAGS, flags ?? 0);
  if (length !== undefined) view.setUint16(AT_LENGTH, length);
  view.setUint32(AT_SEQUENCE, sequence);
  return copy;
}

describe.skipIf(!isRoot)("a daemon that hears nonsense on the dedicated link", () => {
  let site: ReplicationSite;
  let client: ControlClient;
  let attacker: ChildProcess;
  let sequence = 1_000;
  const [flow = new Uint8Array()] = captured;
  const next = (): number => (sequence += 1);

  const send = (...datagrams: readonly Uint8Array[]): void =>
    void attacker.stdin?.write(datagrams.map((one) => `${formatHex(one)}\n`).join(""));
  const stats = (): Promise<ReplicationStats> => client.replicationStats();
  const external = (): string[] => site.replicators.alpha.flows("external");
  /** A message that is understood comes last, so that everything before it has been judged. */
  const judged = async (): Promise<ReplicationStats> => {
    const { received } = (await stats()).messages;
    const alive = Uint8Array.of(CONTROL, ALIVE, 0, HEADER_SIZE, 0, 0, 0, 0);
    send(changed(alive, { flags: ALIVE, sequence: next() }));
    await vi.waitFor(async () => {
      expect((await stats()).messages.received).toBeGreaterThan(received);
    }, SETTLED);
    return stats();
  };
  /** Waits until a counter has grown by `count`, and returns by how much it has once all has been judged. */
  const growthOf = async (
    counter: (messages: ReplicationStats["messages"]) => number,
    count: number,
    datagrams: readonly Uint8Array[],
  ): Promise<number> => {
    const before = external();
    const counted = counter((await stats()).messages);
    send(...datagrams);
    await vi.waitFor(async () => {
      expect(counter((await stats()).messages) - counted).toBeGreaterThanOrEqual(count);
    }, SETTLED);
    const after = counter((await judged()).messages);
    expect(external()).toEqual(before);
    return after - counted;
  };
  /** Expects that each of these is counted under that reason, and that no flow changes. */
  const areRefused = async (
    reason: keyof ReplicationStats["messages"]["refused"],
    ...datagrams: readonly Uint8Array[]
  ): Promise<void> => {
    const grown = await growthOf(({ refused }) => refused[reason], datagrams.length, datagrams);
    expect(grown).toBe(datagrams.length);
  };

  beforeAll(async () => {
    site = new ReplicationSite("h", { alpha: "duet", beta: "duet" });
    await site.replicators.alpha.start();
    client = new ControlClient(site.replicators.alpha.socket);
    attacker = site.routers.beta.spawn(process.execPath, "-e", SENDER);
    // Its end may be noticed here before the last line is written.
    attacker.stdin?.on("error", () => undefined);
    send(changed(flow, { flags: HELLO, sequence }));
    send(...captured.slice(1).map((one) => changed(one, { sequence: next() })));
    await vi.waitFor(() => expect(external().length).toBeGreaterThanOrEqual(2), SETTLED);
  });
  afterAll(() => {
    site.close();
  });

  test("counts what is too short for a header", async () => {
    await areRefused("truncated", flow.subarray(0, 5), Uint8Array.of(0x10));
  });

  test("counts lengths that cannot be", async () => {
    const lengths = [0, 4, flow.length + 4, 65_535];
    const wrong = lengths.map((length) => changed(flow, { length, sequence: sequence + 1 }));
    await areRefused("badSize", ...wrong);
  });

  test("counts every length to which a message can be cut", async () => {
    const before = (await stats()).messages.refused;
    const cut = Array.from({ length: flow.length - HEADER_SIZE }, (_, size) =>
      changed(flow, { sequence: sequence + 1 }).subarray(0, HEADER_SIZE + size),
    );
    await areRefused("badSize", ...cut);
    expect((await stats()).messages.refused.malformedPayload).toBe(before.malformedPayload);
  });

  test("counts versions that do not exist", async () => {
    const versions = [0x00, 0x20, 0xf0].map((type) =>
      changed(flow, { type, sequence: sequence + 1 }),
    );
    await areRefused("wrongVersion", ...versions);
  });

  test("counts types and flags that do not exist", async () => {
    const types = [0x16, 0x19, 0x1f].map((type) => changed(flow, { type, sequence: sequence + 1 }));
    const flagged = changed(flow, { flags: 0x01, sequence: sequence + 1 });
    const backwards = new Uint8Array(16);
    new DataView(backwards.buffer).setUint32(8, 9);
    const nack = changed(backwards, {
      type: CONTROL,
      flags: NACK,
      length: 16,
      sequence: sequence + 1,
    });
    await areRefused("malformedHeader", ...types, flagged, nack);
  });

  test("counts attributes that do not exist or have a wrong size", async () => {
    const spoilt = [
      [HEADER_SIZE + 3, 99],
      [HEADER_SIZE + 1, 2],
      [HEADER_SIZE + 1, 16],
      [HEADER_SIZE, 255],
    ].map(([at = 0, value = 0]) => {
      const message = changed(flow, { sequence: next() });
      message[at] = value;
      return message;
    });
    await areRefused("malformedPayload", ...spoilt);
  });

  test("drops what was said before, even if it says that a flow has ended", async () => {
    const replayed = [1_000, sequence - 1, sequence].map((old) =>
      changed(flow, { type: CT_DEL, sequence: old }),
    );
    const again = captured.map((one) => changed(one, { type: CT_NEW, sequence: 1_001 }));
    const all = [...replayed, ...again];
    expect(await growthOf(({ before }) => before, all.length, all)).toBe(all.length);
  });

  test("believes no single number that is far off, and goes on with the honest ones", async () => {
    const before = external();
    const { received } = (await stats()).messages;
    for (const jump of [0x1000_0000, 0x7000_0000, -0x1000_0000]) {
      const forged = (sequence + jump) >>> 0;
      send(...captured.map((one) => changed(one, { type: CT_DEL, sequence: forged })));
      // oxlint-disable-next-line no-await-in-loop -- the honest sender goes on after each
      await judged();
    }
    expect(external()).toEqual(before);
    const { messages } = await stats();
    expect(messages.received).toBeGreaterThanOrEqual(received + 3);
    expect(messages.lost).toBe(0);
  });

  test("survives noise of every size", async () => {
    const random = new Prng(2_026);
    const noise = Array.from({ length: 2_000 }, () => {
      const size = 1 + random.below(1_400);
      // Never version 1: by chance it might be a message.
      return Uint8Array.from({ length: size }, (_, at) => (at === 0 ? 0xe0 : random.below(256)));
    });
    // In portions, none of which overflows the socket's buffer.
    for (let at = 0; at < noise.length; at += 200) {
      const portion = noise.slice(at, at + 200);
      // oxlint-disable-next-line no-await-in-loop -- the next one follows when this one has been read
      const counted = await growthOf(
        ({ refused }) => refused.truncated + refused.badSize + refused.wrongVersion,
        portion.length,
        portion,
      );
      // One datagram may hold several faults.
      expect(counted).toBeGreaterThanOrEqual(portion.length);
    }
  });

  test("has lost nothing over it and told its kernel nothing", async () => {
    const { messages, kernel } = await stats();
    expect(messages.lost).toBe(0);
    expect([kernel.created, kernel.updated, kernel.deleted]).toEqual([0, 0, 0]);
    expect(kernelFlows(site.routers.alpha).join("\n")).not.toContain("192.168.1.100");
    expect(site.replicators.alpha.log).not.toMatch(/thread-lost|is lost/);
  });
});
