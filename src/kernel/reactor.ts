/**
 * A synchronous event loop for a worker thread: epoll with the next deadline as its timeout. It never returns to
 * JavaScript's own loop, so nothing else competes with it in its thread.
 *
 * Each turn goes: wait, look at the clock, hear everything that had arrived by then, judge the deadlines. Whoever judged
 * first would, after a pause of the thread, take a peer for dead whose advertisement already lies in the socket.
 */
import { closeSync } from "node:fs";
import { type Duration, type Instant, instant, milliseconds, seconds } from "../base/time.ts";
import {
  encodeEpollEvent,
  encodeKernelTimespec,
  epollEventFd,
  epollEventSize,
  KERNEL_TIMESPEC_SIZE,
} from "../wire/abi.ts";
import { monotonicNow } from "./clock.ts";
import { ERRNO } from "./errno.ts";
import { ABI, checked, failure, lastErrno, libc, Memory } from "./libc.ts";

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EPOLLIN = 1;
const EPOLLOUT = 4;
/** The same number on every architecture, like all calls added since Linux 5.1. */
const SYS_EPOLL_PWAIT2 = 441;
const PR_SET_TIMERSLACK = 29;

/** Descriptors reported per wait; the kernel gives those that found no room the next turn. */
const EVENTS_MAX = 64;
/** Turns in a row in which more was waiting than was read, and that put off judgement. */
const POSTPONED_TURNS_MAX = 8;
const STALL_THRESHOLD: Duration = milliseconds(50);
/** A thread can only be ended from outside while it runs JavaScript, so it does that now and then. */
const IDLE_MAX: Duration = seconds(1);
const NEVER: Instant = instant(0);

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
  /** A turn that begins or lasts this much too long counts as a stall; 50 ms unless given. */
  readonly stallThreshold?: Duration;
}

export class Reactor {
  readonly #epoll: number;
  readonly #stallThreshold: Duration;
  readonly #ready = new Map<number, Ready>();
  readonly #events = new Memory(EVENTS_MAX * epollEventSize(ABI));
  readonly #timeout = new Memory(KERNEL_TIMESPEC_SIZE);
  #precise = true;
  #running = false;
  /** Of the last turn: after its wait, and when it was over. */
  #started: Instant = NEVER;
  #ended: Instant = NEVER;
  /** Turns in a row that left something unread and judged nothing. */
  #postponed = 0;

  constructor(options: ReactorOptions = {}) {
    this.#stallThreshold = options.stallThreshold ?? STALL_THRESHOLD;
    this.#epoll = checked(libc.epollCreate(EPOLL_CLOEXEC), "epoll_create1", "");
  }

  /**
   * Calls `ready` on every turn in which `fd` is readable (level-triggered), or for "writable" also in every one in which
   * it can be written to. Watching it again changes what it is watched for.
   */
  watch(fd: number, ready: Ready, until: "readable" | "writable" = "readable"): void {
    const events = until === "writable" ? EPOLLIN | EPOLLOUT : EPOLLIN;
    const isNew = !this.#ready.has(fd);
    const operation = isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    const subject = `EPOLL_CTL_${isNew ? "ADD" : "MOD"} ${fd}`;
    const event = new Memory(epollEventSize(ABI));
    encodeEpollEvent(event.view, { events, fd }, ABI);
    checked(libc.epollCtl(this.#epoll, operation, fd, event.address), "epoll_ctl", subject);
    this.#ready.set(fd, ready);
  }

  /** Forgets `fd`; call it before closing the descriptor. */
  unwatch(fd: number): void {
    if (!this.#ready.delete(fd)) return;
    checked(libc.epollCtl(this.#epoll, EPOLL_CTL_DEL, fd, 0), "epoll_ctl", `EPOLL_CTL_DEL ${fd}`);
  }

  /** Does not return to JavaScript's event loop until stop() is called from within a callback. */
  run(loop: ReactorLoop): void {
    // Ordinary threads may be woken up to 50 us late, to save power.
    libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    this.#started = monotonicNow();
    this.#ended = this.#started;
    this.#postponed = 0;
    this.#running = true;
    while (this.#running) this.#turn(loop);
  }

  stop(): void {
    this.#running = false;
  }

  close(): void {
    closeSync(this.#epoll);
  }

  #turn(loop: ReactorLoop): void {
    const due = loop.deadline();
    const overlong = this.#ended - this.#started > this.#stallThreshold;
    const atOnce = overlong || this.#postponed > 0;
    let ready = this.#wait(atOnce ? this.#ended : due);
    const now = monotonicNow();
    const passed = due !== undefined && now >= due;
    // A thread may lose the processor between two calls, and an advertisement may arrive meanwhile. What counts at
    // `now` is everything that had arrived by `now`, not what was there when the wait ended.
    if (passed || ready < 0) ready = this.#wait(now);
    const since = overlong ? this.#started : this.#lateSince(due, now);
    if (now - since > this.#stallThreshold) loop.stalled?.(since, now);
    this.#started = now;
    this.#hearThenJudge(loop, ready, passed);
    this.#ended = monotonicNow();
  }

  #hearThenJudge(loop: ReactorLoop, ready: number, passed: boolean): void {
    const occasion = passed || ready > 0 || this.#postponed > 0;
    const drained = this.#drain(ready);
    if (!occasion || !this.#running) return;
    if (!drained && this.#postponed < POSTPONED_TURNS_MAX) {
      this.#postponed += 1;
      return;
    }
    this.#postponed = 0;
    loop.judge(this.#started);
  }

  /** From when on the thread should have been running: its deadline, or its last turn's end if that was later. */
  #lateSince(due: Instant | undefined, now: Instant): Instant {
    if (due === undefined || due > now) return now;
    return due > this.#ended ? due : this.#ended;
  }

  /** True when nothing is left to read. */
  #drain(ready: number): boolean {
    let drained = ready < EVENTS_MAX;
    for (let index = 0; index < ready; index += 1) {
      const fd = epollEventFd(this.#events.view, index, ABI);
      // A callback before this one may have unwatched it.
      if (this.#ready.get(fd)?.() === false) drained = false;
    }
    return drained;
  }

  /** Waits until something is readable, `until` has passed or a second is over. How much is readable; -1 after a signal. */
  #wait(until: Instant | undefined): number {
    const span = until === undefined ? IDLE_MAX : Math.max(0, until - monotonicNow());
    const spanUs = Math.min(span, IDLE_MAX);
    const count = this.#precise ? this.#waitPrecisely(spanUs) : this.#waitCoarsely(spanUs);
    if (count >= 0) return count;
    const errno = lastErrno();
    if (errno === ERRNO.EINTR) return -1;
    // Kernels before 5.11 do not know the call, and some sandboxes forbid what they do not know.
    if (!this.#precise || (errno !== ERRNO.ENOSYS && errno !== ERRNO.EPERM))
      throw failure("epoll_wait", "");
    this.#precise = false;
    return this.#wait(until);
  }

  #waitPrecisely(spanUs: number): number {
    encodeKernelTimespec(this.#timeout.view, spanUs);
    const { address: events } = this.#events;
    return libc.syscall(
      SYS_EPOLL_PWAIT2,
      this.#epoll,
      events,
      EVENTS_MAX,
      this.#timeout.address,
      0,
      0,
    );
  }

  /** Rounds up: a turn before its deadline would only have to wait again. */
  #waitCoarsely(spanUs: number): number {
    const timeoutMs = Math.ceil(spanUs / 1_000);
    return libc.epollWait(this.#epoll, this.#events.address, EVENTS_MAX, timeoutMs);
  }
}
