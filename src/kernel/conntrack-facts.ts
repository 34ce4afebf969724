/** What the kernel says of its connection tracking in general: sysctls of net.netfilter. */
import { SyscallError } from "./errno.ts";
import { readSysctl } from "./sysctl.ts";

/** Null: this kernel does not have the parameter, or connection tracking is not loaded. */
export interface KernelConntrackFacts {
  /** Entries that the table takes at most. */
  readonly max: number | null;
  readonly buckets: number | null;
  /** Entries now. */
  readonly count: number | null;
  /** Segments outside of the known window are let through. */
  readonly tcpBeLiberal: boolean | null;
  /** False: the kernel reports no changes, so nothing can be replicated. */
  readonly events: boolean | null;
  readonly accounting: boolean | null;
  readonly timestamps: boolean | null;
}

export function readConntrackFacts(): KernelConntrackFacts {
  return {
    max: number("nf_conntrack_max"),
    buckets: number("nf_conntrack_buckets"),
    count: number("nf_conntrack_count"),
    tcpBeLiberal: flag("nf_conntrack_tcp_be_liberal"),
    events: flag("nf_conntrack_events"),
    accounting: flag("nf_conntrack_acct"),
    timestamps: flag("nf_conntrack_timestamp"),
  };
}

/**
 * Flows that begin while nobody listens never report anything, not even their end: nf_conntrack_events is 2, the default
 * since Linux 6.0.
 */
export const reportsOnDemand = (): boolean => number("nf_conntrack_events") === 2;

function number(name: string): number | null {
  try {
    return Number(readSysctl(`net/netfilter/${name}`));
  } catch (error) {
    if (error instanceof SyscallError) return null;
    throw error;
  }
}

function flag(name: string): boolean | null {
  const value = number(name);
  return value === null ? null : value !== 0;
}
