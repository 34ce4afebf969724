import { type Instant, instant } from "../base/time.ts";
import { decodeTimespecUs, timespecSize } from "../wire/abi.ts";
import { ABI, checked, libc, Memory } from "./libc.ts";

const CLOCK_MONOTONIC = 1;

/** Overwritten by every call; one per thread, because each thread has its own copy of this module. */
const time: Memory = new Memory(timespecSize(ABI));

/** CLOCK_MONOTONIC in whole microseconds: never jumps, stands still while the machine sleeps. */
export function monotonicNow(): Instant {
  checked(libc.clockGettime(CLOCK_MONOTONIC, time.address), "clock_gettime", "");
  return instant(decodeTimespecUs(time.view, ABI));
}
