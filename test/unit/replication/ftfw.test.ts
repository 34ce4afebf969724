import { beforeEach, describe, expect, test } from "vitest";
import { newTrafficCounters, type TrafficCounters } from "../../../src/replication/counters.ts";
import { DatagramPacker } from "../../../src/replication/datagram-packer.ts";
import { Ftfw, type FtfwOptions } from "../../../src/replication/ftfw.ts";
import { InternalCache } from "../../../src/replication/internal-cache.ts";
import type { KernelFacts } from "../../../src/replication/kernel-facts.ts";
import type { SyncEvents } from "../../../src/replication/sync-events.ts";
import {
  CONTROL,
  CT_NEW,
  headerWord,
  SYNC_ACK,
  SYNC_ALIVE,
  SYNC_DUET,
  SYNC_HELLO,
  SYNC_HELLO_BACK,
  SYNC_NACK,
  SYNC_RESYNC,
  SyncCursor,
  writeSyncHeader,
  writeSyncRange,
} from "../../../src/wire/flow-sync.ts";
import { view } from "../../support/bytes.ts";
import { flowCaptures } from "../../support/flow-captures.ts";
import { at, flowRecord, messagesOf } from "../../support/replication-flows.ts";

const DATA = "data" as const;
const OPTIONS: FtfwOptions = {
  startSequence: 100,
  resendQueueSize: 1000,
  ackWindowSize: 300,
  startupResync: false,
};

let traffic: TrafficCounters;
let flows: InternalCache;
let heard: string[];
let ftfw: Ftfw;

function begin(options: Partial<FtfwOptions> = {}, start = 0): void {
  traffic = newTrafficCounters();
  flows = new InternalCache({ kind: "flow", limit: 5000, seed: 1, deadMax: 100 });
  heard = [];
  const events: SyncEvents = {
    data: ({ body }) => {
      heard.push(`data ${body.size}`);
      return body.size > 0;
    },
    peerRestarted: () => heard.push("restarted"),
    peerReady: () => heard.push("ready"),
    lossNoticed: () => heard.push("loss"),
    resyncRequested: (now) => ftfw.requestBulk(now),
    roundBegan: () => heard.push("round began"),
    roundEnded: () => heard.push("round ended"),
    digest: (count) => heard.push(`digest of ${count}`),
    turn: () => {},
  };
  ftfw = new Ftfw({ caches: [flows], traffic, events }, { ...OPTIONS, ...options }, at(start));
  ftfw.setSending(true);
}

beforeEach(() => begin());

/** All that is sent at that time, message by message. */
function sent(time: number): string[] {
  const out = new DataView(new ArrayBuffer(1500));
  const packer = new DatagramPacker(true);
  const lines: string[] = [];
  ftfw.wake(at(time));
  for (;;) {
    packer.begin(out, 0, 1472);
    ftfw.fillDatagram(packer, at(time));
    if (packer.size === 0) return lines;
    lines.push(...messagesOf(out, packer.size));
  }
}

interface Message {
  readonly from?: number;
  readonly to?: number;
  readonly bytes?: number;
}

/** The peer says something. */
function hear(
  sequence: number,
  kind: number | typeof DATA,
  time: number,
  message: Message = {},
): void {
  const { from = 0, to = from, bytes = 8 } = message;
  const out = new DataView(new ArrayBuffer(200));
  const size = kind === DATA ? 8 + bytes : (kind & ~0xf0) === 0 && from === 0 ? 8 : 16;
  const [type, flags] = kind === DATA ? [CT_NEW, 0] : [CONTROL, kind];
  writeSyncHeader(out, 0, headerWord(type, flags, size), sequence);
  if (size === 16 && kind !== DATA) writeSyncRange(out, 0, from, to);
  give(out, size, time);
}

function give(bytes: DataView, size: number, time: number): void {
  const cursor = new SyncCursor(bytes);
  cursor.reset(size);
  while (cursor.next()) ftfw.receive(cursor, at(time));
}

/** Both have heard each other; at 1 s the next number is 103, the peer's next one is 503, and nothing is owed. */
function shakeHands(isDuet = false): void {
  const duet = isDuet ? SYNC_DUET : 0;
  sent(0);
  hear(500, SYNC_ALIVE | SYNC_HELLO | SYNC_HELLO_BACK | duet, 0);
  sent(0);
  hear(501, SYNC_ALIVE | duet, 0);
  hear(502, SYNC_ACK | duet, 0.9, { from: 100, to: ftfw.sender.lastSent });
  sent(1);
  heard = [];
}

describe("FTFW at the start", () => {
  test("says hello at once, and again with every message until it is answered", () => {
    expect(sent(0)).toEqual(["100 ALIVE HELLO"]);
    expect(sent(0.5)).toEqual([]);
    expect(sent(1)).toEqual(["101 ALIVE HELLO"]);
    hear(500, SYNC_ACK | SYNC_HELLO_BACK, 1.2, { from: 100, to: 101 });
    expect(sent(1.2)).toEqual(["102 ACK 500..500"]);
    expect(heard).toEqual(["ready"]);
  });

  test("answers a hello at once, and only once", () => {
    expect(sent(0)).toEqual(["100 ALIVE HELLO"]);
    hear(500, SYNC_ALIVE | SYNC_HELLO, 0.1);
    expect(sent(0.1)).toEqual(["101 ACK HELLO HELLO_BACK 500..500"]);
    expect(sent(1.2)).toEqual(["102 ALIVE HELLO"]);
  });

  test("goes through the same steps as two conntrackds", () => {
    begin({ startSequence: 1_795_371_467 });
    const capture = flowCaptures.get("01-hello-idle")!;
    expect(sent(0)).toEqual(["1795371467 ALIVE HELLO"]);
    give(view(capture[1]!.hex), 16, 0.01);
    expect(sent(0.01)).toEqual(["1795371468 ACK HELLO_BACK 1795371467..1795371467"]);
    give(view(capture[3]!.hex), 16, 0.02);
    expect(sent(1.1)).toEqual(["1795371469 ACK 1795371468..1795371468"]);
    expect(heard).toEqual(["restarted", "ready"]);
  });

  test("asks for everything with its first message where StartupResync is on", () => {
    begin({ startupResync: true });
    expect(sent(0)[0]).toBe("100 RESYNC HELLO");
  });

  test("keeps flows back until both sides have heard each other", () => {
    flows.observe("new", flowRecord(1), at(0));
    expect(sent(0)).toEqual(["100 ALIVE HELLO"]);
    hear(500, SYNC_ALIVE | SYNC_HELLO, 0);
    sent(0);
    hear(501, SYNC_ALIVE | SYNC_HELLO_BACK, 0.2);
    expect(sent(0.2).some((line) => line.endsWith(" NEW 10.0.0.1"))).toBe(true);
  });
});

describe("FTFW receiving", () => {
  test("acknowledges data after a short while", () => {
    shakeHands();
    hear(503, DATA, 1);
    hear(504, DATA, 1);
    expect(sent(1)).toEqual([]);
    expect(sent(1.05)).toEqual(["103 ACK 503..504"]);
  });

  test("acknowledges every full window at once", () => {
    begin({ ackWindowSize: 4 });
    shakeHands();
    for (let sequence = 503; sequence < 510; sequence += 1) hear(sequence, DATA, 1);
    expect(sent(1).filter((line) => line.includes("ACK"))).toEqual([
      "103 ACK 503..503",
      "104 ACK 504..507",
    ]);
  });

  test("acknowledges what it has and asks for what it misses", () => {
    shakeHands();
    hear(503, DATA, 1);
    hear(507, DATA, 1);
    expect(sent(1)).toEqual(["103 ACK 503..503", "104 NACK 504..506"]);
    expect(heard).toEqual(["data 8", "loss", "data 8"]);
    expect(traffic.lost).toBe(3);
  });

  test("drops what comes late or twice", () => {
    shakeHands();
    hear(504, DATA, 1);
    heard = [];
    hear(503, DATA, 1);
    hear(504, DATA, 1);
    expect(heard).toEqual([]);
    expect(traffic.before).toBe(2);
  });

  test("follows the numbers across their wrap", () => {
    sent(0);
    hear(0xffff_fffe, SYNC_ALIVE | SYNC_HELLO_BACK, 0);
    hear(0xffff_ffff, DATA, 0);
    hear(0, DATA, 0);
    hear(3, DATA, 0);
    expect(traffic).toMatchObject({ lost: 2, before: 0 });
    expect(sent(0)).toContain("102 NACK 1..2");
  });

  test("counts a refused body, and acknowledges it all the same", () => {
    shakeHands();
    hear(503, DATA, 1, { bytes: 0 });
    expect(traffic.faults.malformedPayload).toBe(1);
    expect(sent(1.1)).toEqual(["103 ACK 503..503"]);
  });

  test("is not led astray by a number from nowhere", () => {
    shakeHands();
    hear(2_000_000_000, DATA, 1);
    hear(503, DATA, 1.1);
    expect(heard).toEqual(["data 8"]);
    expect(traffic.implausible).toBe(1);
  });

  test("believes other numbers in the end when nothing else comes", () => {
    shakeHands();
    for (let index = 0; index < 4; index += 1) hear(77 + index, DATA, 2 + index);
    expect(heard).toEqual(["restarted", "ready", "data 8"]);
    hear(81, DATA, 7);
    expect(heard).toHaveLength(4);
  });

  test("starts over with a peer that says hello again", () => {
    shakeHands();
    flows.observe("new", flowRecord(1), at(1));
    sent(1);
    hear(20, SYNC_ALIVE | SYNC_HELLO, 2);
    expect(heard).toEqual(["restarted"]);
    flows.observe("new", flowRecord(2), at(2));
    expect(
      sent(2).filter((line) => line.includes("NEW")),
      "it may get lost unnoticed",
    ).toEqual([]);
    hear(21, SYNC_ACK, 2.1, { from: ftfw.sender.lastSent });
    expect(sent(2.1).filter((line) => line.includes("NEW"))).toHaveLength(2);
  });
});

describe("FTFW sending", () => {
  test("packs new, changed and deleted flows into one datagram, in the order of their news", () => {
    shakeHands();
    flows.observe("new", flowRecord(1), at(1));
    flows.observe("new", flowRecord(2), at(1));
    expect(sent(1)).toEqual(["103 NEW 10.0.0.1", "104 NEW 10.0.0.2"]);
    hear(503, SYNC_ACK, 1, { from: 103, to: 104 });
    flows.observe("destroy", flowRecord(2), at(1));
    flows.observe("update", flowRecord(1, { state: 5 }), at(1));
    expect(sent(1)).toEqual(["105 DEL 10.0.0.2", "106 UPD 10.0.0.1"]);
  });

  test("answers a request for retransmission with new numbers and the latest state, as in the capture of a loss", () => {
    shakeHands();
    for (const number of [1, 2, 3]) flows.observe("new", flowRecord(number), at(1));
    sent(1);
    flows.observe("update", flowRecord(2, { state: 5 }), at(1));
    expect(sent(1)).toEqual(["106 NEW 10.0.0.2"]);
    hear(503, SYNC_NACK, 1, { from: 103, to: 105 });
    expect(sent(1)).toEqual(["107 NEW 10.0.0.1", "108 NEW 10.0.0.3"]);
    expect(traffic.repeated).toBe(2);
  });

  test("repeats lost acknowledgements and requests, too", () => {
    shakeHands();
    hear(507, DATA, 1);
    hear(509, DATA, 1);
    expect(sent(1)).toEqual(["103 NACK 503..506", "104 ACK 507..507", "105 NACK 508..508"]);
    hear(510, SYNC_NACK, 1, { from: 103, to: 104 });
    expect(sent(1)).toEqual(["106 NACK 503..506", "107 ACK 507..507"]);
  });

  test("repeats by itself what a peer that is there never acknowledged", () => {
    shakeHands();
    flows.observe("new", flowRecord(1), at(1));
    sent(1);
    const lines: string[] = [];
    for (let time = 1.1; time < 6; time += 0.1) {
      hear(503 + Math.round((time - 1.1) * 10), SYNC_ALIVE, time);
      lines.push(...sent(time).filter((line) => line.includes("NEW")));
    }
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(4);
  });

  test("holds back what the peer has no room for, and goes on when it acknowledges", () => {
    shakeHands();
    for (let number = 0; number < 3000; number += 1)
      flows.observe("new", flowRecord(number), at(1));
    const first = sent(1).length;
    expect(first, "900 in flight, one of which is an acknowledgement").toBe(899);
    expect(sent(1.1).filter((line) => line.includes("NEW"))).toEqual([]);
    hear(503, SYNC_ACK, 1.2, { from: 103, to: 402 });
    expect(sent(1.2).filter((line) => line.includes("NEW"))).toHaveLength(301);
  });

  test("widens the flight for a peer that acknowledges in large steps", () => {
    begin({ resendQueueSize: 131_072 });
    shakeHands();
    for (let number = 0; number < 5000; number += 1)
      flows.observe("new", flowRecord(number), at(1));
    sent(1);
    hear(503, SYNC_ACK, 2, { from: 103, to: 1001 });
    expect(sent(2).filter((line) => line.includes("NEW"))).toHaveLength(1348);
  });

  test("sends a Duet as much at once as its sockets hold, once it has said how much that is", () => {
    begin({ resendQueueSize: 131_072 });
    shakeHands(true);
    hear(503, SYNC_ACK | SYNC_DUET, 1, { from: 100, to: ftfw.sender.lastSent });
    sent(1);
    const fromNow = ftfw.sender.lastSent + 1;
    hear(504, SYNC_ACK | SYNC_DUET, 1, { from: 100, to: ftfw.sender.lastSent });
    hear(505, SYNC_ALIVE | SYNC_DUET, 1, { from: 0x0700_0000, to: 1_100 });
    ftfw.bulk.cancel();
    for (let number = 0; number < 5000; number += 1)
      flows.observe("new", flowRecord(number), at(1));
    const news = (time: number): number => sent(time).filter((line) => line.includes("NEW")).length;
    news(1);
    expect(ftfw.sender.inFlight).toBe(900);
    hear(506, SYNC_ACK | SYNC_DUET, 1.01, { from: fromNow, to: fromNow + 299 });
    news(1.01);
    expect(ftfw.sender.inFlight).toBe(1_100);
  });

  test("ignores acknowledgements of what it never sent", () => {
    shakeHands();
    flows.observe("new", flowRecord(1), at(1));
    sent(1);
    hear(503, SYNC_ACK, 1, { from: 0, to: 1_000_000 });
    expect(traffic.implausible).toBe(1);
    expect(ftfw.unheardCount).toBe(1);
  });

  test("sends everything when it is asked to, to a conntrackd without any marks", () => {
    shakeHands();
    for (const number of [1, 2, 3]) flows.observe("new", flowRecord(number), at(1));
    sent(1);
    hear(503, SYNC_ACK, 1, { from: 103, to: 105 });
    hear(504, SYNC_RESYNC, 1.5);
    expect(sent(1.5)).toEqual([
      "106 ACK 503..504",
      "107 UPD 10.0.0.1",
      "108 UPD 10.0.0.2",
      "109 UPD 10.0.0.3",
    ]);
  });

  test("marks beginning and end of a full resync towards a Duet, each in its time", () => {
    shakeHands(true);
    hear(503, SYNC_ACK | SYNC_DUET, 1, { from: 100, to: ftfw.sender.lastSent });
    sent(1);
    hear(504, SYNC_ACK | SYNC_DUET, 1, { from: 100, to: ftfw.sender.lastSent });
    flows.observe("new", flowRecord(1), at(2));
    sent(2);
    ftfw.requestBulk(at(2));
    const marks = (lines: string[]): string[] =>
      lines.map((line) => line.replace(/^\d+ /, "")).filter((line) => !line.startsWith("ACK"));
    expect(marks(sent(2))).toEqual(["ALIVE mark 1"]);
    expect(marks(sent(2.1)), "nothing before the beginning is acknowledged").toEqual([]);
    hear(505, SYNC_ACK | SYNC_DUET, 2.2, { from: 100, to: ftfw.sender.lastSent });
    expect(marks(sent(2.2))).toEqual(["UPD 10.0.0.1"]);
    hear(506, SYNC_ACK | SYNC_DUET, 2.3, { from: 100, to: ftfw.sender.lastSent });
    expect(marks(sent(2.3))).toEqual(["ALIVE mark 2"]);
    expect(ftfw.bulk.report).toMatchObject({ entries: 1 });
  });
});

describe("FTFW and the peer's kernel", () => {
  const FACTS: KernelFacts = {
    max: 1_000,
    buckets: 250,
    count: 3,
    tcpBeLiberal: true,
    events: true,
    accounting: false,
    timestamps: null,
  };
  const marksAt = (time: number): string[] => sent(time).filter((line) => line.includes("mark"));

  test("tells a Duet what this kernel is like, and a conntrackd nothing", () => {
    ftfw.setFacts(FACTS);
    shakeHands();
    expect(marksAt(20)).toEqual([]);
    begin();
    ftfw.setFacts(FACTS);
    sent(0);
    hear(500, SYNC_ALIVE | SYNC_HELLO | SYNC_HELLO_BACK | SYNC_DUET, 0);
    sent(0);
    hear(501, SYNC_ALIVE | SYNC_DUET, 0);
    expect(marksAt(0.3).map((line) => line.replace(/^\d+ /, ""))).toEqual([
      "ALIVE mark 4",
      "ALIVE mark 5",
      "ALIVE mark 6",
      "ALIVE mark 1",
    ]);
  });

  test("knows what the peer told, until it begins anew", () => {
    shakeHands(true);
    expect(ftfw.peerFacts).toBeUndefined();
    hear(503, SYNC_ALIVE | SYNC_DUET, 1, { from: 0x0400_012a, to: 1_000 });
    hear(504, SYNC_ALIVE | SYNC_DUET, 1, { from: 0x0500_0100, to: 250 });
    hear(505, SYNC_ALIVE | SYNC_DUET, 1, { from: 0x0600_0000, to: 0 });
    expect(ftfw.peerFacts).toEqual({
      ...FACTS,
      count: null,
      accounting: true,
    });
    hear(1, SYNC_ALIVE | SYNC_HELLO | SYNC_DUET, 2);
    expect(ftfw.peerFacts).toBeUndefined();
  });
});
