import {
  type Acknowledgement,
  decodeAcknowledgement,
  MessageWriter,
  NLMSG_ERROR,
} from "../wire/netlink.ts";
import type { Request } from "../wire/rtnetlink/change.ts";
import { ERRNO } from "./errno.ts";
import { Memory } from "./libc.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";

const SIZE_MAX = 32_768;
/** The acknowledgements of this many requests fit even into the receive buffer of an unprivileged socket. */
const COUNT_MAX = 64;

type Answered = (answer: Acknowledgement) => void;

/** Requests that go to the kernel together; it carries them out one by one and acknowledges each. */
export class RequestBatch {
  readonly #socket: NetlinkSocket;
  readonly #memory: Memory = new Memory(SIZE_MAX);
  readonly #writer: MessageWriter = new MessageWriter(this.#memory.view);
  /** By sequence number. */
  readonly #waiting = new Map<number, Answered>();

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Takes a request into the batch, which goes out first when it is full. */
  add(request: Request, answered: Answered): void {
    if (this.#waiting.size < COUNT_MAX && this.#append(request, answered)) return;
    this.flush();
    if (!this.#append(request, answered)) answered({ errno: ERRNO.EMSGSIZE, text: "" });
  }

  /** Sends what was added and hears the answers. Throws SyscallError when the socket fails; the batch is empty then. */
  flush(): void {
    if (this.#waiting.size === 0) return;
    const waiting = new Map(this.#waiting);
    const { size } = this.#writer;
    this.clear();
    this.#socket.send(this.#memory, size);
    const { messages, view } = this.#socket;
    this.#socket.readAnswers("acknowledgements", () => {
      const answered = waiting.get(messages.sequence);
      if (messages.type !== NLMSG_ERROR || answered === undefined) return false;
      waiting.delete(messages.sequence);
      answered(decodeAcknowledgement(view, messages));
      return waiting.size === 0;
    });
  }

  /** Forgets what was added and not sent. */
  clear(): void {
    this.#waiting.clear();
    this.#writer.clear();
  }

  #append({ type, flags, write }: Request, answered: Answered): boolean {
    const sequence = this.#socket.nextSequence();
    this.#writer.begin({ type, flags, sequence });
    write(this.#writer);
    if (!this.#writer.finish()) return false;
    this.#waiting.set(sequence, answered);
    return true;
  }
}
