import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NotifyFifo } from "../../../src/daemon/fifo.ts";
import { MemoryLog, Workshop } from "../../support/daemon-parts.ts";

let workshop: Workshop;
let log: MemoryLog;
let path: string;

beforeEach(() => {
  workshop = new Workshop();
  log = new MemoryLog();
  path = workshop.path("fifo");
});
afterEach(() => {
  workshop.remove();
});

function read(): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(65_536);
    return bytes.subarray(0, readSync(fd, bytes)).toString("utf8");
  } finally {
    closeSync(fd);
  }
}

test("a FIFO that is not there is made, for all to read, and removed at the end", () => {
  const fifo = new NotifyFifo({ path }, log);
  expect(statSync(path).isFIFO()).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o644);
  fifo.write('INSTANCE "VI" MASTER 100');
  fifo.write('INSTANCE "VI" BACKUP 100');
  expect(read()).toBe('INSTANCE "VI" MASTER 100\nINSTANCE "VI" BACKUP 100\n');
  fifo.close();
  expect(existsSync(path)).toBe(false);
});

test("a FIFO that was there stays", () => {
  execFileSync("mkfifo", [path]);
  new NotifyFifo({ path }, log).close();
  expect(statSync(path).isFIFO()).toBe(true);
});

test("without a reader lines are lost when the pipe is full, told once, and nothing waits", () => {
  const fifo = new NotifyFifo({ path }, log);
  for (let count = 0; count < 5_000; count += 1)
    fifo.write("a line of some thirty characters, or so");
  expect(log.named("hook.fifo-unavailable")).toHaveLength(1);
  expect(read()).toMatch(/^a line/);
  fifo.write("again");
  expect(log.named("hook.fifo-unavailable")).toHaveLength(1);
  fifo.close();
});

test("a file of that name is not written to", () => {
  writeFileSync(path, "precious");
  const fifo = new NotifyFifo({ path }, log);
  fifo.write("line");
  fifo.close();
  expect(readFileSync(path, "utf8")).toBe("precious");
  expect(log.named("hook.fifo-unavailable")[0]?.fields["reason"]).toBe("it exists and is no FIFO");
});

test("a folder that is not there is told, and writing is harmless", () => {
  const fifo = new NotifyFifo({ path: "/nowhere/fifo" }, log);
  fifo.write("line");
  fifo.close();
  expect(log.named("hook.fifo-unavailable")).toHaveLength(1);
});

test("its script is started with the path as the last word, and ended with it", async () => {
  const pid = workshop.path("pid");
  const script = workshop.script("reader", `echo "$$ $*" > ${pid}; exec sleep 60`, "-v");
  const fifo = new NotifyFifo({ path, script }, log);
  await vi.waitFor(() => expect(readFileSync(pid, "utf8")).toMatch(/^\d+ -v .*fifo\n$/));
  const [id = ""] = readFileSync(pid, "utf8").split(" ");
  fifo.close();
  await vi.waitFor(() => expect(existsSync(`/proc/${id}/exe`)).toBe(false));
});
