import type { SyscallError } from "./errno.ts";

/** What the kernel said to a request that is welcome but not needed. */
export type Permission =
  | { readonly granted: true }
  | { readonly granted: false; readonly error: SyscallError };

/** Puts the calling thread under SCHED_RR with `priority` 1 to 99; its children go back to SCHED_OTHER. */
export declare function setRealtimePriority(priority: number): Permission;
/** Sets the nice value of the calling thread, -20 to 19. */
export declare function setNice(nice: number): Permission;
/** Keeps the pages of the whole process that are in use now in memory (mlockall MCL_CURRENT | MCL_ONFAULT). */
export declare function lockMemory(): Permission;
/** The kernel's id of the calling thread. */
export declare function threadId(): number;
