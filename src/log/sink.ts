/**
 * Where log lines go. A pipe, terminal or journal that nobody reads costs lines, which are counted, and never time: writing
 * is asynchronous and what waits is bounded. The descriptor is made not to block, because a thread that hangs in write(2) would
 * keep even a finished process from ending.
 */
import { constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { Socket } from "node:net";

/** Takes finished lines. */
export interface LogSink {
  write(line: string): void;
  droppedLines(): number;
  /** Calls `listener` with the number of lines dropped once lines can be written again. */
  onRecovered(listener: (count: number) => void): void;
  /** Writes what waits before it returns; gives a slow reader one second. */
  flush(): void;
  /** The same without holding up the thread. Nothing is written afterwards. */
  close(): Promise<void>;
}

/** What waits for the reader of the log at most, in bytes; more is dropped. */
const LOG_BUFFER_SIZE_MAX: number = 1024 * 1024;
const FLUSH_TIMEOUT_MS = 1_000;
const RETRY_PAUSE_MS = 20;

/** Opens a sink on a file descriptor, which stays open when the sink is closed. */
export function openLogSink(fd: number, sizeMax: number = LOG_BUFFER_SIZE_MAX): LogSink {
  return new DescriptorSink(withoutBlocking(fd), sizeMax);
}

/** True when `fd` is connected to systemd's journal, as JOURNAL_STREAM ("device:inode") says; see systemd.exec(5). */
export function isJournal(fd: number, journalStream: string | undefined): boolean {
  if (journalStream === undefined) return false;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return journalStream === `${dev}:${ino}`;
}

/** A descriptor for the same file that does not block; `fd` itself where that cannot be had or is not needed. */
function withoutBlocking(fd: number): number {
  const stat = fstatSync(fd);
  // The journal's and a parent's sockets cannot be opened twice. A handle made on one takes its blocking away, and need
  // do nothing else.
  if (stat.isSocket()) new Socket({ fd, readable: false, writable: true }).unref();
  if (!stat.isFIFO() && !stat.isCharacterDevice()) return fd;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // Another user's terminal, or no /proc: blocking writes are still off this thread.
    return fd;
  }
}

class DescriptorSink implements LogSink {
  readonly #fd: number;
  readonly #sizeMax: number;
  #lines: string[] = [];
  /** What was taken from `#lines` and is not out yet. */
  #chunk: Buffer = Buffer.alloc(0);
  /** Bytes in both. */
  #size = 0;
  /** "pool": a thread is in write(2), which cannot be called back. "pause": the reader is full, a timer runs. */
  #state: "idle" | "pool" | "pause" = "idle";
  /** Numbers the writes, so that one that a flush overtook is not taken for a later one. */
  #turn = 0;
  #retry: NodeJS.Timeout | undefined;
  #dropped = 0;
  #reported = 0;
  #closed = false;
  #recovered: (count: number) => void = () => {};
  #emptied: () => void = () => {};

  constructor(fd: number, sizeMax: number) {
    this.#fd = fd;
    this.#sizeMax = sizeMax;
  }

  write(line: string): void {
    const size = Buffer.byteLength(line);
    if (this.#closed || this.#size + size > this.#sizeMax) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#size += size;
    this.#pump();
  }

  droppedLines(): number {
    return this.#dropped;
  }

  onRecovered(listener: (count: number) => void): void {
    this.#recovered = listener;
  }

  flush(): void {
    clearTimeout(this.#retry);
    // The thread of a write under way ends before the process does; its bytes are left to it.
    if (this.#state === "pool") this.#advance(null, this.#chunk.length);
    this.#turn += 1;
    this.#state = "idle";
    const deadline = performance.now() + FLUSH_TIMEOUT_MS;
    while (this.#take() && performance.now() < deadline) this.#writeNow();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
        this.#emptied = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    clearTimeout(this.#retry);
  }

  #pump(): void {
    if (this.#state !== "idle" || !this.#take()) return;
    this.#state = "pool";
    this.#turn += 1;
    const turn = this.#turn;
    write(this.#fd, this.#chunk, (error, count) => {
      if (turn === this.#turn) this.#written(error, count);
    });
  }

  #written(error: NodeJS.ErrnoException | null, count: number): void {
    if (error?.code === "EAGAIN") {
      this.#state = "pause";
      this.#retry = setTimeout(() => this.#resume(), RETRY_PAUSE_MS);
      return;
    }
    this.#advance(error, count);
    this.#resume();
    if (this.#size > 0) return;
    this.#emptied();
    // Not after an error: the report would be lost as well, and then be reported in turn.
    if (error === null) this.#report();
  }

  #resume(): void {
    this.#state = "idle";
    this.#pump();
  }

  /** Makes sure that there is a chunk to write; false when nothing waits. */
  #take(): boolean {
    if (this.#chunk.length > 0) return true;
    this.#chunk = Buffer.from(this.#lines.join(""));
    this.#lines = [];
    this.#size = this.#chunk.length;
    return this.#size > 0;
  }

  #writeNow(): void {
    try {
      this.#advance(null, writeSync(this.#fd, this.#chunk));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") sleep(RETRY_PAUSE_MS);
      else this.#advance(error as NodeJS.ErrnoException, 0);
    }
  }

  /** After a closed reader (EPIPE) or a full disk the lines are lost and count as such; the daemon goes on. */
  #advance(error: Error | null, count: number): void {
    const done = error === null ? count : this.#chunk.length;
    if (error !== null) this.#dropped += this.#chunk.toString("latin1").split("\n").length - 1;
    this.#chunk = this.#chunk.subarray(done);
    this.#size -= done;
  }

  #report(): void {
    const count = this.#dropped - this.#reported;
    this.#reported = this.#dropped;
    if (count > 0 && !this.#closed) this.#recovered(count);
  }
}

/** Holds up the thread, which only the flush of a process that is ending may do. */
function sleep(timeMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeMs);
}
