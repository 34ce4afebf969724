import { execFileSync } from "node:child_process";
import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import type { Fifo as FifoConfig } from "../config/model.ts";
import type { Logger } from "../log/logger.ts";
import { type RunningScript, runScript } from "./script.ts";
import { lookUpIdentity } from "./users.ts";

/** One notify FIFO: a line per event, lost when nobody reads, never waited for. See notify_fifo in keepalived.conf(5). */
export class NotifyFifo {
  readonly config: FifoConfig;
  readonly #logger: Logger;
  readonly #created: boolean;
  readonly #fd: number | undefined;
  readonly #script: RunningScript | undefined;
  #complained = false;

  constructor(config: FifoConfig, logger: Logger) {
    this.config = config;
    this.#logger = logger;
    this.#created = !existsSync(config.path);
    this.#fd = this.#open();
    this.#script =
      config.script === undefined ? undefined : runScript(config.script, [config.path], undefined);
  }

  write(line: string): void {
    if (this.#fd === undefined) return;
    try {
      writeSync(this.#fd, `${line}\n`);
      this.#complained = false;
    } catch (error) {
      this.#complain(error);
    }
  }

  close(): void {
    this.#script?.end();
    if (this.#fd !== undefined) closeSync(this.#fd);
    if (this.#created && existsSync(this.config.path)) unlinkSync(this.config.path);
  }

  #open(): number | undefined {
    const { path, user, group } = this.config;
    try {
      if (!this.#created && !statSync(path).isFIFO()) throw new Error("it exists and is no FIFO");
      if (this.#created) execFileSync("mkfifo", ["-m", "0644", path], { stdio: "pipe" });
      if (this.#created && user !== undefined) {
        const { uid, gid } = lookUpIdentity(user, group);
        chownSync(path, uid, gid);
      }
      // Opened for reading too, so that it opens without a reader and a reader may come and go.
      return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    } catch (error) {
      this.#complain(error);
      return undefined;
    }
  }

  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    const { path } = this.config;
    const reason = error instanceof Error ? error.message : String(error);
    this.#logger.event("hook.fifo-unavailable", { path, reason }, `FIFO ${path}: ${reason}`);
  }
}
