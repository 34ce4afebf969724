import { readlinkSync } from "node:fs";
import { HOST_LITTLE_ENDIAN } from "../wire/abi.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { failure, libc, Memory } from "./libc.ts";

const SCHED_OTHER = 0;
const SCHED_RR = 2;
const SCHED_RESET_ON_FORK = 0x4000_0000;
const PRIO_PROCESS = 0;
const MCL_CURRENT = 1;
const MCL_ONFAULT = 4;

/** musl's own function only reports ENOSYS, because POSIX means the process where Linux means the thread. */
const SYS_SCHED_SETSCHEDULER: Readonly<Partial<Record<string, number>>> = {
  x64: 144,
  arm64: 119,
  riscv64: 119,
  loong64: 119,
  arm: 156,
  ia32: 156,
  ppc64: 156,
  s390x: 156,
};

/** What the kernel said to a request that is welcome but not needed. */
export type Permission =
  | { readonly granted: true }
  | { readonly granted: false; readonly error: SyscallError };

/** Puts the calling thread under SCHED_RR with `priority` 1 to 99; its children go back to SCHED_OTHER. */
export const setRealtimePriority = (priority: number): Permission =>
  setPolicy(SCHED_RR, priority, `SCHED_RR ${priority}`);

/**
 * Puts the calling thread back under SCHED_OTHER, which is always permitted. It must be done before a thread returns to
 * Node's event loop: there V8 asks without a pause whether its helpers have finished a collection. They have ordinary
 * priority, and do not get a processor before the kernel throttles real-time threads after 0.95 s; nor does anybody else.
 */
export const endRealtimePriority = (): Permission => setPolicy(SCHED_OTHER, 0, "SCHED_OTHER");

function setPolicy(policy: number, priority: number, subject: string): Permission {
  const number = SYS_SCHED_SETSCHEDULER[process.arch];
  if (number === undefined)
    return denied(new SyscallError("sched_setscheduler", ERRNO.ENOSYS, subject));
  const parameter = new Memory(4);
  parameter.view.setInt32(0, priority, HOST_LITTLE_ENDIAN);
  const flags = policy | SCHED_RESET_ON_FORK;
  const result = libc.syscall(number, 0, flags, parameter.address, 0, 0, 0);
  return permission(result, "sched_setscheduler", subject);
}

/** Sets the nice value of the calling thread, -20 to 19. */
export const setNice = (nice: number): Permission =>
  permission(libc.setpriority(PRIO_PROCESS, 0, nice), "setpriority", `nice ${nice}`);

/**
 * Keeps the pages that the whole process has mapped now in memory, each from its first use. Later mappings are left out:
 * under a limit, they would fail instead.
 */
export const lockMemory = (): Permission =>
  permission(libc.mlockall(MCL_CURRENT | MCL_ONFAULT), "mlockall", "");

/** The kernel's id of the calling thread, as in ps -L. */
export const threadId = (): number => Number(readlinkSync("/proc/thread-self").split("/").at(-1));

const denied = (error: SyscallError): Permission => ({ granted: false, error });

const permission = (result: number, syscall: string, subject: string): Permission =>
  result < 0 ? denied(failure(syscall, subject)) : { granted: true };
