import type { Unseen } from "../../check/doctor/snapshot.ts";
import { SyscallError } from "../../kernel/errno.ts";

/** Collects what could not be looked at while one look is taken. */
export class Gaps {
  readonly #unseen: Unseen[] = [];

  get list(): readonly Unseen[] {
    return this.#unseen;
  }

  add(what: string, reason: string, fix: string): void {
    this.#unseen.push({ what, reason, fix });
  }

  /** What `look` finds, or `instead` where the system does not let it. Other errors pass through. */
  attempt<T>(what: string, look: () => T, instead: T): T {
    try {
      return look();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.add(what, error.message, adviceFor(error.code));
      return instead;
    }
  }
}

/** Of a system call of ours, or of Node's. */
function isSystemError(error: unknown): error is Error & { readonly code: string } {
  if (error instanceof SyscallError) return true;
  return error instanceof Error && "syscall" in error && "code" in error;
}

const adviceFor = (code: string): string =>
  code === "EPERM" || code === "EACCES"
    ? "run duet doctor as root"
    : "look at it by hand; the reason says which call failed";
