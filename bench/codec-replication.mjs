/**
 * What the codecs of flow replication cost per flow, in nanoseconds of CPU, and that they allocate nothing.
 * Needs a build: npm run build && node --expose-gc bench/codec-replication.mjs
 */
import { readFileSync } from "node:fs";
import { FlowReader } from "../dist/wire/ctnetlink/flow-reader.js";
import { FlowRequests } from "../dist/wire/ctnetlink/flow-requests.js";
import { RecordKey } from "../dist/wire/flow-key.js";
import { RecordMerger } from "../dist/wire/flow-merge.js";
import { checkFlow, copyRecord, Span, swapPortsAndIds } from "../dist/wire/flow-record.js";
import { headerWord, SyncCursor, writeSyncHeader } from "../dist/wire/flow-sync.js";

const ROUNDS = 400_000;
const messages = JSON.parse(
  readFileSync(new URL("../test/vectors/ctnetlink/messages.json", import.meta.url), "utf8"),
);
const kernelMessages = Object.entries(messages)
  .filter(([name]) => name !== "expectation")
  .map(([, { hex }]) => new Span(new DataView(Uint8Array.from(Buffer.from(hex, "hex")).buffer)));

const reader = new FlowReader({ timeouts: true, windowScales: false });
const records = kernelMessages.map((message) => {
  reader.read(message);
  const view = new DataView(new ArrayBuffer(reader.record.size));
  copyRecord(reader.record, view, 0);
  return new Span(view);
});
const datagram = new DataView(new ArrayBuffer(65_536));
let datagramSize = 0;
for (const record of records) {
  writeSyncHeader(datagram, datagramSize, headerWord(0, 0, 8 + record.size), datagramSize);
  copyRecord(record, datagram, datagramSize + 8);
  datagramSize += 8 + record.size;
}
const requests = new FlowRequests(new DataView(new ArrayBuffer(131_072)), { liberal: true });
const key = new RecordKey("flow", 1);
const merger = new RecordMerger("flow");
const cursor = new SyncCursor(datagram);
const out = new DataView(new ArrayBuffer(4096));

/** Each runs once per flow. */
const CASES = {
  "kernel message -> record": (index) => reader.read(kernelMessages[index]),
  "record -> create request": (index) => {
    if (requests.create(records[index], 60, 0) === "full") requests.clear();
  },
  "record -> update request": (index) => {
    if (requests.update(records[index], 60, 0) === "full") requests.clear();
  },
  "check of a received body": (index) => checkFlow(records[index]),
  "swap of ports and ids": (index) => swapPortsAndIds(records[index]),
  "hash of the key": (index) => key.load(records[index]),
  "comparison of keys": (index) => key.matches(records[index]),
  "merge of an update": (index) => merger.merge(records[index], records[index]),
  "copy and header": (index) => {
    writeSyncHeader(out, 0, headerWord(0, 0, 8 + records[index].size), index);
    copyRecord(records[index], out, 8);
  },
  "walk over a datagram": () => {
    if (cursor.next()) return;
    cursor.reset(datagramSize);
  },
};

function measure(run) {
  const start = process.cpuUsage();
  for (let round = 0, index = 0; round < ROUNDS; round += 1) {
    run(index);
    index = index + 1 === records.length ? 0 : index + 1;
  }
  return (process.cpuUsage(start).user * 1_000) / ROUNDS;
}

const best = (run) => Math.min(...Array.from({ length: 5 }, () => measure(run)));

/** Bytes of garbage per call, over one more series. */
function garbage(run) {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  measure(run);
  return Math.max(0, (process.memoryUsage().heapUsed - before) / ROUNDS);
}

process.stdout.write(`${records.length} kinds of flows, best of 5 series of ${ROUNDS}\n`);
for (const [name, run] of Object.entries(CASES)) {
  const ns = best(run);
  const bytes = garbage(run);
  process.stdout.write(
    `${name.padEnd(28)} ${ns.toFixed(0).padStart(5)} ns  ${bytes.toFixed(1).padStart(5)} bytes of garbage\n`,
  );
}
