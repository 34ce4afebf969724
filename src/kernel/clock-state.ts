/** Whether anybody keeps the system's clock right: adjtimex(2). */
import { libc, Memory } from "./libc.ts";

/** Larger than struct timex of any architecture; `modes` stays 0, so that nothing is changed. */
const TIMEX_ROOM = 512;
/** TIME_ERROR: not synchronised. */
const TIME_ERROR = 5;

/** Undefined where the kernel does not say. */
export function isClockSynchronised(): boolean | undefined {
  const state = libc.adjtimex(new Memory(TIMEX_ROOM).address);
  return state < 0 ? undefined : state !== TIME_ERROR;
}
