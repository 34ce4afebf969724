import { closeSync } from "node:fs";
import { writeUint64 } from "../wire/abi.ts";
import { ERRNO } from "./errno.ts";
import { checked, failure, lastErrno, libc, Memory } from "./libc.ts";

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const COUNTER_SIZE = 8;

/** A counter in the kernel that one thread raises and another waits for: eventfd(2). */
export class EventFd {
  readonly fd: number;
  readonly #one: Memory = new Memory(COUNTER_SIZE);
  readonly #read: Memory = new Memory(COUNTER_SIZE);

  private constructor(fd: number) {
    this.fd = fd;
    writeUint64(this.#one.view, 0, 1);
  }

  static create(): EventFd {
    return new EventFd(checked(libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd", ""));
  }

  /** Uses a descriptor that another thread of this process created; that thread closes it. */
  static adopt(fd: number): EventFd {
    return new EventFd(fd);
  }

  /** Makes `fd` readable. Callable from any thread of the process. */
  signal(): void {
    // A counter that is full is readable already.
    if (libc.write(this.fd, this.#one.address, COUNTER_SIZE) < 0 && lastErrno() !== ERRNO.EAGAIN)
      throw failure("write", `eventfd ${this.fd}`);
  }

  /** Makes `fd` unreadable until the next signal. */
  drain(): void {
    if (libc.read(this.fd, this.#read.address, COUNTER_SIZE) < 0 && lastErrno() !== ERRNO.EAGAIN)
      throw failure("read", `eventfd ${this.fd}`);
  }

  close(): void {
    closeSync(this.fd);
  }
}
