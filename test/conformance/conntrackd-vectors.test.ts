import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { formatHex } from "../../src/base/hex.ts";
import { EXPECT_TABLE, FLOW_TABLE } from "../../src/wire/flow-attributes.ts";
import { RecordKey } from "../../src/wire/flow-key.ts";
import { RecordMerger } from "../../src/wire/flow-merge.ts";
import {
  checkExpectation,
  checkFlow,
  copyRecord,
  Span,
  swapPortsAndIds,
} from "../../src/wire/flow-record.ts";
import {
  CONTROL,
  CT_DEL,
  CT_NEW,
  headerWord,
  SYNC_HEADER_SIZE,
  SyncCursor,
  writeSyncHeader,
  writeSyncRange,
} from "../../src/wire/flow-sync.ts";
import { describeFlow } from "../../src/wire/flow-text.ts";
import { hexOf, viewOf } from "../support/bytes.ts";
import {
  type CapturedMessage,
  cacheLines,
  datagrams,
  flowCaptures,
  udpPayloads,
} from "../support/flow-captures.ts";

const HANDMADE = "39-handmade-peer";
const KINDS = ["NEW", "UPD", "DEL"];
const TYPES = [...KINDS.map((kind) => `CT_${kind}`), ...KINDS.map((kind) => `EXP_${kind}`)];
const flows = new RecordMerger("flow");
const expectations = new RecordMerger("expectation");

/** A record in memory of its own, in network order. */
function ownRecord({ body, type }: SyncCursor): Span {
  const isFlow = type <= CT_DEL;
  if (isFlow) swapPortsAndIds(body);
  const { view, size } = (isFlow ? flows : expectations).merge(undefined, body);
  if (isFlow) swapPortsAndIds(body);
  const record = new Span(new DataView(new ArrayBuffer(size)));
  copyRecord(new Span(view, 0, size), record.view, 0);
  return record;
}

/** The current message, written anew from what was read of it. */
function encodedAnew(cursor: SyncCursor): DataView {
  if (cursor.type === CONTROL) {
    const ranged = cursor.kind !== "alive";
    const view = new DataView(new ArrayBuffer(ranged ? 16 : 8));
    if (ranged) writeSyncRange(view, 0, cursor.from, cursor.to);
    const word = headerWord(CONTROL, cursor.flags, view.byteLength);
    writeSyncHeader(view, 0, word, cursor.sequence);
    return view;
  }
  const record = ownRecord(cursor);
  const view = new DataView(new ArrayBuffer(SYNC_HEADER_SIZE + record.size));
  copyRecord(record, view, SYNC_HEADER_SIZE);
  if (cursor.type <= CT_DEL) swapPortsAndIds(new Span(view, SYNC_HEADER_SIZE));
  const word = headerWord(cursor.type, cursor.flags, view.byteLength);
  writeSyncHeader(view, 0, word, cursor.sequence);
  return view;
}

const faultOf = ({ body, type }: SyncCursor): string | undefined =>
  type <= CT_DEL ? checkFlow(body) : checkExpectation(body);

/** The messages of one datagram. */
function* walk(datagram: Uint8Array): Generator<SyncCursor> {
  const cursor = new SyncCursor(viewOf(datagram));
  cursor.reset(datagram.length);
  while (cursor.next()) yield cursor;
}

function expectSame(datagram: Uint8Array): number {
  let count = 0;
  let rebuilt = "";
  for (const cursor of walk(datagram)) {
    expect(cursor.fault).toBeUndefined();
    if (cursor.kind === "data") expect(faultOf(cursor)).toBeUndefined();
    rebuilt += hexOf(encodedAnew(cursor));
    count += 1;
  }
  expect(rebuilt).toBe(formatHex(datagram));
  return count;
}

const names = [...flowCaptures.keys()].filter((name) => name !== HANDMADE);

test.each(names)("every message of %s is the same when it is written again", (name) => {
  const messages = flowCaptures.get(name)!;
  const counts = datagrams(messages).map(expectSame);
  expect(counts.reduce((total, count) => total + count, 0)).toBe(messages.length);
});

test.each([
  ["23-window-ack", 1406],
  ["38-mtu9000", 302],
])(
  "every message of %s is the same when it is written again, datagrams full of them",
  (name, least) => {
    const counts = udpPayloads(name).map(expectSame);
    expect(counts.reduce((total, count) => total + count, 0)).toBeGreaterThanOrEqual(least);
  },
);

/** Attribute numbers of a body in wire order. */
function numbersOf({ view, at, size }: Span): number[] {
  const numbers: number[] = [];
  for (let next = at; next < at + size; next += (view.getUint16(next) + 3) & ~3)
    numbers.push(view.getUint16(next + 2));
  return numbers;
}

test("headers and attributes read as the capture says", () => {
  const numbersByName = { flow: new Map<string, number>(), expectation: new Map<string, number>() };
  for (const message of [...flowCaptures].flatMap(([name, list]) =>
    name === HANDMADE ? [] : list,
  )) {
    const [cursor] = walk(datagrams([message])[0]!);
    expect(cursor).toMatchObject({ flags: message.flags, sequence: message.seq });
    if (message.from !== undefined)
      expect(cursor).toMatchObject({ from: message.from, to: message.to });
    if (message.attrs === undefined) continue;
    expect(TYPES[cursor!.type]).toBe(message.type);
    const kind = cursor!.type <= CT_DEL ? "flow" : "expectation";
    const numbers = numbersOf(cursor!.body);
    expect(numbers).toHaveLength(message.attrs.length);
    for (const [index, [name]] of message.attrs.entries()) {
      const known = numbersByName[kind].get(name) ?? numbers[index];
      expect(numbers[index]).toBe(known);
      numbersByName[kind].set(name, numbers[index]!);
    }
  }
  // All but those of DCCP, which kernels do not track any more.
  expect(numbersByName.flow.size).toBe(FLOW_TABLE.count - 2);
  expect(numbersByName.expectation.size).toBe(EXPECT_TABLE.count);
});

describe("what was received of node 1", () => {
  /** The flows of node 1 just before the first one goes. */
  function tableOf(messages: readonly CapturedMessage[]): Span[] {
    const key = new RecordKey("flow");
    const table = new Map<number, Span>();
    for (const message of messages) {
      if (message.src !== "10.255.0.1" || !(message.type ?? "").startsWith("CT_")) continue;
      if (message.type === "CT_DEL") break;
      const [cursor] = walk(datagrams([message])[0]!);
      const update = ownRecord(cursor!);
      const hash = key.load(update);
      const known = cursor!.type === CT_NEW ? undefined : table.get(hash);
      if (known !== undefined) expect(key.matches(known)).toBe(true);
      const { view, size } = flows.merge(known, update);
      table.set(hash, new Span(new DataView(view.buffer.slice(0, size))));
    }
    return [...table.values()];
  }

  const shown = names.filter((name) => /^(0[2-9]|1[0-9]|20|36)/.test(name));

  test.each(shown)("%s is shown as conntrackd -e shows it", (name) => {
    const lines = tableOf(flowCaptures.get(name)!).map((flow) => describeFlow(flow, "original"));
    // Two flows of the capture before were still there.
    const printed = cacheLines(name, "ext").filter((line) => !line.includes("sport=45100"));
    expect(lines.toSorted()).toEqual(printed.toSorted());
  });

  test.each(shown.filter((name) => !name.startsWith("17")))(
    "%s is shown as conntrackd -i shows it",
    (name) => {
      const lines = tableOf(flowCaptures.get(name)!).map((flow) => describeFlow(flow, "both"));
      const printed = cacheLines(name, "int").map((line) => line.replace(/ delta-time=\d+/, ""));
      expect(lines.toSorted()).toEqual(printed.toSorted());
    },
  );
});

test("broken messages are counted as conntrackd counted them", () => {
  const log = readFileSync(
    path.join(import.meta.dirname, "../vectors/conntrackd", `${HANDMADE}.log`),
    "utf8",
  );
  const last = (label: string): number =>
    Number([...log.matchAll(new RegExp(`${label}: (\\d+)`, "g"))].at(-1)![1]);
  const counts: Record<string, number> = {};
  const count = (fault: string): void => void (counts[fault] = (counts[fault] ?? 0) + 1);
  const messages = flowCaptures.get(HANDMADE)!.filter(({ src }) => src === "10.255.0.1");
  for (const datagram of datagrams(messages))
    for (const cursor of walk(datagram)) {
      const fault = cursor.fault ?? (cursor.kind === "data" ? faultOf(cursor) : undefined);
      if (fault !== undefined) count(fault);
    }
  expect(counts["truncated"]).toBe(last("Truncated message"));
  expect(counts["bad-size"]).toBe(last("Bad message size"));
  expect(counts["wrong-version"]).toBe(last("Wrong protocol version"));
  expect(counts["malformed-header"]).toBe(last("Malformed header"));
  expect((counts["unknown-attribute"] ?? 0) + (counts["wrong-attribute-size"] ?? 0)).toBe(
    last("Malformed payload"),
  );
  // conntrackd took the empty body, and crashed on showing it.
  expect(counts["no-usable-tuple"]).toBe(1);
});
