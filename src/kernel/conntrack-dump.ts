/** The kernel's whole table, read in portions: the kernel goes on where it stopped when the reader comes back. */
import { HOST_LITTLE_ENDIAN } from "../wire/abi.ts";
import {
  decodeDone,
  type MessageCursor,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../wire/netlink.ts";
import { SyscallError } from "./errno.ts";
import { Memory } from "./libc.ts";
import { NetlinkSocket } from "./netlink-socket.ts";

/** nfnetlink: subsystem in the high byte, IPCTNL_MSG_CT_GET or IPCTNL_MSG_EXP_GET in the low one. */
const TYPES: Readonly<Record<DumpTable, number>> = { flows: 0x101, expectations: 0x201 };
const BUFFER_SIZE = 1_048_576;
/** struct nlmsghdr and struct nfgenmsg. */
const REQUEST_SIZE = 20;

export type DumpTable = "flows" | "expectations";

/** "interrupted": done, but the table changed so much meanwhile that entries may be missing. */
export type DumpProgress = "more" | "done" | "interrupted";

/** One dump at a time; a new one may begin when the last is done. */
export class ConntrackDump {
  readonly #socket: NetlinkSocket;
  #sequence = 0;
  #interrupted = false;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Throws SyscallError. */
  static open(): ConntrackDump {
    const options = { groups: 0, bufferSize: BUFFER_SIZE };
    return new ConntrackDump(NetlinkSocket.open({ protocol: "NETLINK_NETFILTER", ...options }));
  }

  /** The current message that read() hands on, in `view`. */
  get message(): MessageCursor {
    return this.#socket.messages;
  }

  get view(): DataView {
    return this.#socket.view;
  }

  /** Asks for all entries of both families. Throws SyscallError. */
  begin(table: DumpTable): void {
    this.#sequence = this.#socket.nextSequence();
    this.#interrupted = false;
    const request = new Memory(REQUEST_SIZE);
    const LE = HOST_LITTLE_ENDIAN;
    request.view.setUint32(0, REQUEST_SIZE, LE);
    request.view.setUint16(4, TYPES[table], LE);
    request.view.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, LE);
    request.view.setUint32(8, this.#sequence, LE);
    this.#socket.send(request, REQUEST_SIZE);
  }

  /** Hands the entries of up to `datagrams` to `take`. Throws SyscallError when the kernel refuses. */
  read(datagrams: number, take: () => void): DumpProgress {
    for (let count = 0; count < datagrams; count += 1) {
      const reception = this.#socket.receive();
      if (reception === "empty") return "more";
      if (reception === "overrun") this.#interrupted = true;
      else if (this.#readDatagram(take)) return this.#interrupted ? "interrupted" : "done";
    }
    return "more";
  }

  close(): void {
    this.#socket.close();
  }

  /** True at the end of the dump. */
  #readDatagram(take: () => void): boolean {
    const { message } = this;
    while (message.next()) {
      if (message.sequence !== this.#sequence) continue;
      if ((message.flags & NLM_F_DUMP_INTR) !== 0) this.#interrupted = true;
      if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
        const { errno } = decodeDone(this.view, message);
        if (errno !== 0) throw new SyscallError("sendto", errno, "NETLINK_NETFILTER dump");
        return true;
      }
      take();
    }
    return false;
  }
}
