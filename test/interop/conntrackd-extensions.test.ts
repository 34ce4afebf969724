/** What Duets say to each other beyond the protocol, told to the real conntrackd: it must take no notice. */
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  CONTROL,
  headerWord,
  SYNC_ACK,
  SYNC_ALIVE,
  SYNC_DUET,
  SYNC_HELLO,
  SYNC_HELLO_BACK,
  SYNC_NACK,
  SYNC_RANGE_SIZE,
  SYNC_RESYNC,
  writeSyncHeader,
  writeSyncRange,
} from "../../src/wire/flow-sync.ts";
import { missingConntrackd } from "../support/replication-peers.ts";
import { ReplicationSite } from "../support/replication-site.ts";

const missing = missingConntrackd();
const SETTLED = { timeout: 10_000, interval: 100 };
const MARKS = [1, 2, 3, 4, 5, 6];
const FIRST = 1_000;
/** CT_NEW of UDP 192.168.1.100:40001 -> 203.0.113.10:5354, without its header. */
const FLOW =
  "000c0000c0a80164cb00710a00080005000001980005000211000000000800039c4114ea000800060000003c";

/** A control message in hexadecimal; a range makes it 16 bytes long. */
function control(flags: number, sequence: number, range?: readonly [number, number]): string {
  const size = range === undefined ? 8 : SYNC_RANGE_SIZE;
  const view = new DataView(new ArrayBuffer(size));
  writeSyncHeader(view, 0, headerWord(CONTROL, flags | SYNC_DUET, size), sequence);
  if (range !== undefined) writeSyncRange(view, 0, ...range);
  return Buffer.from(view.buffer).toString("hex");
}

const flow = (sequence: number): string =>
  `10000034${sequence.toString(16).padStart(8, "0")}${FLOW}`;

/** All marks of both lengths that there are, from number `from` on. */
const marks = (from: number): string[] =>
  MARKS.map((kind, index) => control(SYNC_ALIVE, from + index, [(kind << 24) | 0x1aa, 0x40000]));

const FTFW = [
  control(SYNC_ALIVE | SYNC_HELLO | SYNC_HELLO_BACK, FIRST),
  control(SYNC_ALIVE, FIRST + 1),
  control(SYNC_ACK, FIRST + 2, [7, 9]),
  control(SYNC_NACK, FIRST + 3, [7, 9]),
  control(SYNC_RESYNC, FIRST + 4, [0, 0]),
  ...marks(FIRST + 5),
  flow(FIRST + 11),
];
const NOTRACK = [
  control(SYNC_ALIVE, FIRST),
  control(SYNC_RESYNC, FIRST + 1, [0, 0]),
  ...marks(FIRST + 2),
  flow(FIRST + 8),
];

const SEND = `
const dgram = require("dgram"), socket = dgram.createSocket("udp4");
const messages = process.argv.slice(1);
const next = () => {
  const message = messages.shift();
  if (message === undefined) socket.close();
  else socket.send(Buffer.from(message, "hex"), 3780, "10.255.0.2", next);
};
next();`;

describe.skipIf(missing !== undefined)(`conntrackd ignores the Duet flag ${missing ?? ""}`, () => {
  let site: ReplicationSite | undefined;
  afterEach(() => site?.close());

  test.each([
    ["FTFW", "Mode FTFW { }", FTFW],
    ["NOTRACK", "Mode NOTRACK { }", NOTRACK],
  ])("on every control message of %s, and takes what comes after it", async (name, mode, said) => {
    site = new ReplicationSite(`x${name.slice(0, 1)}`, { alpha: "conntrackd", beta: "conntrackd" });
    const { beta } = site.replicators;
    await beta.start({ mode });
    site.routers.alpha.exec(process.execPath, "-e", SEND, ...said);
    await vi.waitFor(() => {
      expect(beta.flows("external")).toHaveLength(1);
    }, SETTLED);
    const network = beta.ask("-s", "network");
    expect(network).toMatch(/recv:\s+Malformed messages:\s+0\s/);
    expect(beta.counter(/(\d+) Malformed/)).toBe(0);
    expect(beta.counter(/(\d+) Lost/)).toBe(0);
    expect(network).toMatch(/Packets before:\s+0\b/);
  });

  test.each([
    ["FTFW", "Mode FTFW { }"],
    ["NOTRACK", "Mode NOTRACK { }"],
  ])("and does not tell a Duet in %s what its kernel is like", async (name, mode) => {
    site = new ReplicationSite(`y${name.slice(0, 1)}`, { alpha: "duet", beta: "conntrackd" });
    const { alpha, beta } = site.replicators;
    await beta.start({ mode });
    await alpha.start({ mode });
    await vi.waitFor(() => {
      expect(beta.counter(/(\d+) Pckts recv/)).toBeGreaterThan(3);
    }, SETTLED);
    const stats = await alpha.duet("stats");
    expect(stats).toMatch(/here: \d+ of at most \d+ flows, \d+ buckets, tcp_be_liberal/);
    expect(stats).toContain("peer: the peer does not tell");
    expect(beta.counter(/(\d+) Malformed/)).toBe(0);
  });
});
