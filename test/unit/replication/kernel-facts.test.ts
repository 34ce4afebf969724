import { describe, expect, test } from "vitest";
import { FactsExchange, type KernelFacts } from "../../../src/replication/kernel-facts.ts";
import { MARK_ROOM, readMark } from "../../../src/replication/sync-mark.ts";
import { at } from "../../support/replication-flows.ts";

const FACTS: KernelFacts = {
  max: 262_144,
  buckets: 65_536,
  count: 0,
  tcpBeLiberal: true,
  events: false,
  accounting: null,
  timestamps: true,
};

/** Everything that one side has to tell at that time, heard by the other. */
function pass(from: FactsExchange, to: FactsExchange, time: number): number {
  const messages = from.due(at(time));
  for (const message of messages) to.hear(readMark(message.from, message.to));
  return messages.length;
}

describe("what kernels are like", () => {
  test.each<[string, Partial<KernelFacts>]>([
    ["as it is", {}],
    ["with switches the other way round", { tcpBeLiberal: false, events: true, accounting: true }],
    ["without anything that is known", { max: null, buckets: null, count: null, events: null }],
    ["at the limits of its numbers", { max: 0xffff_ffff, buckets: 0, count: 0xffff_ffff }],
  ])("arrives %s", (_name, changes) => {
    const [alpha, beta] = [new FactsExchange(), new FactsExchange()];
    const facts = { ...FACTS, ...changes };
    alpha.setOwn(facts);
    expect(beta.peer).toBeUndefined();
    pass(alpha, beta, 0);
    expect(beta.peer).toEqual(facts);
  });

  test("is told every ten seconds, with what changed", () => {
    const [alpha, beta] = [new FactsExchange(), new FactsExchange()];
    expect(pass(alpha, beta, 0)).toBe(0);
    alpha.setOwn(FACTS);
    expect(pass(alpha, beta, 1)).toBe(3);
    alpha.setOwn({ ...FACTS, count: 7 });
    expect(pass(alpha, beta, 10.9)).toBe(0);
    expect(beta.peer?.count).toBe(0);
    expect(pass(alpha, beta, 11)).toBe(3);
    expect(beta.peer?.count).toBe(7);
  });

  test("is unknown until all of it was told, and when the peer began anew", () => {
    const [alpha, beta] = [new FactsExchange(), new FactsExchange()];
    alpha.setOwn(FACTS);
    const [max, buckets, count] = alpha.due(at(0));
    for (const message of [max!, buckets!]) beta.hear(readMark(message.from, message.to));
    expect(beta.peer).toBeUndefined();
    beta.hear(readMark(count!.from, count!.to));
    expect(beta.peer).toEqual(FACTS);
    beta.forget();
    expect(beta.peer).toBeUndefined();
  });

  test("goes with the room in the sockets' buffers, which does not wait for it", () => {
    const [alpha, beta] = [new FactsExchange(), new FactsExchange()];
    const marksAt = (time: number) => alpha.due(at(time)).map(({ from, to }) => readMark(from, to));
    alpha.setRoom(7_000);
    expect(marksAt(0)).toEqual([{ kind: MARK_ROOM, number: 0, value: 7_000 }]);
    alpha.setOwn(FACTS);
    alpha.setRoom(Infinity);
    expect(marksAt(0.1)[0]).toEqual({ kind: MARK_ROOM, number: 0, value: 0xffff_ffff });
    alpha.setRoom(undefined);
    expect(pass(alpha, beta, 10.1)).toBe(3);
    expect(beta.peer).toEqual(FACTS);
  });

  test("is not mistaken for marks of other kinds", () => {
    const beta = new FactsExchange();
    for (const kind of [0, 1, 2, 3, 7, 8, 255]) beta.hear({ kind, number: 0x1ff, value: 9 });
    expect(beta.peer).toBeUndefined();
  });
});
