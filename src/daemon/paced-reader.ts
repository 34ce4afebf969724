/** Reads a descriptor of a reactor at once, or with pauses while much arrives; see EventPacing. */
import { after, type Instant, NO_TIME } from "../base/time.ts";
import type { Reactor } from "../kernel/reactor.ts";
import { EventPacing, type PacingLimits } from "./event-pacing.ts";

export interface PacedReaderOptions {
  readonly reactor: Pick<Reactor, "watch" | "unwatch">;
  readonly fd: number;
  readonly now: () => Instant;
  readonly limits: PacingLimits;
  /** Reads a bounded portion. Returns how much it was; `isDrained` unless more is waiting. */
  readonly read: (now: Instant) => { readonly count: number; readonly isDrained: boolean };
}

export class PacedReader {
  readonly #options: PacedReaderOptions;
  readonly #pacing: EventPacing;
  #resumeAt: Instant | undefined;
  #isClosed = false;
  /** Read since all was read. */
  #count = 0;

  constructor(options: PacedReaderOptions) {
    this.#options = options;
    this.#pacing = new EventPacing(options.limits);
    options.reactor.watch(options.fd, () => this.#read());
  }

  /** When reading goes on after a pause. */
  deadline(): Instant | undefined {
    return this.#resumeAt;
  }

  wake(now: Instant): void {
    if (this.#resumeAt !== undefined && now >= this.#resumeAt) this.#read();
  }

  /** Reads what there is now, whether or not it waits for the end of a pause: `portions` at most. */
  catchUp(portions: number): void {
    for (let count = 0; count < portions && !this.#isClosed; count += 1) if (this.#read()) return;
  }

  /** To be called before the descriptor is closed. */
  close(): void {
    this.#isClosed = true;
    if (this.#resumeAt === undefined) this.#options.reactor.unwatch(this.#options.fd);
    this.#resumeAt = undefined;
  }

  #read(): boolean {
    const { read, now } = this.#options;
    const time = now();
    const { count, isDrained } = read(time);
    // Whoever was told of what was read may have closed this.
    if (this.#isClosed) return true;
    this.#count += count;
    // Where more is waiting than could be read there is nothing to gain by a pause.
    const pause = isDrained ? this.#pacing.read(this.#count, time) : NO_TIME;
    if (isDrained) this.#count = 0;
    this.#setPause(pause === NO_TIME ? undefined : after(time, pause));
    return isDrained;
  }

  #setPause(resumeAt: Instant | undefined): void {
    const { reactor, fd } = this.#options;
    const wasPaused = this.#resumeAt !== undefined;
    this.#resumeAt = resumeAt;
    if (resumeAt !== undefined && !wasPaused) reactor.unwatch(fd);
    if (resumeAt === undefined && wasPaused) reactor.watch(fd, () => this.#read());
  }
}
