/** A counter in the kernel that one thread raises and another waits for: eventfd(2). */
export declare class EventFd {
  private constructor();
  static create(): EventFd;
  /** Uses a descriptor that another thread of this process created; that thread closes it. */
  static adopt(fd: number): EventFd;
  readonly fd: number;
  /** Makes `fd` readable. Callable from any thread of the process. */
  signal(): void;
  /** Makes `fd` unreadable until the next signal. */
  drain(): void;
  close(): void;
}
