import { HOST_LITTLE_ENDIAN } from "../wire/abi.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { failure, libc, Memory } from "./libc.ts";

const SCHED_OTHER = 0;
const SCHED_RR = 2;
const SCHED_RESET_ON_FORK = 0x4000_0000;
const PRIO_PROCESS = 0;
const PR_SET_NAME = 15;
/** Of a thread's name, TASK_COMM_LEN with its terminator. */
const NAME_SIZE = 16;

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
 * Names the calling thread for ps -L, top -H and /proc/PID/task, as PR_SET_NAME of prctl(2) does: ASCII, 15 characters at
 * most. The main thread's name is the process's for ps -e and pidof.
 */
export function nameThread(name: string): void {
  const text = new Memory(NAME_SIZE);
  text.bytes.set(new TextEncoder().encode(name).subarray(0, NAME_SIZE - 1));
  libc.prctl(PR_SET_NAME, text.address, 0, 0, 0);
}

const denied = (error: SyscallError): Permission => ({ granted: false, error });

const permission = (result: number, syscall: string, subject: string): Permission =>
  result < 0 ? denied(failure(syscall, subject)) : { granted: true };
