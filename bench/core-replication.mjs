/**
 * What the replication core costs per flow, both routers in one process and without sockets: CPU time and bytes.
 * Needs a build: npm run build && node --expose-gc bench/core-replication.mjs
 */
import { readFileSync } from "node:fs";
import { Replicator } from "../dist/replication/replicator.js";
import { FlowRequests } from "../dist/wire/ctnetlink/flow-requests.js";
import { Span } from "../dist/wire/flow-record.js";

const FLOWS = 100_000;
/** Events that are taken in between two rounds of sending. */
const BATCH = 200;
const ROUNDS = 4;
const CAPACITY = 1472;
const DATAGRAMS = 64;
/** Microseconds that are let pass between batches, and rounds of silence at the end of each case. */
const BATCH_TIME = 10_000;
const QUIET_ROUNDS = 20;
const QUIET_TIME = 60_000;

const CONFIG = {
  mode: {
    type: "ftfw",
    resendQueueSize: 131_072,
    ackWindowSize: 300,
    externalCache: true,
    startupResync: false,
  },
  channels: [{ isDefault: true }],
  commitTimeout: undefined,
  purgeTimeout: 60_000_000,
  loadsAhead: false,
  windowTracking: false,
  expectations: false,
  hashLimit: 262_144,
  overrunResync: undefined,
  poll: undefined,
  filter: { place: "userspace", protocols: undefined, addresses: undefined, tcpStates: undefined },
};

const messages = JSON.parse(
  readFileSync(new URL("../test/vectors/ctnetlink/messages.json", import.meta.url), "utf8"),
);
const original = Buffer.from(messages["tcp with snat"].hex, "hex");
/** Where the kernel's message has the source of the original tuple: behind the headers of three nested attributes. */
const SOURCE_AT = 12;

/** The same flow from FLOWS different addresses, as the kernel tells of it. */
const events = Array.from({ length: FLOWS }, (_, index) => {
  const view = new DataView(Uint8Array.from(original).buffer);
  view.setUint32(SOURCE_AT, 0x0a000000 + index);
  return new Span(view);
});

let now = 1_000_000;
const buffers = Array.from({ length: DATAGRAMS }, () => new DataView(new ArrayBuffer(2048)));
const sizes = new Int32Array(DATAGRAMS);
const cpu = { ingest: 0, active: 0, backup: 0 };

function newReplicator(startSequence) {
  const options = { config: CONFIG, startSequence, seed: startSequence, peerIsLittleEndian: true };
  const replicator = new Replicator(options, now);
  replicator.handleLink(0, CAPACITY);
  replicator.beginDump();
  replicator.endDump(true, now);
  return replicator;
}

function timed(part, run) {
  const start = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(start);
  cpu[part] += user + system;
  return result;
}

function poll(replicator) {
  for (let count = 0; count < DATAGRAMS; count += 1) {
    sizes[count] = replicator.pollTransmit(buffers[count], 0, now);
    if (sizes[count] === 0) return count;
  }
  return DATAGRAMS;
}

function give(replicator, count) {
  for (let index = 0; index < count; index += 1)
    replicator.handleDatagram(buffers[index], sizes[index], 0, now);
  replicator.wake(now);
}

/** Carries datagrams to and fro until there are none. */
function exchange(active, backup) {
  for (;;) {
    const sent = timed("active", () => poll(active));
    const answered = timed("backup", () => {
      give(backup, sent);
      return poll(backup);
    });
    timed("active", () => give(active, answered));
    if (sent === 0 && answered === 0) return;
    now += 100;
  }
}

function settle(active, backup) {
  for (let round = 0; round < QUIET_ROUNDS; round += 1) {
    exchange(active, backup);
    now += QUIET_TIME;
  }
}

function measure(name, run) {
  for (const part of Object.keys(cpu)) cpu[part] = 0;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  run();
  const grown = process.memoryUsage().heapUsed - before;
  const each = (part) => (cpu[part] / FLOWS).toFixed(2).padStart(6);
  process.stdout.write(
    `${name.padEnd(16)}${each("ingest")}${each("active")}${each("backup")}${(grown / FLOWS).toFixed(1).padStart(8)}\n`,
  );
}

const [active, backup] = [newReplicator(1000), newReplicator(5_000_000)];
settle(active, backup);
process.stdout.write("µs of CPU per flow  event  send  receive   heap bytes\n");
for (let round = 1; round <= ROUNDS; round += 1) {
  for (const news of round < ROUNDS ? ["new", "update", "destroy"] : ["new"])
    measure(`${news} (${round})`, () => {
      for (let first = 0; first < FLOWS; first += BATCH) {
        timed("ingest", () => {
          for (let index = first; index < first + BATCH; index += 1)
            active.handleFlow(news, events[index], now);
        });
        exchange(active, backup);
        now += BATCH_TIME;
      }
      settle(active, backup);
    });
}
const held = backup.view(now).flows.external.flows;
process.stdout.write(
  `table bytes per flow: ${(backup.view(now).tableBytes / held).toFixed(0)} (${held} flows)\n`,
);

measure("full resync", () => {
  active.sendAll(now);
  settle(active, backup);
});
process.stdout.write(`lost: ${backup.view(now).traffic.lost}\n`);

const requests = new FlowRequests(new DataView(new ArrayBuffer(262_144)), { liberal: true });
measure("commit", () => {
  timed("ingest", () => {
    backup.handleTakeover("late", now);
    while (backup.hasKernelWrites) {
      requests.clear();
      backup.pollKernelWrites(requests, now);
      backup.settleKernelWrites(now);
    }
  });
});
const start = performance.now();
backup.handleTakeover("finish", now);
const finished = performance.now();
backup.wake(now);
process.stdout.write(
  `finish ${(finished - start).toFixed(2)} ms, adoption behind it ${(performance.now() - finished).toFixed(1)} ms\n`,
);
