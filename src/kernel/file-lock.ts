import { closeSync, openSync } from "node:fs";
import { ERRNO } from "./errno.ts";
import { failure, lastErrno, libc } from "./libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;

/** An exclusive lock on a file, flock(2): it ends with the process, whatever kills it. */
export class FileLock {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Creates the file if need be; undefined when another process holds the lock. Throws SyscallError and node:fs errors. */
  static acquire(path: string): FileLock | undefined {
    const fd = openSync(path, "a", 0o600);
    if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return new FileLock(fd);
    const error = lastErrno() === ERRNO.EWOULDBLOCK ? undefined : failure("flock", path);
    closeSync(fd);
    if (error !== undefined) throw error;
    return undefined;
  }

  release(): void {
    closeSync(this.#fd);
  }
}
