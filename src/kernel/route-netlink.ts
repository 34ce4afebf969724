/**
 * A synchronous rtnetlink(7) client. The kernel carries a request out while it is being sent, so its answers are waiting
 * when send returns: nothing can come between a decision and its effect.
 */
import type { IpFamily } from "../base/ip.ts";
import {
  type Acknowledgement,
  decodeAcknowledgement,
  decodeDone,
  type MessageCursor,
  MessageWriter,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../wire/netlink.ts";
import { RTM_GETADDR, writeAddressDump } from "../wire/rtnetlink/address.ts";
import {
  type Change,
  describeChange,
  type InterfaceLookup,
  planChange,
} from "../wire/rtnetlink/change.ts";
import type {
  AddressEntry,
  Entry,
  LinkEntry,
  NeighbourEntry,
  RouteEntry,
  RuleEntry,
} from "../wire/rtnetlink/entries.ts";
import { familyNumber } from "../wire/rtnetlink/family.ts";
import { RTM_GETLINK, writeLinkDump, writeLinkRequest } from "../wire/rtnetlink/link.ts";
import { RTM_GETNEIGH, writeNeighbourDump } from "../wire/rtnetlink/neighbour.ts";
import { decodeNotification } from "../wire/rtnetlink/notification.ts";
import { RTM_GETROUTE, writeRouteDump } from "../wire/rtnetlink/route.ts";
import { RTM_GETRULE, writeRuleDump } from "../wire/rtnetlink/rule.ts";
import { ERRNO, errnoCode, errnoText, SyscallError } from "./errno.ts";
import { Memory } from "./libc.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import { RequestBatch } from "./request-batch.ts";
import { NETLINK_GET_STRICT_CHK, setOption } from "./socket.ts";

export type ChangeResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly errno: number;
      /** The errno's name, such as "EEXIST". */
      readonly code: string;
      /** Says which object and why, with the kernel's own words where it gave some. */
      readonly message: string;
    };

interface DumpRequest {
  readonly type: number;
  readonly family: IpFamily | undefined;
  readonly write: (writer: MessageWriter, family: number) => void;
  /** What is asked for, in words. */
  readonly what: string;
}

/** Bytes of receive buffer: more than the answers to one batch, or one part of a dump, ever take. */
const BUFFER_SIZE = 1_048_576;
const REQUEST_SIZE_MAX = 256;
/** A dump during which something changed is read again, this often in all. */
const DUMP_ATTEMPTS_MAX = 8;

export class RouteNetlink {
  readonly #socket: NetlinkSocket;
  readonly #batch: RequestBatch;
  readonly #request: Memory = new Memory(REQUEST_SIZE_MAX);
  readonly #writer: MessageWriter = new MessageWriter(this.#request.view);

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
    this.#batch = new RequestBatch(socket);
  }

  /** Throws SyscallError, as every method does when the socket itself fails. */
  static open(): RouteNetlink {
    const socket = NetlinkSocket.open({ groups: 0, bufferSize: BUFFER_SIZE });
    askStrictly(socket.fd);
    return new RouteNetlink(socket);
  }

  /** The `requester` of the notifications about this client's changes. */
  get port(): number {
    return this.#socket.port;
  }

  links(): LinkEntry[] {
    const request = { type: RTM_GETLINK, what: "links", family: undefined, write: writeLinkDump };
    return this.#dump(request, (found) => (found.type === "link" ? found.entry : undefined));
  }

  addresses(family?: IpFamily): AddressEntry[] {
    const request = { type: RTM_GETADDR, what: "addresses", family, write: writeAddressDump };
    return this.#dump(request, (found) => (found.type === "address" ? found.entry : undefined));
  }

  /** Routes of all tables; with `protocol` only those of that originator, which spares reading a large table. */
  routes(family?: IpFamily, protocol = 0): RouteEntry[] {
    const write: DumpRequest["write"] = (writer, number) => {
      writeRouteDump(writer, number, protocol);
    };
    // Kernels before 4.20 do not filter.
    return this.#dump({ type: RTM_GETROUTE, what: "routes", family, write }, (found) =>
      found.type === "route" && (protocol === 0 || found.entry.protocol === protocol)
        ? found.entry
        : undefined,
    );
  }

  rules(family?: IpFamily): RuleEntry[] {
    const request = { type: RTM_GETRULE, what: "rules", family, write: writeRuleDump };
    return this.#dump(request, (found) => (found.type === "rule" ? found.entry : undefined));
  }

  neighbours(family?: IpFamily): NeighbourEntry[] {
    const request = { type: RTM_GETNEIGH, what: "neighbours", family, write: writeNeighbourDump };
    return this.#dump(request, (found) => (found.type === "neighbour" ? found.entry : undefined));
  }

  /** Asks the kernel; undefined when no interface has that name. */
  indexOf(name: string): number | undefined {
    const { messages, view } = this.#socket;
    const sequence = this.#ask({ type: RTM_GETLINK, flags: NLM_F_REQUEST }, (writer) => {
      writeLinkRequest(writer, name);
    });
    let index: number | undefined;
    this.#socket.readAnswers(`index of ${name}`, () => {
      if (messages.sequence !== sequence) return false;
      const found = decodeNotification(view, messages);
      if (found?.type === "link") index = found.entry.index;
      return found !== undefined || messages.type === NLMSG_ERROR;
    });
    return index;
  }

  /**
   * Carries out `changes` in order, in as few system calls as the socket allows, and goes on after a failure; the
   * results are in the same order. Names are resolved by `lookup`, or by asking the kernel.
   */
  apply(
    changes: readonly Change[],
    lookup: InterfaceLookup = (name) => this.indexOf(name),
  ): ChangeResult[] {
    const results: ChangeResult[] = [];
    this.#batch.clear();
    for (const [place, change] of changes.entries()) {
      const plan = planChange(change, lookup);
      if (!plan.ok) results[place] = unknownInterface(change, plan.fault);
      else
        this.#batch.add(plan.value, (answer) => {
          results[place] = resultOf(change, answer);
        });
      // The next change may name an interface that this one makes or removes.
      if (change.type === "link") this.#batch.flush();
    }
    this.#batch.flush();
    return results;
  }

  close(): void {
    this.#socket.close();
  }

  /** Sends one request and returns its sequence number. */
  #ask(
    { type, flags }: { readonly type: number; readonly flags: number },
    write: (writer: MessageWriter) => void,
  ): number {
    const sequence = this.#socket.nextSequence();
    this.#writer.clear();
    this.#writer.begin({ type, flags, sequence });
    write(this.#writer);
    this.#writer.finish();
    this.#socket.send(this.#request, this.#writer.size);
    return sequence;
  }

  #dump<T>(request: DumpRequest, pick: (found: Entry) => T | undefined): T[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS_MAX; attempt += 1) {
      const entries: T[] = [];
      const consistent = this.#dumpOnce(request, (found) => {
        const entry = pick(found);
        if (entry !== undefined) entries.push(entry);
      });
      if (consistent) return entries;
    }
    throw new SyscallError("recvfrom", ERRNO.EINTR, `dump of ${request.what} that keep changing`);
  }

  /** False: something changed meanwhile, and entries may be missing or appear twice. */
  #dumpOnce(request: DumpRequest, take: (found: Entry) => void): boolean {
    const { type, family, write, what } = request;
    const { messages, view } = this.#socket;
    const sequence = this.#ask({ type, flags: NLM_F_REQUEST | NLM_F_DUMP }, (writer) => {
      write(writer, family === undefined ? 0 : familyNumber(family));
    });
    let consistent = true;
    this.#socket.readAnswers(what, () => {
      if (messages.sequence !== sequence) return false;
      if ((messages.flags & NLM_F_DUMP_INTR) !== 0) consistent = false;
      const end = endOfDump(view, messages);
      if (end !== undefined && end.errno !== 0)
        throw new SyscallError("recvfrom", end.errno, `dump of ${what} ${end.text}`);
      const found = end === undefined ? decodeNotification(view, messages) : undefined;
      if (found !== undefined) take(found);
      return end !== undefined;
    });
    return consistent;
  }
}

/** How a dump ended; undefined while it goes on. */
function endOfDump(view: DataView, message: MessageCursor): Acknowledgement | undefined {
  if (message.type === NLMSG_DONE) return decodeDone(view, message);
  return message.type === NLMSG_ERROR ? decodeAcknowledgement(view, message) : undefined;
}

/** Lets the kernel filter dumps and refuse what it does not understand; kernels before 4.20 do not know the option. */
function askStrictly(fd: number): void {
  try {
    setOption(fd, NETLINK_GET_STRICT_CHK, 1);
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== ERRNO.ENOPROTOOPT) throw error;
  }
}

const unknownInterface = (change: Change, name: string): ChangeResult => ({
  ok: false,
  errno: ERRNO.ENODEV,
  code: errnoCode(ERRNO.ENODEV),
  message: `${describeChange(change)}: there is no interface ${name}`,
});

function resultOf(change: Change, { errno, text }: Acknowledgement): ChangeResult {
  if (errno === 0) return { ok: true };
  const code = errnoCode(errno);
  const explanation = text === "" ? "" : ` (${text})`;
  const message = `${describeChange(change)}: ${code}: ${errnoText(errno)}${explanation}`;
  return { ok: false, errno, code, message };
}
