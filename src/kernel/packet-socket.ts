import { closeSync } from "node:fs";
import { AF_PACKET, encodePacketAddress, SOCKET_ADDRESS_SIZE_MAX } from "../wire/socket-address.ts";
import { failure, libc, Memory } from "./libc.ts";
import { openSocket, SO_PRIORITY, setOption } from "./socket.ts";

/** Room for a frame on an ordinary link; announcements are far smaller. */
const FRAME_SIZE_MAX = 1_518;
const ETHER_TYPE_AT = 12;
/** TC_PRIO_CONTROL of linux/pkt_sched.h: queued before everything else. */
const PRIORITY_CONTROL = 7;

/** Sends whole Ethernet frames and receives nothing: packet(7) with protocol 0. */
export class PacketSocket {
  readonly #fd: number;
  readonly #frame: Memory = new Memory(FRAME_SIZE_MAX);
  readonly #address: Memory = new Memory(SOCKET_ADDRESS_SIZE_MAX);

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Throws SyscallError. */
  static open(): PacketSocket {
    const kind = { family: AF_PACKET, protocol: 0, name: "AF_PACKET SOCK_RAW" };
    return new PacketSocket(
      openSocket(kind, (fd) => {
        setOption(fd, SO_PRIORITY, PRIORITY_CONTROL);
      }),
    );
  }

  /** Sends `frame`, up to 1518 bytes, out of the interface with that index. Throws SyscallError. */
  send(index: number, frame: Uint8Array): void {
    if (frame.length > FRAME_SIZE_MAX) throw new RangeError(`frame of ${frame.length} bytes`);
    const { bytes, view, address } = this.#frame;
    bytes.set(frame);
    const size = encodePacketAddress(this.#address.view, index, view.getUint16(ETHER_TYPE_AT));
    if (libc.sendto(this.#fd, address, frame.length, 0, this.#address.address, size) < 0)
      throw failure("sendto", `frame on interface ${index}`);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
