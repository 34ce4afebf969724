import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

/** Numbers of the errors of errno(3), which differ between architectures. */
export const ERRNO: Readonly<typeof constants.errno> = constants.errno;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
);

/** The name of an errno: 22 is "EINVAL"; one that has none is written as "errno 999". */
export const errnoCode = (errno: number): string =>
  getSystemErrorMap().get(-errno)?.[0] ?? NAMES.get(errno) ?? `errno ${errno}`;

/** What an errno means, in words. */
export const errnoText = (errno: number): string =>
  getSystemErrorMap().get(-errno)?.[1] ?? "unknown error";

/**
 * A system call that failed. The message names the call, its subject and the error:
 * "setsockopt IP_ADD_MEMBERSHIP 224.0.0.18 on eth1: ENODEV: no such device".
 */
export class SyscallError extends Error {
  override readonly name: string = "SyscallError";
  /** The call, as in its manual page. */
  readonly syscall: string;
  readonly errno: number;
  /** The errno's name, such as "EPERM". */
  readonly code: string;
  /** What the call was about, in words that an operator can place. */
  readonly subject: string;

  constructor(syscall: string, errno: number, subject: string) {
    super(
      `${[syscall, subject].filter(Boolean).join(" ")}: ${errnoCode(errno)}: ${errnoText(errno)}`,
    );
    this.syscall = syscall;
    this.errno = errno;
    this.code = errnoCode(errno);
    this.subject = subject;
  }
}
