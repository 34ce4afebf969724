import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { SyscallError } from "./errno.ts";

const ROOT = "/proc/sys/";

/** Reads a kernel parameter by its path below /proc/sys, such as "net/ipv4/conf/eth0.2/forwarding". */
export const readSysctl = (path: string): string =>
  attempt("read", path, () => readFileSync(place(path), "latin1").trim());

/** Writes a kernel parameter. Throws SyscallError. */
export const writeSysctl = (path: string, value: string | number): void => {
  attempt("write", `${path} = ${value}`, () => {
    // Without O_CREAT: a misspelt name is ENOENT and not EACCES.
    const fd = openSync(place(path), constants.O_WRONLY);
    try {
      writeSync(fd, String(value));
    } finally {
      closeSync(fd);
    }
  });
};

/** An interface may be called anything but "." and ".."; a path that climbs is a mistake of the caller. */
function place(path: string): string {
  if (path.startsWith("/") || path.split("/").includes(".."))
    throw new TypeError(`not a kernel parameter: ${path}`);
  return ROOT + path;
}

function attempt<T>(verb: string, subject: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof Error) || !("errno" in cause) || typeof cause.errno !== "number")
      throw cause;
    throw new SyscallError(verb, -cause.errno, `sysctl ${subject}`);
  }
}
