/** What the upstream serves and the client asks for. */
import type { Instant } from "../../base/time.ts";

export const ECHO_PORT = 7_007;
export const DOWNLOAD_PORT = 7_080;

/** A record of a download: when it was written, in decimal, padded to a fixed size. */
const RECORD_SIZE = 64;

export const encodeRecord = (writtenAt: Instant): string =>
  `${String(writtenAt).padEnd(RECORD_SIZE - 1, ".")}\n`;

/** Puts records together again, however TCP has cut them. */
export class RecordReader {
  #pending = "";
  #newest = 0 as Instant;

  /** When the newest complete record so far was written; 0 before the first one. */
  get newest(): Instant {
    return this.#newest;
  }

  read(text: string): void {
    this.#pending += text;
    const size = this.#pending.length - (this.#pending.length % RECORD_SIZE);
    if (size === 0) return;
    this.#newest = Number.parseInt(this.#pending.slice(size - RECORD_SIZE, size), 10) as Instant;
    this.#pending = this.#pending.slice(size);
  }
}
