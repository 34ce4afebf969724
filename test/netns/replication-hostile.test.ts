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

const SETTLED = { timeout: 5_000, interval: 20 };
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
  /** How a reason's counter grows when these are sent; no flow may change. */
  const growth = async (
    reason: keyof ReplicationStats["messages"]["refused"],
    ...datagrams: readonly Uint8Array[]
  ): Promise<number> => {
    const before = external();
    const counted = (await stats()).messages.refused[reason];
    send(...datagrams);
    const after = (await judged()).messages.refused[reason];
    expect(external()).toEqual(before);
    return after - counted;
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
    expect(await growth("truncated", flow.subarray(0, 5), Uint8Array.of(0x10))).toBe(2);
  });

  test("counts lengths that cannot be", async () => {
    const lengths = [0, 4, flow.length + 4, 65_535];
    const wrong = lengths.map((length) => changed(flow, { length, sequence: sequence + 1 }));
    expect(await growth("badSize", ...wrong)).toBe(lengths.length);
  });

  test("counts every length to which a message can be cut", async () => {
    const before = (await stats()).messages.refused;
    const cut = Array.from({ length: flow.length - HEADER_SIZE }, (_, size) =>
      changed(flow, { sequence: sequence + 1 }).subarray(0, HEADER_SIZE + size),
    );
    expect(await growth("badSize", ...cut)).toBe(cut.length);
    expect((await stats()).messages.refused.malformedPayload).toBe(before.malformedPayload);
  });

  test("counts versions that do not exist", async () => {
    const versions = [0x00, 0x20, 0xf0].map((type) =>
      changed(flow, { type, sequence: sequence + 1 }),
    );
    expect(await growth("wrongVersion", ...versions)).toBe(3);
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
    expect(await growth("malformedHeader", ...types, flagged, nack)).toBe(5);
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
    expect(await growth("malformedPayload", ...spoilt)).toBe(spoilt.length);
  });

  test("drops what was said before, even if it says that a flow has ended", async () => {
    const before = external();
    const { before: counted } = (await stats()).messages;
    const replayed = [1_000, sequence - 1, sequence].map((old) =>
      changed(flow, { type: CT_DEL, sequence: old }),
    );
    send(...replayed, ...captured.map((one) => changed(one, { type: CT_NEW, sequence: 1_001 })));
    const { messages } = await judged();
    expect(messages.before - counted).toBe(replayed.length + captured.length);
    expect(external()).toEqual(before);
  });

  test("survives noise of every size", async () => {
    const random = new Prng(2_026);
    const noise = Array.from({ length: 2_000 }, () => {
      const size = 1 + random.below(1_400);
      // Never version 1: by chance it might be a message.
      return Uint8Array.from({ length: size }, (_, at) => (at === 0 ? 0xe0 : random.below(256)));
    });
    const before = external();
    const { refused } = (await stats()).messages;
    const counted = refused.truncated + refused.badSize + refused.wrongVersion;
    for (let at = 0; at < noise.length; at += 100) send(...noise.slice(at, at + 100));
    await vi.waitFor(async () => {
      const { truncated, badSize, wrongVersion } = (await stats()).messages.refused;
      expect(truncated + badSize + wrongVersion - counted).toBeGreaterThanOrEqual(noise.length);
    }, SETTLED);
    await judged();
    expect(external()).toEqual(before);
  });

  test("has lost nothing over it and told its kernel nothing", async () => {
    const { messages, kernel } = await stats();
    expect(messages.lost).toBe(0);
    expect([kernel.created, kernel.updated, kernel.deleted]).toEqual([0, 0, 0]);
    expect(kernelFlows(site.routers.alpha).join("\n")).not.toContain("192.168.1.100");
    expect(site.replicators.alpha.log).not.toMatch(/thread-lost|is lost/);
  });
});
