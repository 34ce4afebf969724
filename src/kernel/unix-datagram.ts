import { closeSync } from "node:fs";
import { HOST_LITTLE_ENDIAN } from "../wire/abi.ts";
import { checked, libc, Memory } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const MSG_DONTWAIT = 0x40;
const FAMILY_SIZE = 2;
/** Bytes that the path of a UNIX socket may have. */
const PATH_MAX = 108;

/**
 * Sends one message to the datagram socket at `path` of unix(7), without waiting; a leading "@" is the abstract namespace.
 * Throws SyscallError, and RangeError for a path that is too long.
 */
export function sendUnixDatagram(path: string, message: string): void {
  const place = Buffer.from(path.replace(/^@/, "\0"));
  if (place.length > PATH_MAX) throw new RangeError(`path of a socket is too long: ${path}`);
  const text = Buffer.from(message);
  const address = new Memory(FAMILY_SIZE + PATH_MAX);
  address.view.setUint16(0, AF_UNIX, HOST_LITTLE_ENDIAN);
  address.bytes.set(place, FAMILY_SIZE);
  const data = new Memory(text.length);
  data.bytes.set(text);
  const fd = checked(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket", "AF_UNIX");
  try {
    const size = FAMILY_SIZE + place.length;
    const flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    checked(
      libc.sendto(fd, data.address, text.length, flags, address.address, size),
      "sendto",
      path,
    );
  } finally {
    closeSync(fd);
  }
}
