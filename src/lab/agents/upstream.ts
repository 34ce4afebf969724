/**
 * The far end, in the upstream's namespace: echoes UDP probes and serves downloads that never end, one small record every
 * 50 ms on each. A record carries the time it was written, so that a reader can tell fresh bytes from delayed ones.
 */
import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { monotonicNow } from "../../kernel/clock.ts";
import { setRealtimePriority } from "../../kernel/scheduling.ts";
import { say } from "./say.ts";
import { DOWNLOAD_PORT, ECHO_PORT, encodeRecord } from "./services.ts";

const WRITE_EACH_MS = 50;

/** As the probes have it: an echo that waits for a processor looks like an outage. */
const REALTIME_PRIORITY = 1;

const address = process.argv[2] ?? "";
const { granted: realtime } = setRealtimePriority(REALTIME_PRIORITY);
const readers = new Set<Socket>();

const echo = createSocket("udp4");
echo.on("message", (message, from) => {
  // A reply that cannot leave is a lost probe, which is what the other end is there to notice.
  echo.send(message, from.port, from.address, () => undefined);
});

const downloads = createServer({ noDelay: true }, (socket) => {
  readers.add(socket);
  socket.on("error", () => undefined);
  socket.once("close", () => {
    readers.delete(socket);
  });
  socket.resume();
});

echo.bind(ECHO_PORT, address, () => {
  downloads.listen(DOWNLOAD_PORT, address, () => {
    say({ type: "ready", at: monotonicNow(), realtime });
  });
});

setInterval(() => {
  const record = encodeRecord(monotonicNow());
  for (const socket of readers) socket.write(record);
}, WRITE_EACH_MS);
