import { beforeEach, describe, expect, test } from "vitest";
import { Prng } from "../../../src/base/random.ts";
import { seconds } from "../../../src/base/time.ts";
import { Alarm } from "../../../src/replication/alarm.ts";
import { newTrafficCounters, type TrafficCounters } from "../../../src/replication/counters.ts";
import { DatagramPacker } from "../../../src/replication/datagram-packer.ts";
import { InternalCache } from "../../../src/replication/internal-cache.ts";
import { Notrack } from "../../../src/replication/notrack.ts";
import type { Protocol } from "../../../src/replication/protocol.ts";
import type { SyncEvents } from "../../../src/replication/sync-events.ts";
import { CT_DEL, CT_NEW, SyncCursor } from "../../../src/wire/flow-sync.ts";
import { view } from "../../support/bytes.ts";
import { flowCaptures } from "../../support/flow-captures.ts";
import { at, flowRecord, messagesOf } from "../../support/replication-flows.ts";

let traffic: TrafficCounters;
let flows: InternalCache;
let heard: string[];

const events: SyncEvents = {
  data: () => heard.push("data") > 0,
  peerRestarted: () => heard.push("restarted"),
  peerReady: () => heard.push("ready"),
  lossNoticed: () => heard.push("loss"),
  resyncRequested: () => heard.push("resync"),
  roundBegan: () => heard.push("round began"),
  roundEnded: () => heard.push("round ended"),
  digest: () => heard.push("digest"),
  turn: (part) => heard.push(`turn ${part}`),
};

beforeEach(() => {
  traffic = newTrafficCounters();
  flows = new InternalCache({ kind: "flow", limit: 5000, seed: 1, deadMax: 100 });
  heard = [];
});

function sent(protocol: Protocol, time: number): string[] {
  const out = new DataView(new ArrayBuffer(1500));
  const packer = new DatagramPacker(true);
  const lines: string[] = [];
  protocol.wake(at(time));
  for (;;) {
    packer.begin(out, 0, 1472);
    protocol.fillDatagram(packer, at(time));
    if (packer.size === 0) return lines;
    lines.push(...messagesOf(out, packer.size));
  }
}

function hear(protocol: Protocol, hex: string, time: number): void {
  const message = view(hex);
  const cursor = new SyncCursor(message);
  cursor.reset(message.byteLength);
  while (cursor.next()) protocol.receive(cursor, at(time));
}

describe("NOTRACK", () => {
  const begin = (changes: { startupResync?: boolean; bypasses?: boolean } = {}): Notrack => {
    const parts = { caches: changes.bypasses === true ? [] : [flows], traffic, events };
    const options = { startSequence: 100, startupResync: false, bypasses: false, ...changes };
    const notrack = new Notrack(parts, options, at(0));
    notrack.setSending(true);
    return notrack;
  };

  test("sends news at once and without flags, and shows life when there are none", () => {
    const notrack = begin();
    flows.observe("new", flowRecord(1), at(0));
    expect(sent(notrack, 0)).toEqual(["100 NEW 10.0.0.1"]);
    flows.observe("destroy", flowRecord(1), at(0));
    expect(sent(notrack, 0.5)).toEqual(["101 DEL 10.0.0.1"]);
    expect(flows.table.count).toBe(0);
    expect(sent(notrack, 1.4)).toEqual([]);
    expect(sent(notrack, 1.5)).toEqual(["102 ALIVE"]);
  });

  test("says what a conntrackd says: messages of a capture, understood", () => {
    const notrack = begin();
    for (const { hex } of flowCaptures.get("28-notrack-udp")!) hear(notrack, hex, 0);
    expect(heard.filter((what) => what === "data").length).toBeGreaterThan(0);
    expect(traffic.faults.malformedHeader).toBe(0);
  });

  test("shows itself now and then even when it is never idle, and tells a Duet what its kernel is like", () => {
    const notrack = begin();
    notrack.setFacts({
      max: 1_000,
      buckets: 250,
      count: 3,
      tcpBeLiberal: false,
      events: null,
      accounting: null,
      timestamps: null,
    });
    const lines: string[] = [];
    for (let tenths = 0; tenths <= 120; tenths += 1) {
      flows.observe("update", flowRecord(1, { mark: tenths }), at(tenths / 10));
      lines.push(...sent(notrack, tenths / 10).filter((line) => line.includes("ALIVE")));
    }
    expect(lines).toEqual(["200 ALIVE"]);
    hear(notrack, "1a90 0008 00000001", 12.5);
    const marks = sent(notrack, 12.5).filter((line) => line.includes("mark"));
    expect(marks.map((line) => line.slice(4))).toEqual([
      "ALIVE mark 4",
      "ALIVE mark 5",
      "ALIVE mark 6",
    ]);
    hear(notrack, "1a90 0010 00000002 04000102 000003e8", 12.6);
    hear(notrack, "1a90 0010 00000003 05000100 000000fa", 12.6);
    hear(notrack, "1a90 0010 00000004 06000100 00000000", 12.6);
    expect(notrack.peerFacts).toMatchObject({ max: 1_000, buckets: 250, count: 0, events: null });
    expect(notrack.peerFacts?.tcpBeLiberal).toBe(true);
    expect(traffic.faults.malformedHeader).toBe(0);
  });

  test("counts gaps and drops nothing for its number", () => {
    const notrack = begin();
    for (const sequence of ["00000005", "00000009", "00000006"])
      hear(notrack, `1000 0010 ${sequence} 0005000206000000`, 0);
    expect(heard).toEqual(["ready", "data", "data", "data"]);
    expect(traffic).toMatchObject({ lost: 3, before: 1 });
  });

  test("takes acknowledgements for what they are here: malformed", () => {
    const notrack = begin();
    hear(notrack, "1a08 0010 00000005 00000001 00000001", 0);
    expect(traffic.faults.malformedHeader).toBe(1);
    expect(heard).toEqual([]);
  });

  test("passes on a request for everything, and sends everything at a bounded pace", () => {
    const notrack = begin();
    for (let number = 0; number < 1000; number += 1)
      flows.observe("new", flowRecord(number), at(0));
    sent(notrack, 0);
    hear(notrack, "1a02 0010 00000005 00000000 00000000", 0);
    expect(heard).toContain("resync");
    notrack.requestBulk(at(1));
    const counts = [1, 1.001, 1.005, 1.01, 1.015, 1.02].map(
      (time) => sent(notrack, time).filter((line) => line.includes("UPD")).length,
    );
    expect(counts).toEqual([250, 0, 250, 250, 250, 0]);
    expect(notrack.isSendingAll).toBe(false);
  });

  test("sends everything to a peer that was silent for long", () => {
    const notrack = begin();
    flows.observe("new", flowRecord(1), at(0));
    sent(notrack, 0);
    hear(notrack, "1a10 0008 00000005", 0);
    expect(sent(notrack, 0)).toEqual(["101 UPD 10.0.0.1"]);
    hear(notrack, "1a10 0008 00000006", 1);
    expect(sent(notrack, 0.9)).toEqual([]);
    hear(notrack, "1a10 0008 00000007", 60);
    expect(sent(notrack, 60)).toContain("102 ALIVE");
    expect(heard).toEqual(["ready", "ready"]);
  });

  test("sends what it is given where there is no cache", () => {
    const notrack = begin({ bypasses: true, startupResync: true });
    expect(notrack.send(CT_NEW, flowRecord(1))).toBe(true);
    expect(notrack.send(CT_DEL, flowRecord(1))).toBe(true);
    expect(sent(notrack, 0)).toEqual(["100 RESYNC", "101 NEW 10.0.0.1", "102 DEL 10.0.0.1"]);
  });

  test("loses what comes too fast for the wire rather than its memory", () => {
    const notrack = begin({ bypasses: true });
    let taken = 0;
    while (notrack.send(CT_NEW, flowRecord(taken))) taken += 1;
    expect(taken).toBeGreaterThan(10_000);
    expect(sent(notrack, 0)).toHaveLength(taken);
  });
});

describe("ALARM", () => {
  const begin = (refresh: number): Alarm => {
    const options = { startSequence: 100, refreshTime: seconds(refresh), random: new Prng(1) };
    const alarm = new Alarm({ caches: [flows], traffic, events }, options, at(0));
    alarm.setSending(true);
    return alarm;
  };

  test("repeats every flow within RefreshTime and a second, and a changed one from then on", () => {
    const alarm = begin(5);
    flows.observe("new", flowRecord(1), at(0));
    const times: number[] = [];
    for (let time = 0; time < 60; time += 0.1) if (sent(alarm, time).length > 0) times.push(time);
    const pauses = times.slice(1).map((time, index) => time - times[index]!);
    expect(Math.max(...pauses)).toBeLessThan(7.1);
    expect(Math.min(...pauses)).toBeGreaterThan(1);
    expect(new Set(pauses.map((pause) => pause.toFixed(1))).size).toBeGreaterThan(3);
  });

  test("says nothing when there are no flows", () => {
    const alarm = begin(5);
    for (let time = 0; time < 20; time += 0.2) expect(sent(alarm, time)).toEqual([]);
  });

  test("says once that a flow ended", () => {
    const alarm = begin(5);
    flows.observe("new", flowRecord(1), at(0));
    sent(alarm, 0);
    flows.observe("destroy", flowRecord(1), at(1));
    expect(sent(alarm, 1)).toEqual(["101 DEL 10.0.0.1"]);
    for (let time = 1; time < 20; time += 0.2) expect(sent(alarm, time)).toEqual([]);
  });

  test("hears flows and nothing that carries a flag", () => {
    const alarm = begin(5);
    for (const { hex } of flowCaptures.get("29-alarm-udp")!) hear(alarm, hex, 0);
    expect(heard).toEqual(["ready", ...Array.from({ length: 6 }, () => "data")]);
    hear(alarm, "1020 0010 00000005 0005000206000000", 0);
    hear(alarm, "1a10 0008 00000005", 0);
    expect(heard).toHaveLength(7);
    expect(traffic.faults.malformedHeader).toBe(0);
  });

  test("asks for every part of the tables in turn, to see what expired", () => {
    const alarm = begin(5);
    for (let time = 0; time < 1.3; time += 0.2) alarm.wake(at(time));
    expect(heard).toEqual(["turn 0", "turn 1", "turn 2", "turn 3", "turn 4", "turn 0"]);
  });
});
