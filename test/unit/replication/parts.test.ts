import { describe, expect, test } from "vitest";
import { seconds } from "../../../src/base/time.ts";
import { CertaintyJudge } from "../../../src/replication/certainty.ts";
import { Channels } from "../../../src/replication/channels.ts";
import { ControlQueue } from "../../../src/replication/control-queue.ts";
import { type ControlMessage, DatagramPacker } from "../../../src/replication/datagram-packer.ts";
import { RecordRing } from "../../../src/replication/record-ring.ts";
import { distance, isBefore, isWithin, onward } from "../../../src/replication/serial.ts";
import { markMessage, readMark } from "../../../src/replication/sync-mark.ts";
import { SYNC_ACK, SYNC_ALIVE, SYNC_HELLO } from "../../../src/wire/flow-sync.ts";
import { hexOf } from "../../support/bytes.ts";
import { recordHex } from "../../support/record-bytes.ts";
import { at, flowRecord, messagesOf } from "../../support/replication-flows.ts";

const message = (from: number): ControlMessage => ({
  flags: SYNC_ACK,
  ranged: true,
  from,
  to: from,
});

describe("sequence numbers", () => {
  test("are compared across their wrap", () => {
    expect(isBefore(0xffff_ffff, 0)).toBe(true);
    expect(isBefore(0, 0xffff_ffff)).toBe(false);
    expect(isBefore(5, 5)).toBe(false);
    expect(onward(0xffff_ffff, 2)).toBe(1);
    expect(onward(0, -1)).toBe(0xffff_ffff);
    expect(distance(0xffff_fffe, 1)).toBe(3);
    expect(isWithin(0, 0xffff_fff0, 4)).toBe(true);
    expect(isWithin(5, 0xffff_fff0, 4)).toBe(false);
  });
});

describe("a datagram", () => {
  const packer = new DatagramPacker(true);
  const out = new DataView(new ArrayBuffer(256));

  test("stays below its capacity and never reaches it, as conntrackd's does", () => {
    const record = flowRecord(1);
    packer.begin(out, 0, 2 * (8 + record.size));
    expect(packer.fitsRecord(record.size)).toBe(true);
    packer.putRecord(0, 0, 1, record);
    expect(packer.fitsRecord(record.size)).toBe(false);
    packer.begin(out, 0, 2 * (8 + record.size) + 1);
    packer.putRecord(0, 0, 1, record);
    expect(packer.fitsRecord(record.size)).toBe(true);
  });

  test("may begin anywhere in a buffer, and ends with it", () => {
    packer.begin(out, 200, 1472);
    expect(packer.fits(56)).toBe(true);
    expect(packer.fits(57)).toBe(false);
  });

  test("holds messages of all kinds", () => {
    packer.begin(out, 0, 256);
    packer.putControl({ flags: SYNC_ALIVE, ranged: false, from: 0, to: 0 }, SYNC_HELLO, 7);
    packer.putRecord(2, 0, 8, flowRecord(3));
    packer.putControl(message(5), 0, 9);
    expect(messagesOf(out, packer.size)).toEqual(["7 ALIVE HELLO", "8 DEL 10.0.0.3", "9 ACK 5..5"]);
    expect(hexOf(out).slice(0, 16)).toBe("1a30000800000007");
  });
});

describe("a queue of control messages", () => {
  test("keeps what matters until it is acknowledged", () => {
    const queue = new ControlQueue();
    for (const from of [1, 2, 3]) queue.push(message(from));
    queue.sent(10, true);
    queue.sent(11, false);
    queue.sent(12, true);
    expect([queue.waitingCount, queue.sentCount, queue.oldestSent]).toEqual([0, 2, 10]);
    queue.acknowledge(9, 11);
    expect(queue.oldestSent).toBe(12);
    expect(queue.repeat(12, 12)).toBe(1);
    expect(queue.first()).toEqual(message(3));
  });

  test("is bounded", () => {
    const queue = new ControlQueue();
    for (let from = 0; from < 5000; from += 1) queue.push(message(from));
    expect(queue.waitingCount).toBe(1024);
    expect(queue.first(), "the oldest ones went").toEqual(message(5000 - 1024));
  });
});

describe("marks between Duets", () => {
  test("come back from the words of an ALIVE", () => {
    const { from, to } = markMessage({ kind: 3, number: 0x123_4567, value: 0xdead_beef });
    expect(readMark(from, to)).toEqual({ kind: 3, number: 0x23_4567, value: 0xdead_beef });
    expect(readMark(0, 0).kind).toBe(0);
  });
});

describe("a ring of records", () => {
  test("gives back in order what it took, across its end", () => {
    const ring = new RecordRing(256);
    let pushed = 0;
    let shifted = 0;
    for (let round = 0; round < 50; round += 1) {
      while (ring.push(pushed & 0xffff, flowRecord(pushed))) pushed += 1;
      expect(ring.count).toBeGreaterThan(1);
      for (let count = 0; count < 2; count += 1) {
        expect(ring.number).toBe(shifted);
        expect(recordHex(ring.record)).toBe(recordHex(flowRecord(shifted)));
        ring.shift();
        shifted += 1;
      }
    }
    expect(ring.count).toBe(pushed - shifted);
  });
});

describe("channels", () => {
  test("use another one only when the current one fails", () => {
    const channels = new Channels(3, 1);
    expect(channels.capacity).toBe(0);
    channels.set(0, 1000);
    expect(channels.current).toBe(0);
    channels.set(1, 1472);
    expect(channels.current).toBe(0);
    channels.set(0, undefined);
    expect([channels.current, channels.capacity]).toEqual([1, 1472]);
    channels.heard(2);
    expect(channels.current, "a link that is down is not sent on").toBe(1);
    channels.set(9, 1000);
    expect(channels.switches).toBe(2);
  });

  test("have room for as much as the smallest socket buffer, whichever the peer sends to", () => {
    const channels = new Channels(3, 0);
    channels.set(0, 1472);
    expect(channels.room, "not known of any").toBeUndefined();
    channels.set(0, 1472, 700_000);
    expect(channels.room).toBe(2_000);
    channels.set(1, 1472, 350_000);
    channels.set(2, 1460, Infinity);
    expect(channels.room).toBe(1_000);
    channels.set(1, undefined);
    expect(channels.room, "a link that is down may come back").toBe(1_000);
  });
});

describe("certainty", () => {
  const judge = (): CertaintyJudge => new CertaintyJudge(() => seconds(5));

  test("is proven by a complete round, and gone with a restart", () => {
    const certainty = judge();
    expect(certainty.judge(true, at(0))).toBe("none");
    certainty.peerRestarted();
    certainty.peerReady(at(0));
    expect(certainty.judge(true, at(60))).toBe("partial");
    certainty.completed(at(61));
    expect(certainty.judge(true, at(61))).toBe("proven");
    certainty.peerRestarted();
    expect(certainty.judge(true, at(62))).toBe("partial");
  });

  test("asks again and again for what does not become equal, but less and less often", () => {
    const certainty = judge();
    const asked = Array.from({ length: 300 }, (_, index) => index * 10).filter((time) =>
      certainty.compared(false, at(time)),
    );
    expect(asked.slice(0, 7)).toEqual([0, 10, 30, 70, 150, 310, 630]);
    expect(asked.at(-1)! - asked.at(-2)!).toBe(600);
    expect(certainty.compared(true, at(3000))).toBe(false);
    expect(certainty.compared(false, at(3010)), "what was equal is asked for at once").toBe(true);
  });

  test("wants everything from a conntrackd some time after a loss", () => {
    const certainty = judge();
    certainty.peerReady(at(0));
    expect(certainty.judge(false, at(6))).toBe("assumed");
    certainty.lossNoticed(at(7));
    expect(certainty.judge(false, at(60))).toBe("partial");
    expect(certainty.wantsAll(at(8))).toBe(false);
    certainty.lossNoticed(at(9));
    expect(certainty.wantsAll(at(13))).toBe(false);
    expect(certainty.wantsAll(at(14))).toBe(true);
    expect(certainty.wantsAll(at(15))).toBe(false);
  });
});
