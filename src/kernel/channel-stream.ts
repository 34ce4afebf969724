/** TCP sockets of a dedicated link: a listener, connections that are read, and one that is written. None ever blocks. */
import { closeSync } from "node:fs";
import { type IpAddress, ipFamily } from "../base/ip.ts";
import {
  AF_INET,
  AF_INET6,
  encodeIpSocketAddress,
  SOCKET_ADDRESS_SIZE_MAX,
} from "../wire/socket-address.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { checked, failure, lastErrno, libc, Memory } from "./libc.ts";
import * as socket from "./socket.ts";

/** A place to listen at or to connect to. */
export interface StreamEndpoint {
  readonly address: IpAddress;
  readonly port: number;
  readonly interface: string;
  /** Index of the interface. */
  readonly index: number;
  /** Bytes; undefined leaves it to the system. */
  readonly bufferSize: number | undefined;
}

const BACKLOG = 1;
const MSG_NOSIGNAL = 0x4000;
/** Nothing to do now, and nothing wrong. */
const LATER: ReadonlySet<number> = new Set([ERRNO.EAGAIN, ERRNO.EINTR]);
const AGAIN: ReadonlySet<number> = new Set([...LATER, ERRNO.ECONNABORTED]);

const nameOf = ({ address, port, interface: name }: StreamEndpoint): string =>
  `${address} port ${port} on ${name}`;

const kindOf = (endpoint: StreamEndpoint): socket.SocketKind => ({
  family: ipFamily(endpoint.address) === 4 ? AF_INET : AF_INET6,
  type: "stream",
  protocol: 0,
  name: `TCP for ${endpoint.interface}`,
});

export class StreamListener {
  /** Readable when somebody connects. */
  readonly fd: number;
  readonly #name: string;

  private constructor(fd: number, name: string) {
    this.fd = fd;
    this.#name = name;
  }

  /** Throws SyscallError. */
  static open(endpoint: StreamEndpoint): StreamListener {
    const { address, port, index, bufferSize } = endpoint;
    const name = nameOf(endpoint);
    const fd = socket.openSocket(kindOf(endpoint), (opened) => {
      socket.setOption(opened, socket.SO_REUSEADDR, 1);
      // Connections inherit it.
      if (bufferSize !== undefined) socket.setBufferSize(opened, "receive", bufferSize);
      socket.bindSocket(opened, (view) => encodeIpSocketAddress(view, address, index, port), name);
      checked(libc.listen(opened, BACKLOG), "listen", name);
    });
    return new StreamListener(fd, name);
  }

  /** Takes a connection, if there is one. Throws SyscallError. */
  accept(): StreamReader | undefined {
    const fd = libc.accept4(this.fd, 0, 0, socket.SOCKET_FLAGS);
    if (fd >= 0) return new StreamReader(fd);
    if (AGAIN.has(lastErrno())) return undefined;
    throw failure("accept4", this.#name);
  }

  close(): void {
    closeSync(this.fd);
  }
}

export class StreamReader {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** Reads into `memory` from offset `at` to its end: how many bytes, 0 for none now, "closed" when there are none to come. */
  read(memory: Memory, at: number): number | "closed" {
    const length = libc.read(this.fd, memory.address + at, memory.size - at);
    if (length > 0) return length;
    return length < 0 && LATER.has(lastErrno()) ? 0 : "closed";
  }

  close(): void {
    closeSync(this.fd);
  }
}

export class StreamSender {
  /** Writable once the attempt to connect is over; readable when the other end closes. */
  readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Begins to connect. Throws SyscallError when that fails at once. */
  static connect(endpoint: StreamEndpoint): StreamSender {
    const { address, port, index, bufferSize } = endpoint;
    const fd = socket.openSocket(kindOf(endpoint), (opened) => {
      // Messages are gathered before they are sent; the kernel must not wait for more.
      socket.setOption(opened, socket.TCP_NODELAY, 1);
      if (bufferSize !== undefined) socket.setBufferSize(opened, "send", bufferSize);
      const memory = new Memory(SOCKET_ADDRESS_SIZE_MAX);
      const size = encodeIpSocketAddress(memory.view, address, index, port);
      const result = libc.connect(opened, memory.address, size);
      if (result < 0 && lastErrno() !== ERRNO.EINPROGRESS)
        throw failure("connect", nameOf(endpoint));
    });
    return new StreamSender(fd);
  }

  /** After the attempt: throws the SyscallError that it ended with, if it did. */
  finishConnecting(): void {
    const errno = socket.getOption(this.fd, socket.SO_ERROR);
    if (errno !== 0) throw new SyscallError("connect", errno, "");
  }

  /** Drops what the other end sends: "closed" when it will not send any more, which here means that it is gone. */
  discard(memory: Memory): "open" | "closed" {
    const length = libc.read(this.fd, memory.address, memory.size);
    if (length > 0) return "open";
    return length < 0 && LATER.has(lastErrno()) ? "open" : "closed";
  }

  /** Writes what the socket takes of `size` bytes at `address`: how many, 0 for none now, "closed" when it is broken. */
  write(address: number, size: number): number | "closed" {
    const written = libc.sendto(this.fd, address, size, MSG_NOSIGNAL, 0, 0);
    if (written >= 0) return written;
    return LATER.has(lastErrno()) ? 0 : "closed";
  }

  close(): void {
    closeSync(this.fd);
  }
}
