// `node flow-source.mjs LAN WAN PLACE INDEX`: makes new flows for a router, in whose network namespace it runs. For each line
// "RATE COUNT FIRST MANNER" that it reads, COUNT UDP datagrams arrive on interface LAN, RATE a second, each from an address
// and a port of its own; then it prints how long that took, in milliseconds. Manner "single": evenly spread, over the cable at
// whose other end is interface number INDEX of the namespace at PLACE. "bursts": what is due in a millisecond at once. It takes
// precedence over whoever wants to run, as what arrives from a wire does. Plain JavaScript, as it is a process of its own;
// it runs the compiled kernel layer.
import { createInterface } from "node:readline";
import { setRealtimePriority } from "../dist/kernel/scheduling.js";
import { frameBursts, singleFrames } from "./flow-frames.mjs";

const PRIORITY = 40;

const [lan, wan, place, index] = process.argv.slice(2);
const MANNERS = {
  single: { tickMs: 0.05, make: singleFrames(lan, place, Number(index)) },
  bursts: { tickMs: 1, make: frameBursts(lan, wan) },
};
if (!setRealtimePriority(PRIORITY).granted)
  throw new Error("the source of flows may not run with real-time priority");

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Returns how long it took, in milliseconds. */
function send(rate, count, first, { tickMs, make }) {
  const beginAt = performance.now();
  for (let sent = 0; sent < count; ) {
    const due = Math.floor(((performance.now() - beginAt) * rate) / 1_000);
    const more = Math.min(count, due) - sent;
    if (more > 0) make(first + sent, more);
    sent += more;
    Atomics.wait(cell, 0, 0, tickMs);
  }
  return performance.now() - beginAt;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [rate, count, first, manner] = line.split(" ");
  const ms = send(Number(rate), Number(count), Number(first), MANNERS[manner]);
  process.stdout.write(`${ms}\n`);
}
