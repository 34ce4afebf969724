/** Changes of the kernel's connection tracking as it reports them: multicast groups of NETLINK_NETFILTER. */
import { closeSync } from "node:fs";
import { HOST_LITTLE_ENDIAN } from "../wire/abi.ts";
import { MessageCursor } from "../wire/netlink.ts";
import { AF_NETLINK, encodeNetlinkAddress } from "../wire/socket-address.ts";
import { ReceiveBatch } from "./datagram-batch.ts";
import { Memory } from "./libc.ts";
import { netlinkPortOf } from "./netlink-socket.ts";
import * as socket from "./socket.ts";

const NETLINK_NETFILTER = 12;
const NAME = "NETLINK_NETFILTER events";
/** NFNLGRP_CONNTRACK_* and NFNLGRP_CONNTRACK_EXP_* of linux/netfilter/nfnetlink.h: 1 to 3 and 4 to 6, as bits. */
const NEW_FLOWS = 1;
const FLOW_GROUPS = 0b000_111;
const EXPECTATION_GROUPS = 0b111_000;
/** Datagrams per call. */
const BATCH_COUNT = 128;
/** The kernel's messages of one event have some hundred bytes; helpers and labels make them longer. */
const EVENT_SIZE_MAX = 4_096;

export interface ConntrackEventOptions {
  readonly expectations: boolean;
  /** Bytes of receive buffer; undefined leaves it to the system. */
  readonly bufferSize: number | undefined;
  /** Makes the kernel try again with what found no room (NetlinkEventsReliable), at the price of slower packets. */
  readonly reliable: boolean;
  /** Port ids whose requests are not reported: our own. */
  readonly ownPorts: readonly number[];
}

/** "more": a bound was hit. "overrun": events were lost; nothing that is known of the kernel's table is certain. */
export type EventDrain = "drained" | "more" | "overrun";

export class ConntrackEvents {
  readonly fd: number;
  readonly port: number;
  readonly #batch = new ReceiveBatch(BATCH_COUNT, EVENT_SIZE_MAX);
  /** The current message, in `view`. */
  readonly message: MessageCursor = new MessageCursor(this.#batch.view);

  private constructor(fd: number) {
    this.fd = fd;
    this.port = netlinkPortOf(fd, NAME);
  }

  /** Throws SyscallError. */
  static open(options: ConntrackEventOptions): ConntrackEvents {
    const { expectations, bufferSize, reliable, ownPorts } = options;
    const kind = { family: AF_NETLINK, protocol: NETLINK_NETFILTER, name: NAME };
    const groups = expectations ? FLOW_GROUPS | EXPECTATION_GROUPS : FLOW_GROUPS;
    return new ConntrackEvents(
      socket.openSocket(kind, (fd) => {
        if (bufferSize !== undefined) socket.setBufferSize(fd, "receive", bufferSize);
        if (reliable) socket.setOption(fd, socket.NETLINK_BROADCAST_ERROR, 1);
        ignorePorts(fd, ownPorts);
        socket.bindSocket(fd, (view) => encodeNetlinkAddress(view, groups), NAME);
      }),
    );
  }

  get view(): DataView {
    return this.#batch.view;
  }

  /** Hands every message of up to `datagrams` events to `take`, as the current one of `message`. Throws SyscallError. */
  drain(datagrams: number, take: () => void): EventDrain {
    for (let count = 0; count < datagrams; ) {
      const received = this.#batch.receive(this.fd, NAME);
      if (received === "overrun") return "overrun";
      for (let index = 0; index < received; index += 1) {
        if (this.#batch.isTruncated(index)) return "overrun";
        this.message.reset(this.#batch.length(index), this.#batch.at(index));
        while (this.message.next()) take();
      }
      if (received < this.#batch.count) return "drained";
      count += received;
    }
    return "more";
  }

  /**
   * Stops hearing of new flows, or hears of them again. While anybody listens the kernel composes a message for every flow
   * that is created, by ourselves, too, and that takes as long as creating it. Changes and ends are heard all the time,
   * which also makes the kernel go on preparing new flows for reports. Throws SyscallError.
   */
  ignoreNew(isIgnored: boolean): void {
    const { NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP } = socket;
    socket.setOption(
      this.fd,
      isIgnored ? NETLINK_DROP_MEMBERSHIP : NETLINK_ADD_MEMBERSHIP,
      NEW_FLOWS,
    );
  }

  /** Bytes of the receive buffer as asked for; the kernel counts its own overhead against twice as much. */
  bufferSize(): number {
    return socket.getOption(this.fd, socket.SO_RCVBUF) / 2;
  }

  /** Doubles the receive buffer, up to `max` bytes. False: it has that size already. */
  grow(max: number): boolean {
    const size = this.bufferSize();
    if (size >= max) return false;
    socket.setBufferSize(this.fd, "receive", Math.min(size * 2, max));
    return this.bufferSize() > size;
  }

  close(): void {
    closeSync(this.fd);
  }
}

const BPF_LOAD_WORD = 0x20;
const BPF_JUMP_EQUAL = 0x15;
const BPF_RETURN = 0x06;
/** Offset of the port id in a netlink message. */
const PORT_AT = 12;
const EVERYTHING = 0xffff_ffff;

/**
 * Drops the echo of our own requests before it takes room in the buffer: committing a hundred thousand flows would fill it.
 * Each message is a datagram of its own, and its header names whoever asked for the change.
 */
function ignorePorts(fd: number, ports: readonly number[]): void {
  if (ports.length === 0) return;
  const program = [
    [BPF_LOAD_WORD, 0, 0, PORT_AT],
    // On equality jump over the remaining comparisons and the acceptance.
    ...ports.map((port, index) => [BPF_JUMP_EQUAL, ports.length - index, 0, swapped(port)]),
    [BPF_RETURN, 0, 0, EVERYTHING],
    [BPF_RETURN, 0, 0, 0],
  ] as const;
  const memory = new Memory(program.length * 8);
  for (const [index, [code = 0, yes = 0, no = 0, value = 0]] of program.entries()) {
    memory.view.setUint16(index * 8, code, HOST_LITTLE_ENDIAN);
    memory.view.setUint8(index * 8 + 2, yes);
    memory.view.setUint8(index * 8 + 3, no);
    memory.view.setUint32(index * 8 + 4, value, HOST_LITTLE_ENDIAN);
  }
  socket.attachFilter(fd, memory, program.length);
}

/** A number of the host as the filter sees it, which reads words in network order. */
function swapped(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, HOST_LITTLE_ENDIAN);
  return view.getUint32(0);
}
