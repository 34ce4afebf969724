import { type Instant, instant } from "../base/time.ts";
import { decodeTimespecUs, timespecSize } from "../wire/abi.ts";
import { ABI, checked, libc, Memory } from "./libc.ts";

const CLOCK_MONOTONIC = 1;
const CLOCK_BOOTTIME = 7;

/** Overwritten by every call; one per thread, because each thread has its own copy of this module. */
const time: Memory = new Memory(timespecSize(ABI));

function read(clock: number): Instant {
  checked(libc.clockGettime(clock, time.address), "clock_gettime", "");
  return instant(decodeTimespecUs(time.view, ABI));
}

/** CLOCK_MONOTONIC in whole microseconds: never jumps, stands still while the machine sleeps. */
export const monotonicNow = (): Instant => read(CLOCK_MONOTONIC);

/** CLOCK_BOOTTIME in whole microseconds: goes on while the machine sleeps. Not comparable with monotonicNow(). */
export const boottimeNow = (): Instant => read(CLOCK_BOOTTIME);
