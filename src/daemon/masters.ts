/** Reads the flows again that expectations belong to: their helper may have shifted sequence numbers, of which no event tells. */
import { after, type Duration, type Instant, milliseconds } from "../base/time.ts";
import { Memory } from "../kernel/libc.ts";
import { NetlinkSocket } from "../kernel/netlink-socket.ts";
import { NFGENMSG_SIZE } from "../wire/ctnetlink/attributes.ts";
import { LOOKUP_SIZE_MAX, writeMasterLookup } from "../wire/ctnetlink/master-lookup.ts";
import { Span } from "../wire/flow-record.ts";
import { NLMSG_ERROR } from "../wire/netlink.ts";

/** The kernel tells of an expectation while it is still at work on the packet that announced it. */
const PAUSE: Duration = milliseconds(10);
/** Expectations beyond these are not followed up: a flood of them must not hold up anything else. */
const WAITING_MAX = 1_000;
const BUFFER_SIZE = 65_536;

export class Masters {
  readonly #socket: NetlinkSocket = NetlinkSocket.open({
    protocol: "NETLINK_NETFILTER",
    groups: 0,
    bufferSize: BUFFER_SIZE,
  });
  readonly #request = new Memory(LOOKUP_SIZE_MAX);
  readonly #waiting: { readonly due: Instant; readonly request: Uint8Array }[] = [];
  readonly #take: (attributes: Span) => void;

  /** `take` gets the attributes of each flow that is found. Throws SyscallError. */
  constructor(take: (attributes: Span) => void) {
    this.#take = take;
  }

  /** There is a new expectation; its message's body is from `at` to `end`. */
  note(body: DataView, at: number, end: number, now: Instant): void {
    if (this.#waiting.length >= WAITING_MAX) return;
    const { view } = this.#request;
    const size = writeMasterLookup(view, body, at, end);
    if (size === 0) return;
    const request = new Uint8Array(view.buffer, view.byteOffset, size).slice();
    this.#waiting.push({ due: after(now, PAUSE), request });
  }

  deadline(): Instant | undefined {
    return this.#waiting[0]?.due;
  }

  /** Asks for what has waited long enough. Throws SyscallError when the socket fails. */
  wake(now: Instant): void {
    for (let first = this.#waiting[0]; first !== undefined && first.due <= now; ) {
      this.#waiting.shift();
      this.#ask(first.request);
      first = this.#waiting[0];
    }
  }

  close(): void {
    this.#socket.close();
  }

  /** A flow that has ended meanwhile is answered with an error, which is nothing to us. */
  #ask(request: Uint8Array): void {
    const { view } = this.#request;
    new Uint8Array(view.buffer, view.byteOffset).set(request);
    this.#socket.send(this.#request, request.length);
    const { messages } = this.#socket;
    while (this.#socket.receive() === "datagram")
      while (messages.next()) {
        const at = messages.bodyAt + NFGENMSG_SIZE;
        if (messages.type !== NLMSG_ERROR && at <= messages.endAt)
          this.#take(new Span(this.#socket.view, at, messages.endAt - at));
      }
  }
}
