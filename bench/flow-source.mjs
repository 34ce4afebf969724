// `node flow-source.mjs RATE COUNT`: sends COUNT UDP datagrams, RATE a second, each from an address and port of its own, so that
// a router on the way sees as many new flows. Prints how long that took, in milliseconds. Plain JavaScript, as it is
// a process of its own inside a namespace; it runs the compiled kernel layer.
import { SendBatch } from "../dist/kernel/datagram-batch.js";
import { libc, Memory } from "../dist/kernel/libc.js";

const [rate, count, first = 0] = process.argv.slice(2).map(Number);
const [AF_INET, SOCK_RAW, IPPROTO_RAW] = [2, 3, 255];
const [IP_SIZE, UDP_SIZE, PAYLOAD_SIZE] = [20, 8, 4];
const SIZE = IP_SIZE + UDP_SIZE + PAYLOAD_SIZE;
const IPPROTO_UDP = 17;
const TARGET = 0xcb00_710a;
const FIRST_SOURCE = 0x0a40_0001;
const TICK_MS = 1;
/** Datagrams a call: the source must not be what limits the rate. */
const BATCH = 64;

const fd = libc.socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
if (fd < 0) throw new Error("no raw socket");
const address = new Memory(16);
new Uint16Array(address.view.buffer, address.view.byteOffset, 1)[0] = AF_INET;
address.view.setUint32(4, TARGET);
const batch = new SendBatch(BATCH, SIZE);
batch.setDestination(address);
const { view } = batch;

function add(number) {
  const at = batch.nextAt;
  view.setUint8(at, 0x45);
  view.setUint16(at + 2, SIZE);
  view.setUint8(at + 8, 64);
  view.setUint8(at + 9, IPPROTO_UDP);
  view.setUint32(at + 12, FIRST_SOURCE + number);
  view.setUint32(at + 16, TARGET);
  view.setUint16(at + IP_SIZE, 1_024 + (number % 60_000));
  view.setUint16(at + IP_SIZE + 2, 53);
  view.setUint16(at + IP_SIZE + 4, UDP_SIZE + PAYLOAD_SIZE);
  batch.add(SIZE);
}

function flush() {
  for (;;) {
    const outcome = batch.send(fd);
    if (outcome === "failed") throw new Error(`a datagram could not be sent: errno ${batch.errno}`);
    if (outcome === "sent") return;
  }
}

const cell = new Int32Array(new SharedArrayBuffer(4));
const beginAt = performance.now();
let sent = 0;
while (sent < count) {
  const due = Math.min(count, Math.floor(((performance.now() - beginAt) * rate) / 1_000));
  for (; sent < due; sent += 1) {
    add(first + sent);
    if (batch.isFull) flush();
  }
  flush();
  Atomics.wait(cell, 0, 0, TICK_MS);
}
process.stdout.write(`${performance.now() - beginAt}\n`);
