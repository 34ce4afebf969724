import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { isJournal, openLogSink } from "../../../src/log/sink.ts";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 30_000 });
const SOON = { timeout: 20_000 };

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A pipe that nobody reads until `read` is called. */
function makePipe() {
  const fifo = path.join(temporaryFolder(), "fifo");
  execFileSync("mkfifo", [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(fifo, constants.O_WRONLY);
  let isOpen = true;
  const closeReader = (): void => {
    if (isOpen) closeSync(reader);
    isOpen = false;
  };
  onTestFinished(() => {
    closeReader();
    closeSync(writer);
  });
  const read = (): string => {
    const bytes = Buffer.alloc(1_000_000);
    return bytes.toString("utf8", 0, readSync(reader, bytes));
  };
  return { writer, read, closeReader };
}

function openFile() {
  const file = path.join(temporaryFolder(), "log");
  const fd = openSync(file, "w");
  onTestFinished(() => closeSync(fd));
  return { file, fd };
}

test("lines arrive in order", async () => {
  const { file, fd } = openFile();
  const sink = openLogSink(fd);
  for (let index = 0; index < 1_000; index += 1) sink.write(`${index}\n`);
  await sink.close();
  const lines = readFileSync(file, "utf8").split("\n");
  expect(lines).toEqual([...Array.from({ length: 1_000 }, (_, index) => `${index}`), ""]);
});

test("a flush writes what waits before it returns", () => {
  const { file, fd } = openFile();
  const sink = openLogSink(fd);
  sink.write("first\n");
  sink.write("second\n");
  sink.flush();
  expect(readFileSync(file, "utf8")).toContain("second\n");
});

test("a reader that does not read costs lines, which are counted, and no time", async () => {
  const { writer } = makePipe();
  const sink = openLogSink(writer, 200_000);
  const line = `${"x".repeat(99)}\n`;
  const begin = performance.now();
  for (let index = 0; index < 10_000; index += 1) sink.write(line);
  expect(performance.now() - begin).toBeLessThan(5_000);
  expect(sink.droppedLines()).toBe(8_000);
  await sink.close();
});

test("the number of dropped lines is told when the reader is back", async () => {
  const { writer, read } = makePipe();
  const sink = openLogSink(writer, 200_000);
  const told: number[] = [];
  sink.onRecovered((count) => {
    told.push(count);
    sink.write("recovered\n");
  });
  for (let index = 0; index < 3_000; index += 1) sink.write(`${"x".repeat(99)}\n`);
  let text = "";
  const drain = (): string => {
    try {
      text += read();
    } catch {
      // Nothing is there at the moment.
    }
    return text;
  };
  await expect.poll(drain, { ...SOON, interval: 5 }).toContain("recovered\n");
  expect(told).toEqual([1_000]);
});

test("a reader that is gone costs lines and nothing else", async () => {
  const { writer, closeReader } = makePipe();
  const sink = openLogSink(writer);
  closeReader();
  sink.onRecovered(() => sink.write("never ends\n"));
  sink.write("lost\n");
  await expect.poll(() => sink.droppedLines(), SOON).toBe(1);
  sink.write("lost, too\n");
  sink.flush();
  await sink.close();
  sink.write("late\n");
  expect(sink.droppedLines()).toBeGreaterThanOrEqual(2);
});

test("a process whose log nobody reads still ends", async () => {
  const module = path.join(import.meta.dirname, "../../../dist/log/sink.js");
  const script = `
    import { openLogSink } from ${JSON.stringify(module)};
    const sink = openLogSink(2);
    for (let index = 0; index < 20000; index += 1) sink.write("x".repeat(99) + "\\n");
    sink.flush();
    process.exit(5);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  expect(await ended(child)).toBe(5);
});

test("the journal is known by its device and inode, not by a variable that was merely inherited", () => {
  const { fd } = openFile();
  const { dev, ino } = fstatSync(fd);
  expect(isJournal(fd, `${dev}:${ino}`)).toBe(true);
  expect(isJournal(fd, `${dev}:${ino + 1}`)).toBe(false);
  expect(isJournal(fd, undefined)).toBe(false);
});

async function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once("exit", resolve);
  });
}
