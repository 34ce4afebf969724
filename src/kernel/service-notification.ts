import { closeSync } from "node:fs";
import { HOST_LITTLE_ENDIAN } from "../wire/abi.ts";
import { checked, libc, Memory } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const FAMILY_SIZE = 2;
const PATH_MAX = 108;

/**
 * Sends one message of the sd_notify(3) protocol, such as "READY=1", to the service manager at `socketPath` (the
 * environment's NOTIFY_SOCKET; a leading "@" is the abstract namespace). Throws SyscallError.
 */
export function notifyServiceManager(socketPath: string, message: string): void {
  const path = Buffer.from(socketPath.replace(/^@/, "\0"));
  if (path.length > PATH_MAX) throw new RangeError(`NOTIFY_SOCKET is too long: ${socketPath}`);
  const text = Buffer.from(message);
  const address = new Memory(FAMILY_SIZE + PATH_MAX);
  address.view.setUint16(0, AF_UNIX, HOST_LITTLE_ENDIAN);
  for (const [index, byte] of path.entries()) address.view.setUint8(FAMILY_SIZE + index, byte);
  const data = new Memory(text.length);
  for (const [index, byte] of text.entries()) data.view.setUint8(index, byte);
  const fd = checked(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket", "AF_UNIX");
  try {
    const addressSize = FAMILY_SIZE + path.length;
    checked(
      libc.sendto(fd, data.address, text.length, MSG_NOSIGNAL, address.address, addressSize),
      "sendto",
      socketPath,
    );
  } finally {
    closeSync(fd);
  }
}
