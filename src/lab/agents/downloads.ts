/** Holds open downloads from the upstream, in the client's namespace, and tells ten times a second how fresh they are. */
import { connect } from "node:net";
import { monotonicNow } from "../../kernel/clock.ts";
import { say } from "./say.ts";
import { DOWNLOAD_PORT, RecordReader } from "./services.ts";

const TELL_EACH_MS = 100;

const address = process.argv[2] ?? "";
const count = Number(process.argv[3]);

function download(index: number): RecordReader {
  const reader = new RecordReader();
  const socket = connect({ host: address, port: DOWNLOAD_PORT });
  let reason = "closed";
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    reader.read(text);
  });
  socket.once("error", (error: NodeJS.ErrnoException) => {
    reason = error.code ?? error.message;
  });
  socket.once("close", () => {
    say({ type: "download-ended", at: monotonicNow(), download: index, reason });
  });
  return reader;
}

const readers = Array.from({ length: count }, (_, index) => download(index));
let isReady = false;

setInterval(() => {
  const at = monotonicNow();
  const stamps = readers.map(({ newest }) => newest);
  if (!isReady && stamps.every((stamp) => stamp > 0)) {
    isReady = true;
    say({ type: "ready", at, realtime: false });
  }
  if (isReady) say({ type: "downloads", at, stamps });
}, TELL_EACH_MS);
