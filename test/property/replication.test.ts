import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FlowTable, NONE } from "../../src/replication/flow-table.ts";
import { Merging } from "../../src/replication/merging.ts";
import { Replicator } from "../../src/replication/replicator.ts";
import { RecordMerger } from "../../src/wire/flow-merge.ts";
import { Span } from "../../src/wire/flow-record.ts";
import { replicationConfig } from "../sim/replication-duet.ts";
import { bytes, viewOf } from "../support/bytes.ts";
import { flowCaptures } from "../support/flow-captures.ts";
import { recordHex } from "../support/record-bytes.ts";
import { at, type FlowDetails, flowRecord } from "../support/replication-flows.ts";

const details: fc.Arbitrary<FlowDetails> = fc.record(
  {
    state: fc.integer({ min: 1, max: 9 }),
    timeout: fc.nat(1000),
    mark: fc.nat(0xffff),
    master: fc.boolean(),
  },
  { requiredKeys: ["state", "master"] },
);
const LISTS = 3;

type Command =
  | { readonly type: "put"; readonly number: number; readonly details: FlowDetails }
  | { readonly type: "remove"; readonly number: number }
  | { readonly type: "kill"; readonly number: number }
  | { readonly type: "enlist"; readonly number: number; readonly list: number };

const number = fc.nat(40);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ type: fc.constant("put" as const), number, details }),
  fc.record({ type: fc.constant("remove" as const), number }),
  fc.record({ type: fc.constant("kill" as const), number }),
  fc.record({ type: fc.constant("enlist" as const), number, list: fc.nat(LISTS) }),
);

interface Model {
  hex: string;
  dead: boolean;
  list: number;
}

/** Does to the table and to a plain map what `step` says. */
function perform(
  table: FlowTable,
  model: Map<number, Model>,
  lists: number[][],
  step: Command,
): void {
  const record = flowRecord(step.number, step.type === "put" ? step.details : {});
  const slot = table.find(record);
  const known = model.get(step.number);
  expect(slot === NONE).toBe(known === undefined);
  if (step.type === "put") {
    put(table, model, step.number, record);
    return;
  }
  if (known === undefined) return;
  const leave = (): void => {
    lists[known.list] = lists[known.list]!.filter((other) => other !== step.number);
  };
  if (step.type === "remove") {
    leave();
    table.remove(slot);
    model.delete(step.number);
  } else if (step.type === "kill") {
    if (!known.dead) table.kill(slot);
    known.dead = true;
  } else {
    leave();
    if (step.list === 0) table.unlist(slot);
    else table.enlist(slot, step.list);
    known.list = step.list;
    lists[step.list]!.push(step.number);
  }
}

function put(table: FlowTable, model: Map<number, Model>, which: number, record: Span): void {
  const known = model.get(which);
  const slot = table.find(record);
  if (known === undefined) {
    if (table.insert(record, at(0)) !== NONE)
      model.set(which, { hex: recordHex(record), dead: false, list: 0 });
    else expect(model.size).toBe(table.limit);
    return;
  }
  if (known.dead) table.revive(slot, at(0));
  known.dead = false;
  expect(table.replace(slot, record, at(0))).toBe(true);
  known.hex = recordHex(record);
}

test("a flow table does what a map and three lists would do", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300 }), fc.nat(), (steps, seed) => {
      const table = new FlowTable({ kind: "flow", limit: 30, seed });
      const model = new Map<number, Model>();
      const lists = Array.from({ length: LISTS + 1 }, (): number[] => []);
      for (const step of steps) {
        if (!model.has(step.number) && step.type === "put") lists[0]!.push(step.number);
        perform(table, model, lists, step);
      }
      const found = new Span(new DataView(new ArrayBuffer(0)));
      expect(table.count).toBe(model.size);
      expect(table.liveCount).toBe([...model.values()].filter(({ dead }) => !dead).length);
      for (const [which, { hex, dead }] of model) {
        const slot = table.find(flowRecord(which));
        expect(recordHex(table.load(slot, found))).toBe(hex);
        expect(table.isDead(slot)).toBe(dead);
      }
      for (let list = 1; list <= LISTS; list += 1) {
        const slots = lists[list]!.map((which) => table.find(flowRecord(which)));
        const listed: number[] = [];
        for (let slot = table.first(list); slot !== NONE; slot = table.next(slot))
          listed.push(slot);
        expect(listed).toEqual(slots);
        expect(table.lengthOf(list)).toBe(slots.length);
      }
    }),
    { numRuns: 150 },
  );
});

test("merging in place gives what the general merge gives", () => {
  fc.assert(
    fc.property(details, details, (known, update) => {
      const table = new FlowTable({ kind: "flow", limit: 4, seed: 1 });
      table.find(flowRecord(1, known));
      const slot = table.insert(flowRecord(1, known), at(0));
      const merging = new Merging("flow");
      const news = merging.isNews(table, slot, flowRecord(1, update));
      merging.apply(table, slot, flowRecord(1, update), at(0));
      const merged = new RecordMerger("flow").merge(flowRecord(1, known), flowRecord(1, update));
      expect(recordHex(table.load(slot, new Span(new DataView(new ArrayBuffer(0)))))).toBe(
        recordHex(merged),
      );
      const master = known.master === true || update.master === true;
      const isTimed = (of: FlowDetails): boolean => of.timeout !== undefined;
      // With the same timeout in both, only what is news is left to differ.
      const before = recordHex(flowRecord(1, { ...known, timeout: 1 }));
      const after = recordHex(flowRecord(1, { ...known, ...update, master, timeout: 1 }));
      const gainsTimeout = isTimed(update) && !isTimed(known);
      expect(news).toBe(before !== after || gainsTimeout);
    }),
  );
});

describe("datagrams of any content", () => {
  const captured = [...flowCaptures.values()].flat().map(({ hex }) => bytes(hex));
  const receiver = (): Replicator => {
    const replicator = new Replicator(
      {
        config: replicationConfig({ expectations: true }),
        startSequence: 1,
        seed: 1,
        peerIsLittleEndian: true,
      },
      at(0),
    );
    replicator.handleLink(0, 1472);
    return replicator;
  };

  test("never throw, and leave a working replicator", () => {
    const damaged = fc
      .tuple(
        fc.constantFrom(...captured),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
        fc.nat(120),
      )
      .map(([original, changes, cut]) => {
        const copy = Uint8Array.from(original);
        for (const [where, value] of changes) copy[where % copy.length] = value;
        return copy.subarray(0, Math.max(1, copy.length - (cut > 60 ? 0 : cut)));
      });
    const datagrams = fc.array(fc.oneof(damaged, fc.uint8Array({ minLength: 1, maxLength: 100 })), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(datagrams, (all) => {
        const replicator = receiver();
        const out = new DataView(new ArrayBuffer(1500));
        for (const [index, datagram] of all.entries()) {
          const copy = viewOf(Uint8Array.from(datagram));
          replicator.handleDatagram(copy, copy.byteLength, 0, at(index));
          replicator.wake(at(index));
          for (let size = 1; size > 0; ) {
            size = replicator.pollTransmit(out, 0, at(index));
            expect(size).toBeLessThan(1472);
          }
        }
        const { traffic, flows } = replicator.view(at(all.length));
        expect(traffic.datagramsReceived).toBe(all.length);
        expect(flows.external.flows).toBeLessThanOrEqual(traffic.messagesReceived);
      }),
      { numRuns: 300 },
    );
  });
});
