import { readFileSync } from "node:fs";

/** Bits of capabilities(7). */
const CAPABILITY_BITS = {
  CAP_KILL: 5,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
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
