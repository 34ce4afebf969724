import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { checked, libc } from "./libc.ts";

const PR_SET_PDEATHSIG = 1;

/** Bits of capabilities(7). */
const CAPABILITY_BITS = {
  CAP_KILL: 5,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_IPC_LOCK: 14,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_NICE: 23,
} as const;

export type Capability = keyof typeof CAPABILITY_BITS;

/** Which of `wanted` the process does not have in its effective set. */
export function missingCapabilities(wanted: readonly Capability[]): readonly Capability[] {
  const effective = effectiveSet(readFileSync("/proc/self/status", "latin1"));
  return wanted.filter((name) => ((effective >> BigInt(CAPABILITY_BITS[name])) & 1n) === 0n);
}

/** The CapEff line of proc_pid_status(5); nothing when there is none. */
function effectiveSet(status: string): bigint {
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return hex === undefined ? 0n : BigInt(`0x${hex}`);
}

/** Asks the kernel to send `signal` to this process when its parent ends; SIGTERM unless given. */
export function dieWithParent(signal: NodeJS.Signals = "SIGTERM"): void {
  const number = constants.signals[signal];
  checked(libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0), "prctl", `PR_SET_PDEATHSIG ${signal}`);
}
