import { beforeEach, describe, expect, test } from "vitest";
import { seconds } from "../../../src/base/time.ts";
import { ExternalCache } from "../../../src/replication/external-cache.ts";
import { NONE } from "../../../src/replication/flow-table.ts";
import { FLOW } from "../../../src/wire/flow-attributes.ts";
import { attribute, body, recordHex } from "../../support/record-bytes.ts";
import { at, type FlowDetails, flowRecord } from "../../support/replication-flows.ts";

const NEW = 0;
const UPDATE = 1;
const DELETE = 2;
let cache: ExternalCache;

beforeEach(() => {
  cache = new ExternalCache({ kind: "flow", limit: 100, seed: 1 }, false);
});

const say = (change: number, number: number, details: FlowDetails = {}, time = 0): void =>
  cache.apply(change, flowRecord(number, details), at(time));
const numbers = (): number[] =>
  Array.from({ length: 20 }, (_, number) => number).filter(
    (number) => cache.table.find(flowRecord(number)) !== NONE,
  );
const record = (number: number): string =>
  recordHex(cache.record(cache.table.find(flowRecord(number))));

describe("an external cache", () => {
  test("takes an update of what it does not know as new", () => {
    say(UPDATE, 1, { mark: 3 });
    expect(record(1)).toBe(recordHex(flowRecord(1, { mark: 3 })));
    expect(cache.counters.created).toBe(1);
  });

  test("merges updates, and replaces by what is new", () => {
    say(NEW, 1, { mark: 3 });
    say(UPDATE, 1, { state: 5 });
    expect(record(1)).toBe(recordHex(flowRecord(1, { state: 5, mark: 3 })));
    say(NEW, 1, { state: 1 });
    expect(record(1)).toBe(recordHex(flowRecord(1, { state: 1 })));
  });

  test("removes what is deleted, by no more than its tuple, and ignores what it does not know", () => {
    say(NEW, 1);
    const tuple = body(
      attribute(FLOW.ipv4, "0a0000010a010001"),
      attribute(FLOW.protocol, "06"),
      attribute(FLOW.ports, "03e80050"),
    );
    cache.apply(DELETE, tuple, at(0));
    cache.apply(DELETE, tuple, at(0));
    expect(numbers()).toEqual([]);
    expect(cache.counters).toMatchObject({ destroyed: 1, destroyFailed: 1 });
  });

  test("stores a body whose last attribute is not padded", () => {
    const { view, size } = flowRecord(1);
    const short = body(recordHex(flowRecord(1)));
    short.size = size - 3;
    expect(view.getUint8(size - 3)).toBe(0);
    cache.apply(NEW, short, at(0));
    expect(record(1)).toBe(recordHex(flowRecord(1)));
  });

  test("removes what a complete round did not mention", () => {
    for (const number of [1, 2, 3]) say(NEW, number);
    cache.beginRound();
    say(UPDATE, 1);
    say(NEW, 4);
    cache.endRound();
    cache.sweep(at(0));
    expect(numbers()).toEqual([1, 4]);
    expect(cache.sweptCount).toBe(2);
  });

  test("removes nothing as long as a round is not complete", () => {
    say(NEW, 1);
    cache.beginRound();
    cache.sweep(at(1000));
    expect(numbers()).toEqual([1]);
  });

  test("forgets after a minute what a restarted peer did not mention again", () => {
    for (const number of [1, 2, 3]) say(NEW, number);
    cache.suspect(at(0));
    say(UPDATE, 1, {}, 10);
    cache.sweep(at(65));
    expect(numbers(), "it still mentioned old ones 55 s ago").toEqual([1, 2, 3]);
    say(NEW, 4, {}, 66);
    cache.sweep(at(71));
    expect(numbers()).toEqual([1, 4]);
  });

  test("lets entries expire that were not repeated", () => {
    for (const number of [1, 2, 3, 4, 5]) say(NEW, number);
    say(UPDATE, 2, {}, 100);
    for (const part of [0, 1, 2]) cache.expire(seconds(180), { part, parts: 3 }, at(200));
    expect(numbers()).toEqual([2]);
  });

  test("counts what it has no room for", () => {
    for (let number = 0; number < 103; number += 1) say(NEW, number);
    expect(cache.counters).toMatchObject({ created: 100, refused: 3 });
  });
});
