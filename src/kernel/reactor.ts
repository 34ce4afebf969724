import type { Duration, Instant } from "../base/time.ts";

/** What a reactor serves: one set of deadlines and the judgement of what passed. */
export interface ReactorLoop {
  /** When `judge` is due next; undefined while nothing is armed. Asked once per turn, so it must be cheap. */
  deadline(): Instant | undefined;
  /** The thread was not scheduled between `since` and `now`. Called before any ingress of that turn. */
  stalled?(since: Instant, now: Instant): void;
  /** Called when the deadline passed or something was received, after every ready file descriptor was drained. */
  judge(now: Instant): void;
}

/** Reads what is there. True: nothing is left. False: a bound was hit and more is waiting. */
export type Ready = () => boolean;

export interface ReactorOptions {
  /** A turn that begins this much too late counts as a stall; 50 ms unless given. */
  readonly stallThreshold?: Duration;
}

/** A synchronous epoll loop for a worker thread. */
export declare class Reactor {
  constructor(options?: ReactorOptions);
  /** Calls `ready` on every turn in which `fd` is readable (level-triggered). */
  watch(fd: number, ready: Ready): void;
  /** Forgets `fd`; call it before closing the descriptor. */
  unwatch(fd: number): void;
  /** Does not return to JavaScript's event loop until stop() is called from within a callback. */
  run(loop: ReactorLoop): void;
  stop(): void;
  close(): void;
}
