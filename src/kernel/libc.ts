/**
 * The C library's functions that Duet calls. Addresses are plain numbers (they fit in 53 bits), results are checked by
 * the callers, and no structure is known here: those are codecs in wire/abi.ts.
 */
import koffi from "koffi";
import { type Abi, abiOf } from "../wire/abi.ts";
import { SyscallError } from "./errno.ts";

export const ABI: Abi = abiOf(process.arch);

/** Symbols of the running program: the C library that Node itself is linked with, be it glibc or musl. */
const library = koffi.load(null);

/** `prototype` is the C declaration with every pointer as `intptr_t`. */
const declare = (prototype: string): ((...values: readonly number[]) => number) =>
  library.func(prototype);

type Call<Parameters extends readonly number[]> = (...values: Parameters) => number;

interface Libc {
  readonly socket: Call<[family: number, type: number, protocol: number]>;
  readonly bind: Call<[fd: number, address: number, size: number]>;
  readonly getsockname: Call<[fd: number, address: number, size: number]>;
  readonly setsockopt: Call<
    [fd: number, level: number, option: number, value: number, size: number]
  >;
  readonly sendto: Call<
    [fd: number, data: number, size: number, flags: number, address: number, addressSize: number]
  >;
  readonly recvfrom: Call<
    [fd: number, data: number, size: number, flags: number, address: number, addressSize: number]
  >;
  readonly recvmmsg: Call<
    [fd: number, headers: number, count: number, flags: number, timeout: number]
  >;
  readonly sendmmsg: Call<[fd: number, headers: number, count: number, flags: number]>;
  readonly getsockopt: Call<
    [fd: number, level: number, option: number, value: number, size: number]
  >;
  readonly connect: Call<[fd: number, address: number, size: number]>;
  readonly listen: Call<[fd: number, backlog: number]>;
  readonly accept4: Call<[fd: number, address: number, size: number, flags: number]>;
  readonly read: Call<[fd: number, data: number, size: number]>;
  readonly write: Call<[fd: number, data: number, size: number]>;
  readonly flock: Call<[fd: number, operation: number]>;
  readonly eventfd: Call<[count: number, flags: number]>;
  readonly epollCreate: Call<[flags: number]>;
  readonly epollCtl: Call<[epoll: number, operation: number, fd: number, event: number]>;
  readonly epollWait: Call<[epoll: number, events: number, count: number, timeoutMs: number]>;
  readonly clockGettime: Call<[clock: number, time: number]>;
  readonly setns: Call<[fd: number, type: number]>;
  readonly unshare: Call<[flags: number]>;
  readonly prctl: Call<[option: number, a: number, b: number, c: number, d: number]>;
  readonly setpriority: Call<[which: number, who: number, priority: number]>;
  readonly adjtimex: Call<[buffer: number]>;
  /** For what a C library does not wrap. Six arguments always, the unused ones 0. */
  readonly syscall: Call<
    [number: number, a: number, b: number, c: number, d: number, e: number, f: number]
  >;
}

/** Calls of section 2 of the manual. A result below 0 says that the call failed. */
export const libc: Libc = {
  socket: declare("int socket(int, int, int)"),
  bind: declare("int bind(int, intptr_t, uint32_t)"),
  getsockname: declare("int getsockname(int, intptr_t, intptr_t)"),
  setsockopt: declare("int setsockopt(int, int, int, intptr_t, uint32_t)"),
  sendto: declare("intptr_t sendto(int, intptr_t, size_t, int, intptr_t, uint32_t)"),
  recvfrom: declare("intptr_t recvfrom(int, intptr_t, size_t, int, intptr_t, intptr_t)"),
  recvmmsg: declare("int recvmmsg(int, intptr_t, uint32_t, int, intptr_t)"),
  sendmmsg: declare("int sendmmsg(int, intptr_t, uint32_t, int)"),
  getsockopt: declare("int getsockopt(int, int, int, intptr_t, intptr_t)"),
  connect: declare("int connect(int, intptr_t, uint32_t)"),
  listen: declare("int listen(int, int)"),
  accept4: declare("int accept4(int, intptr_t, intptr_t, int)"),
  read: declare("intptr_t read(int, intptr_t, size_t)"),
  write: declare("intptr_t write(int, intptr_t, size_t)"),
  flock: declare("int flock(int, int)"),
  eventfd: declare("int eventfd(uint32_t, int)"),
  epollCreate: declare("int epoll_create1(int)"),
  epollCtl: declare("int epoll_ctl(int, int, int, intptr_t)"),
  epollWait: declare("int epoll_wait(int, intptr_t, int, int)"),
  clockGettime: declare("int clock_gettime(int, intptr_t)"),
  setns: declare("int setns(int, int)"),
  unshare: declare("int unshare(int)"),
  prctl: declare("int prctl(int, long, long, long, long)"),
  setpriority: declare("int setpriority(int, uint32_t, int)"),
  adjtimex: declare("int adjtimex(intptr_t)"),
  syscall: declare("long syscall(long, long, long, long, long, long, long)"),
};

/** The calling thread's errno; only meaningful right after a call that failed. */
export const lastErrno = (): number => koffi.errno();

/** The error of the call that just failed. */
export const failure = (syscall: string, subject: string): SyscallError =>
  new SyscallError(syscall, lastErrno(), subject);

/** Passes a result on; throws when it says that the call failed. For calls off the hot path. */
export function checked(result: number, syscall: string, subject: string): number {
  if (result < 0) throw failure(syscall, subject);
  return result;
}

/**
 * Memory that system calls write to and structures point into. The store of an ArrayBuffer lies outside the collected
 * heap and never moves, unlike that of a small typed array; it lives as long as this object does.
 */
export class Memory {
  readonly size: number;
  readonly address: number;
  readonly view: DataView;
  readonly bytes: Uint8Array;

  constructor(size: number) {
    const store = new ArrayBuffer(size);
    this.size = size;
    this.address = Number(koffi.address(store));
    this.view = new DataView(store);
    this.bytes = new Uint8Array(store);
  }
}
