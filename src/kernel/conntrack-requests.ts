/**
 * Requests to the kernel's connection tracking, hundreds per system call: none asks to be acknowledged, so the kernel
 * answers only those that it refuses. It carries everything out before the call returns.
 */
import { HOST_LITTLE_ENDIAN } from "../wire/abi.ts";
import { MessageCursor, NLMSG_ERROR } from "../wire/netlink.ts";
import { ReceiveBatch } from "./datagram-batch.ts";
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
/** Refusals per call, and bytes of each: the errno and the header of the request. */
const ANSWER_COUNT = 64;
const ANSWER_SIZE_MAX = 256;
const NAME = "NETLINK_NETFILTER, refusals";

/** `errno` is what the kernel said of the request with that sequence number. */
export type Refused = (sequence: number, errno: number) => void;

export class ConntrackRequests {
  readonly #socket: NetlinkSocket;
  readonly #answers: ReceiveBatch = new ReceiveBatch(ANSWER_COUNT, ANSWER_SIZE_MAX);
  readonly #answer: MessageCursor = new MessageCursor(this.#answers.view);
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
    for (let isDrained = false; !isDrained; ) {
      const received = this.#answers.receive(this.#socket.fd, NAME);
      if (received === "overrun") throw new SyscallError("recvmmsg", ERRNO.ENOBUFS, NAME);
      for (let index = 0; index < received; index += 1) this.#readAnswer(index, refused);
      isDrained = received < this.#answers.count;
    }
  }

  close(): void {
    this.#socket.close();
  }

  #readAnswer(index: number, refused: Refused): void {
    const message = this.#answer;
    message.reset(this.#answers.length(index), this.#answers.at(index));
    while (message.next()) {
      if (message.type !== NLMSG_ERROR || message.bodyAt + 4 > message.endAt) continue;
      const errno = -this.#answers.view.getInt32(message.bodyAt, HOST_LITTLE_ENDIAN);
      if (errno !== 0) refused(message.sequence, errno);
    }
  }
}
