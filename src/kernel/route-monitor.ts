import type { Notification } from "../wire/rtnetlink/entries.ts";
import { decodeNotification } from "../wire/rtnetlink/notification.ts";
import { NetlinkSocket } from "./netlink-socket.ts";

export type MonitorGroup = "link" | "address" | "route" | "rule" | "neighbour";

/** RTNLGRP_* of linux/rtnetlink.h, for both families where there are two. */
const GROUP_NUMBERS: Readonly<Record<MonitorGroup, readonly number[]>> = {
  link: [1],
  neighbour: [3],
  address: [5, 9],
  route: [7, 11],
  rule: [8, 19],
};

const BUFFER_SIZE = 1_048_576;
/** Datagrams read in one go. */
const DRAIN_MAX = 256;

/** Hears of changes to links, addresses, routes, rules and neighbours, whoever makes them. */
export class RouteMonitor {
  readonly #socket: NetlinkSocket;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** `bufferSize` in bytes, 1 MiB unless given: some thousand notifications. Throws SyscallError. */
  static open(groups: readonly MonitorGroup[], bufferSize: number = BUFFER_SIZE): RouteMonitor {
    const numbers = groups.flatMap((group) => GROUP_NUMBERS[group]);
    const bits = numbers.reduce((mask, number) => mask | (1 << (number - 1)), 0);
    return new RouteMonitor(NetlinkSocket.open({ groups: bits, bufferSize }));
  }

  get fd(): number {
    return this.#socket.fd;
  }

  /**
   * Hands what has arrived to `handler`. "more": a bound was hit, drain again. "overrun": notifications were lost; read
   * the whole state anew, then go on draining. Throws SyscallError.
   */
  drain(handler: (note: Notification) => void): "drained" | "more" | "overrun" {
    const { messages, view } = this.#socket;
    for (let count = 0; count < DRAIN_MAX; count += 1) {
      const reception = this.#socket.receive();
      if (reception === "empty") return "drained";
      if (reception === "overrun") return "overrun";
      while (messages.next()) {
        const note = decodeNotification(view, messages);
        if (note !== undefined) handler(note);
      }
    }
    return "more";
  }

  close(): void {
    this.#socket.close();
  }
}
