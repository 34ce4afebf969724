import fc from "fast-check";
import { expect, test } from "vitest";
import { ExpectationReader } from "../../src/wire/ctnetlink/expectation-reader.ts";
import { ExpectationRequests } from "../../src/wire/ctnetlink/expectation-requests.ts";
import { FlowReader } from "../../src/wire/ctnetlink/flow-reader.ts";
import { FlowRequests } from "../../src/wire/ctnetlink/flow-requests.ts";
import { type AttributeTable, EXPECT_TABLE, FLOW_TABLE } from "../../src/wire/flow-attributes.ts";
import { expectationView } from "../../src/wire/flow-expectation-view.ts";
import { RecordKey } from "../../src/wire/flow-key.ts";
import { RecordMerger } from "../../src/wire/flow-merge.ts";
import {
  checkExpectation,
  checkFlow,
  isRelated,
  originalSourceAt,
  recordStatus,
  replySourceAt,
  Span,
  swapPortsAndIds,
} from "../../src/wire/flow-record.ts";
import { CT_DEL, SyncCursor, wholeMessages } from "../../src/wire/flow-sync.ts";
import { describeExpectation, describeFlow } from "../../src/wire/flow-text.ts";
import { flowView } from "../../src/wire/flow-view.ts";
import { expectationXml, flowXml } from "../../src/wire/flow-xml.ts";
import { bitFlips, bytes, viewOf } from "../support/bytes.ts";
import { EXPECTATION, flowMessageNames, kernelMessage } from "../support/ctnetlink-messages.ts";
import { flowCaptures } from "../support/flow-captures.ts";
import { attribute, ownRecord, recordHex } from "../support/record-bytes.ts";

const flowMerger = new RecordMerger("flow");
const expectationMerger = new RecordMerger("expectation");
const flowKey = new RecordKey("flow");
const expectationKey = new RecordKey("expectation");
const room = new DataView(new ArrayBuffer(16_384));
const flowRequests = new FlowRequests(room, { liberal: true });
const expectationRequests = new ExpectationRequests(room);

/** Does with a checked flow all that the replicator does. */
function useFlow(body: Span): void {
  swapPortsAndIds(body);
  const hash = flowKey.load(body);
  const record = flowMerger.merge(undefined, body);
  if (flowKey.load(record) !== hash || !flowKey.matches(body)) throw new Error("another key");
  if (checkFlow(record) !== undefined) throw new Error("no record");
  if (originalSourceAt(record) < 0 || replySourceAt(record) < 0) throw new Error("no addresses");
  recordStatus(record);
  isRelated(record);
  flowRequests.clear();
  flowRequests.create(record, 60, 0);
  flowRequests.update(record, 60, 0);
  flowRequests.delete(record, 0);
}

/** And what people do. */
function showFlow(flow: Span): void {
  describeFlow(flow, "both");
  flowXml(flow, "both");
  flowView(flow);
}

function useExpectation(body: Span): void {
  const record = expectationMerger.merge(undefined, body);
  if (checkExpectation(record) !== undefined) throw new Error("no record");
  expectationKey.load(record);
  if (!expectationKey.matches(record)) throw new Error("another key");
  expectationRequests.clear();
  expectationRequests.create(record, 60, 0);
  expectationRequests.delete(record, 0);
}

function showExpectation(expectation: Span): void {
  describeExpectation(expectation);
  expectationXml(expectation);
  expectationView(expectation);
}

/** Receives a datagram; returns how many of its messages were good. */
function receive(datagram: Uint8Array): number {
  const cursor = new SyncCursor(viewOf(datagram));
  cursor.reset(datagram.length);
  let good = 0;
  for (let count = 0; cursor.next(); count += 1) {
    // A message takes 8 bytes at least, and what is left at the end counts once.
    if (count > datagram.length / 8) throw new Error("unbounded");
    if (cursor.kind !== "data") continue;
    const isFlow = cursor.type <= CT_DEL;
    if ((isFlow ? checkFlow(cursor.body) : checkExpectation(cursor.body)) !== undefined) continue;
    if (isFlow) useFlow(cursor.body);
    else useExpectation(cursor.body);
    good += 1;
  }
  if (wholeMessages(viewOf(datagram), datagram.length) > datagram.length)
    throw new Error("unbounded");
  return good;
}

/** One message of each kind and set of attributes. */
const SAMPLES: readonly Uint8Array[] = [
  ...new Map(
    [...flowCaptures.values()]
      .flat()
      .filter(({ bad }) => bad === undefined)
      .map(({ hex, type, attrs = [] }) => [
        `${type} ${attrs.map(([name]) => name).join(" ")}`,
        bytes(hex),
      ]),
  ).values(),
];

test("messages of conntrackd that are cut off anywhere are refused, not misread", () => {
  expect(SAMPLES.length).toBeGreaterThan(40);
  for (const sample of SAMPLES)
    for (let length = 0; length < sample.length; length += 1)
      // Of memory of its own, so that reading behind the end would throw.
      if (receive(sample.slice(0, length)) !== 0) expect.fail(`taken with ${length} bytes`);
});

test("a message whose header lies about its size does no harm", () => {
  for (const sample of SAMPLES)
    for (let length = 8; length < sample.length; length += 1) {
      const shorter = sample.slice(0, length);
      viewOf(shorter).setUint16(2, length);
      receive(shorter);
    }
});

test("messages of conntrackd with any bit flipped do no harm", () => {
  for (const sample of SAMPLES)
    for (const { flipped } of bitFlips(sample)) receive(Uint8Array.from(flipped));
});

test("random bytes do no harm", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      receive(data);
    }),
    { numRuns: 2000 },
  );
});

const hex = (data: Uint8Array): string =>
  Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Attributes that `table` allows, in any order and number. */
const anyAttributes = (table: AttributeTable): fc.Arbitrary<string> =>
  fc
    .array(
      fc.nat({ max: table.count - 1 }).chain((number) => {
        const unit = table.sizeUnit[number]!;
        const most = Math.min(table.sizeMax[number]!, 32) / unit;
        return fc
          .integer({ min: Math.ceil(table.sizeMin[number]! / unit), max: most })
          .chain((count) => fc.uint8Array({ minLength: count * unit, maxLength: count * unit }))
          .map((payload) => attribute(number, hex(payload)));
      }),
      { maxLength: 60 },
    )
    .map((attributes) => attributes.join(""));

test("whatever passes the check can be kept, shown, and sent to the kernel", () => {
  const addresses = "000c0000c0a80164cb00710a";
  let passed = 0;
  fc.assert(
    fc.property(anyAttributes(FLOW_TABLE), fc.boolean(), (attributes, complete) => {
      const flow = new Span(
        viewOf(bytes(`${complete ? `${addresses}0005000211000000` : ""}${attributes}`)),
      );
      if (checkFlow(flow) !== undefined) return;
      passed += 1;
      useFlow(flow);
      showFlow(flow);
    }),
    { numRuns: 500 },
  );
  expect(passed).toBeGreaterThan(20);
  fc.assert(
    fc.property(anyAttributes(EXPECT_TABLE), (attributes) => {
      const expectation = new Span(viewOf(bytes(attributes)));
      if (checkExpectation(expectation) !== undefined) return;
      useExpectation(expectation);
      showExpectation(expectation);
    }),
    { numRuns: 500 },
  );
});

test("of two updates in a row, each attribute has the value of the last that had it", () => {
  const start = "000c0000c0a80164cb00710a";
  fc.assert(
    fc.property(anyAttributes(FLOW_TABLE), anyAttributes(FLOW_TABLE), (first, second) => {
      const spanOf = (text: string): Span => new Span(viewOf(bytes(text)));
      const known = ownRecord(flowMerger.merge(undefined, spanOf(start + first)));
      const stepwise = recordHex(flowMerger.merge(known, spanOf(second)));
      const atOnce = recordHex(flowMerger.merge(undefined, spanOf(start + first + second)));
      // Labels of no words clear those that were there, both ways.
      expect(stepwise).toBe(atOnce);
    }),
  );
});

test("kernel messages that are cut off or have a bit flipped do no harm", () => {
  const flows = new FlowReader({ timeouts: true, windowScales: true });
  const expectations = new ExpectationReader({ timeouts: true });
  for (const name of [...flowMessageNames, EXPECTATION]) {
    const reader = name === EXPECTATION ? expectations : flows;
    const use = name === EXPECTATION ? useExpectation : useFlow;
    const { view } = kernelMessage(name);
    const whole = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const take = (message: Uint8Array): void => {
      if (reader.read(new Span(viewOf(message)))) use(reader.record);
    };
    for (let length = 0; length <= whole.length; length += 1) take(whole.slice(0, length));
    for (const { flipped } of bitFlips(whole)) take(Uint8Array.from(flipped));
  }
});
