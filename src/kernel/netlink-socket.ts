import { closeSync } from "node:fs";
import { HOST_LITTLE_ENDIAN } from "../wire/abi.ts";
import { MessageCursor } from "../wire/netlink.ts";
import {
  AF_NETLINK,
  encodeNetlinkAddress,
  NETLINK_ADDRESS_SIZE,
  readNetlinkPort,
} from "../wire/socket-address.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { checked, failure, lastErrno, libc, Memory } from "./libc.ts";
import * as socket from "./socket.ts";

const PROTOCOLS = { NETLINK_ROUTE: 0, NETLINK_NETFILTER: 12 } as const;
/** The kernel fills at most this much per datagram of a dump. */
const DATAGRAM_SIZE_MAX = 65_536;
const KERNEL_PORT = 0;

export interface NetlinkOptions {
  /** NETLINK_ROUTE unless given. */
  readonly protocol?: keyof typeof PROTOCOLS;
  /** Bits of multicast groups 1 to 31. */
  readonly groups: number;
  /** Bytes of receive buffer. */
  readonly bufferSize: number;
}

/** "datagram": there is one to read. "empty": nothing is waiting. "overrun": the kernel had to drop some. */
export type Reception = "datagram" | "empty" | "overrun";

const SEQUENCE_MAX = 0xffff_ffff;
const MISSING = { empty: ERRNO.EAGAIN, overrun: ERRNO.ENOBUFS };

/** A netlink(7) socket that talks with the kernel only. */
export class NetlinkSocket {
  readonly fd: number;
  readonly #name: string;
  /** The port id that the kernel knows this socket by. */
  readonly port: number;
  readonly #datagram: Memory = new Memory(DATAGRAM_SIZE_MAX);
  readonly #sender: Memory = new Memory(NETLINK_ADDRESS_SIZE);
  readonly #senderSize: Memory = new Memory(4);
  readonly #kernel: Memory = new Memory(NETLINK_ADDRESS_SIZE);
  /** The messages of the datagram that receive() took last, in `view`. */
  readonly messages: MessageCursor = new MessageCursor(this.#datagram.view);

  #sequence = 0;

  private constructor(fd: number, name: string) {
    this.fd = fd;
    this.#name = name;
    this.port = netlinkPortOf(fd, name);
    encodeNetlinkAddress(this.#kernel.view, 0);
  }

  /** Throws SyscallError. */
  static open({ protocol = "NETLINK_ROUTE", groups, bufferSize }: NetlinkOptions): NetlinkSocket {
    const kind = { family: AF_NETLINK, protocol: PROTOCOLS[protocol], name: protocol };
    const fd = socket.openSocket(kind, (opened) => {
      socket.setBufferSize(opened, "receive", bufferSize);
      for (const option of [socket.NETLINK_CAP_ACK, socket.NETLINK_EXT_ACK])
        socket.setOption(opened, option, 1);
      socket.bindSocket(opened, (view) => encodeNetlinkAddress(view, groups), protocol);
    });
    return new NetlinkSocket(fd, protocol);
  }

  /** Where `messages` has its offsets. */
  get view(): DataView {
    return this.#datagram.view;
  }

  /** A number for the next request, by which its answers are known. */
  nextSequence(): number {
    this.#sequence = (this.#sequence % SEQUENCE_MAX) + 1;
    return this.#sequence;
  }

  /** Sends the first `size` bytes to the kernel, which carries them out before this returns. Throws SyscallError. */
  send(messages: Memory, size: number): void {
    const { address: kernel } = this.#kernel;
    const sent = libc.sendto(this.fd, messages.address, size, 0, kernel, NETLINK_ADDRESS_SIZE);
    if (sent < 0) throw failure("sendto", this.#name);
  }

  /** Takes one datagram of the kernel, if one is waiting; those of other programs are dropped. Throws SyscallError. */
  receive(): Reception {
    for (;;) {
      this.#senderSize.view.setUint32(0, NETLINK_ADDRESS_SIZE, HOST_LITTLE_ENDIAN);
      const { address: data, size } = this.#datagram;
      const { address: sender } = this.#sender;
      const { address: senderSize } = this.#senderSize;
      const length = libc.recvfrom(this.fd, data, size, socket.MSG_TRUNC, sender, senderSize);
      if (length >= 0 && readNetlinkPort(this.#sender.view) !== KERNEL_PORT) continue;
      // What was cut off is lost like what was never queued.
      if (length > size) return "overrun";
      if (length >= 0) return this.#opened(length);
      const errno = lastErrno();
      if (errno === ERRNO.ENOBUFS) return "overrun";
      if (errno === ERRNO.EAGAIN) return "empty";
      if (errno !== ERRNO.EINTR) throw failure("recvfrom", this.#name);
    }
  }

  /**
   * Shows every message that answers this socket to `take`, as the current one of `messages`, until `take` says that it
   * was the last. `what` is for the message of the SyscallError that is thrown when answers are missing.
   */
  readAnswers(what: string, take: () => boolean): void {
    for (;;) {
      const reception = this.receive();
      if (reception !== "datagram")
        throw new SyscallError("recvfrom", MISSING[reception], `${this.#name}, ${what}`);
      while (this.messages.next()) if (this.messages.port === this.port && take()) return;
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  #opened(length: number): "datagram" {
    this.messages.reset(length);
    return "datagram";
  }
}

/** The port id that the kernel gave a bound netlink socket. */
export function netlinkPortOf(fd: number, name: string): number {
  const address = new Memory(NETLINK_ADDRESS_SIZE);
  const size = new Memory(4);
  size.view.setUint32(0, NETLINK_ADDRESS_SIZE, HOST_LITTLE_ENDIAN);
  checked(libc.getsockname(fd, address.address, size.address), "getsockname", name);
  return readNetlinkPort(address.view);
}
