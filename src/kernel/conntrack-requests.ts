/**
 * Requests to the kernel's connection tracking, hundreds per system call: none asks to be acknowledged, so the kernel
 * answers only those that it refuses. It carries everything out before the call returns.
 */
import { decodeAcknowledgement, NLMSG_ERROR } from "../wire/netlink.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { Memory } from "./libc.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import { setBufferSize } from "./socket.ts";

/**
 * Bytes of requests that go out together: some three hundred creations of flows. The kernel takes about a millisecond for
 * them, in which nothing else runs on that processor where it cannot be preempted.
 */
const REQUESTS_SIZE_MAX = 65_536;
/** Refusals of all requests of one call find room, even if every one is refused. */
const ANSWERS_SIZE = 4_194_304;

/** `errno` is what the kernel said of the request with that sequence number. */
export type Refused = (sequence: number, errno: number) => void;

export class ConntrackRequests {
  readonly #socket: NetlinkSocket;
  /** Where requests are written. */
  readonly memory: Memory = new Memory(REQUESTS_SIZE_MAX);

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Throws SyscallError. */
  static open(): ConntrackRequests {
    const socket = NetlinkSocket.open({
      protocol: "NETLINK_NETFILTER",
      groups: 0,
      bufferSize: ANSWERS_SIZE,
    });
    setBufferSize(socket.fd, "send", 2 * REQUESTS_SIZE_MAX);
    return new ConntrackRequests(socket);
  }

  /** The kernel's name for the sender of these requests, which it attaches to the events that they cause. */
  get port(): number {
    return this.#socket.port;
  }

  /** Carries out the requests in the first `size` bytes of `memory`. Throws SyscallError when the socket fails. */
  send(size: number, refused: Refused): void {
    if (size === 0) return;
    this.#socket.send(this.memory, size);
    const { messages, view } = this.#socket;
    for (;;) {
      const reception = this.#socket.receive();
      if (reception === "empty") return;
      if (reception === "overrun")
        throw new SyscallError("recvfrom", ERRNO.ENOBUFS, "NETLINK_NETFILTER, refusals");
      while (messages.next()) {
        if (messages.type !== NLMSG_ERROR || messages.port !== this.port) continue;
        const { errno } = decodeAcknowledgement(view, messages);
        if (errno !== 0) refused(messages.sequence, errno);
      }
    }
  }

  close(): void {
    this.#socket.close();
  }
}
