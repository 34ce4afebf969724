import { describe, expect, test } from "vitest";
import { seconds } from "../../../src/base/time.ts";
import { FlowTable, NONE } from "../../../src/replication/flow-table.ts";
import { Span } from "../../../src/wire/flow-record.ts";
import { recordHex } from "../../support/record-bytes.ts";
import { at, flowRecord } from "../../support/replication-flows.ts";

const table = (limit = 100): FlowTable => new FlowTable({ kind: "flow", limit, seed: 7 });
const span = (): Span => new Span(new DataView(new ArrayBuffer(0)));

function add(flows: FlowTable, number: number): number {
  const record = flowRecord(number);
  expect(flows.find(record)).toBe(NONE);
  return flows.insert(record, at(0));
}

describe("a flow table", () => {
  test("finds what was put in, by its key and not by its state", () => {
    const flows = table();
    const slots = [1, 2, 3].map((number) => add(flows, number));
    expect(flows.find(flowRecord(2, { state: 7, mark: 9 }))).toBe(slots[1]);
    expect(flows.find(flowRecord(4))).toBe(NONE);
    expect(recordHex(flows.load(slots[2]!, span()))).toBe(recordHex(flowRecord(3)));
  });

  test("keeps flows apart that differ in nothing but their zone", () => {
    const flows = table();
    flows.find(flowRecord(1));
    const slot = flows.insert(flowRecord(1), at(0));
    expect(flows.find(flowRecord(1, { zone: 5 }))).toBe(NONE);
    expect(flows.find(flowRecord(1))).toBe(slot);
  });

  test("takes no more than its limit, and more again once there is room", () => {
    const flows = table(2);
    const first = add(flows, 1);
    add(flows, 2);
    expect(add(flows, 3)).toBe(NONE);
    flows.remove(first);
    expect(add(flows, 3)).toBe(first);
    expect(flows.find(flowRecord(1))).toBe(NONE);
    expect(flows.count).toBe(2);
  });

  test("keeps nothing of an entry for the one that gets its slot", () => {
    const flows = table();
    const first = add(flows, 1);
    flows.set(first, 0x7f);
    flows.kill(first);
    flows.setStamp(first, 99);
    flows.setRound(first, 7);
    flows.enlist(first, 3);
    flows.remove(first);
    const slot = add(flows, 2);
    expect(slot).toBe(first);
    expect(flows.has(slot, 0x7f)).toBe(false);
    expect(flows.isDead(slot)).toBe(false);
    expect([flows.stampOf(slot), flows.roundOf(slot), flows.listOf(slot)]).toEqual([0, 0, 0]);
    expect([flows.count, flows.liveCount]).toEqual([1, 1]);
  });

  test("replaces a record by a larger and by a smaller one", () => {
    const flows = table();
    const slot = add(flows, 1);
    const large = flowRecord(1, { mark: 1, timeout: 9, master: true, zone: 0 });
    expect(flows.replace(slot, large, at(0))).toBe(true);
    expect(recordHex(flows.load(slot, span()))).toBe(recordHex(large));
    expect(flows.replace(slot, flowRecord(1), at(0))).toBe(true);
    expect(recordHex(flows.load(slot, span()))).toBe(recordHex(flowRecord(1)));
  });

  test("tells age and idleness", () => {
    const flows = table();
    const slot = add(flows, 1);
    flows.touch(slot, at(100));
    expect(Math.abs(flows.age(slot, at(130)) - seconds(130))).toBeLessThan(20_000);
    expect(Math.abs(flows.idle(slot, at(130)) - seconds(30))).toBeLessThan(20_000);
  });

  test("keeps lists in the order of arrival, and every entry in one at most", () => {
    const flows = table();
    const slots = [1, 2, 3, 4].map((number) => add(flows, number));
    for (const slot of slots) flows.enlist(slot, 1);
    flows.unlist(slots[1]!);
    flows.enlist(slots[0]!, 2);
    flows.enlist(slots[2]!, 1);
    expect(listed(flows, 1)).toEqual([slots[3], slots[2]]);
    expect(listed(flows, 2)).toEqual([slots[0]]);
    expect([flows.lengthOf(1), flows.lengthOf(2)]).toEqual([2, 1]);
    flows.remove(slots[3]!);
    expect(listed(flows, 1)).toEqual([slots[2]]);
  });

  test("does not count the dead as living, nor in its digest", () => {
    const [flows, others] = [table(), table()];
    const slot = add(flows, 1);
    add(flows, 2);
    add(others, 2);
    flows.kill(slot);
    expect([flows.count, flows.liveCount, flows.isDead(slot)]).toEqual([2, 1, true]);
    expect(flows.digest).toBe(others.digest);
    expect(flows.find(flowRecord(1))).toBe(slot);
    flows.revive(slot, at(1));
    expect(flows.liveCount).toBe(2);
    expect(flows.digest).not.toBe(others.digest);
    flows.remove(slot);
    expect(flows.digest).toBe(others.digest);
  });

  test("has the digest of another host's table with the same flows", () => {
    const [flows, others] = [table(), new FlowTable({ kind: "flow", limit: 9, seed: 99 })];
    for (const number of [1, 2, 3]) add(flows, number);
    for (const number of [3, 1, 2]) add(others, number);
    expect(flows.digest).toBe(others.digest);
  });

  test("is empty and usable after it was cleared", () => {
    const flows = table();
    flows.enlist(add(flows, 1), 1);
    flows.clear();
    expect([flows.count, flows.lengthOf(1), flows.first(1), flows.digest]).toEqual([0, 0, NONE, 0]);
    expect(add(flows, 1)).not.toBe(NONE);
  });

  test("takes less than 200 bytes for a flow of 68 bytes, everything included", () => {
    const limit = 262_144;
    const count = 200_000;
    const flows = table(limit);
    const record = flowRecord(0, { timeout: 100, mark: 1, zone: 1 });
    expect(record.size).toBe(68);
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    for (let number = 0; number < count; number += 1) {
      record.view.setUint32(record.at + 4, 0x0a000000 + number);
      flows.find(record);
      flows.insert(record, at(0));
    }
    const resident = (process.memoryUsage().rss - before) / count;
    expect(flows.count).toBe(count);
    expect(flows.touchedBytes / count).toBeLessThan(140);
    expect(resident).toBeLessThan(200);
  });
});

function listed(flows: FlowTable, list: number): number[] {
  const slots: number[] = [];
  for (let slot = flows.first(list); slot !== NONE; slot = flows.next(slot)) slots.push(slot);
  return slots;
}
