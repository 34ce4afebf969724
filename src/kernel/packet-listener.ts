/** Hears frames of one kind on one interface without taking part: packet(7). */
import { closeSync } from "node:fs";
import { HOST_LITTLE_ENDIAN } from "../wire/abi.ts";
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../wire/ethernet.ts";
import { PROTOCOL_AH, PROTOCOL_VRRP } from "../wire/ipv4.ts";
import { AF_PACKET, encodePacketAddress } from "../wire/socket-address.ts";
import { ERRNO } from "./errno.ts";
import { failure, lastErrno, libc, Memory } from "./libc.ts";
import { attachFilter, bindSocket, openSocket, setOptionBytes } from "./socket.ts";

export type Heard = "arp" | "vrrp4" | "vrrp6";

export interface ListenerPlace {
  readonly interface: string;
  readonly index: number;
}

/** Frames read before others get their turn. */
const BATCH_MAX = 256;
/** The largest VRRP packet with all headers. */
const FRAME_SIZE_MAX = 4_400;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = { level: SOL_PACKET, number: 1, name: "PACKET_ADD_MEMBERSHIP" };
/** struct packet_mreq of linux/if_packet.h. */
const MEMBERSHIP_SIZE = 16;
const MAC_SIZE = 6;

interface Kind {
  readonly etherType: number;
  /** Offset of the byte with the IP protocol number; undefined where every frame is wanted. */
  readonly protocolAt: number | undefined;
  /** Hardware address of the group that VRRP is sent to. */
  readonly group: readonly number[] | undefined;
}

const KINDS: Readonly<Record<Heard, Kind>> = {
  arp: { etherType: ETHERTYPE_ARP, protocolAt: undefined, group: undefined },
  vrrp4: {
    etherType: ETHERTYPE_IPV4,
    protocolAt: 23,
    group: [0x01, 0x00, 0x5e, 0x00, 0x00, 0x12],
  },
  vrrp6: {
    etherType: ETHERTYPE_IPV6,
    protocolAt: 20,
    group: [0x33, 0x33, 0x00, 0x00, 0x00, 0x12],
  },
};

export class PacketListener {
  readonly #fd: number;
  readonly #subject: string;
  readonly #frame: Memory = new Memory(FRAME_SIZE_MAX);

  private constructor(fd: number, subject: string) {
    this.#fd = fd;
    this.#subject = subject;
  }

  /** Throws SyscallError; EPERM without CAP_NET_RAW. */
  static open(heard: Heard, { interface: name, index }: ListenerPlace): PacketListener {
    const { etherType, protocolAt, group } = KINDS[heard];
    const subject = `${heard} on ${name}`;
    // Without a protocol nothing is delivered before the filter is there.
    const kind = { family: AF_PACKET, protocol: 0, name: `AF_PACKET SOCK_RAW for ${subject}` };
    const fd = openSocket(kind, (opened) => {
      if (protocolAt !== undefined) acceptProtocols(opened, protocolAt);
      bindSocket(opened, (view) => encodePacketAddress(view, index, etherType), subject);
      if (group !== undefined) joinHardwareGroup(opened, index, group);
    });
    return new PacketListener(fd, subject);
  }

  /** Hands over the frames that have arrived, from the Ethernet header on; they are valid during the call only. */
  receive(handle: (frame: DataView) => void): void {
    const { address, view } = this.#frame;
    for (let count = 0; count < BATCH_MAX; count += 1) {
      const size = libc.recvfrom(this.#fd, address, FRAME_SIZE_MAX, 0, 0, 0);
      if (size < 0) return this.#stop();
      handle(new DataView(view.buffer, 0, size));
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** ENETDOWN is left behind once when the interface goes down. */
  #stop(): void {
    if (![ERRNO.EAGAIN, ERRNO.EINTR, ERRNO.ENETDOWN].includes(lastErrno()))
      throw failure("recvfrom", this.#subject);
  }
}

/** Classic BPF of linux/filter.h: load a byte, compare it with a constant, return a constant. */
const BPF_LOAD_BYTE = 0x30;
const BPF_JUMP_EQUAL = 0x15;
const BPF_RETURN = 0x06;
const INSTRUCTION_SIZE = 8;
const EVERYTHING = 0x4_0000;

function acceptProtocols(fd: number, protocolAt: number): void {
  const program: readonly (readonly [code: number, ifTrue: number, ifFalse: number, k: number])[] =
    [
      [BPF_LOAD_BYTE, 0, 0, protocolAt],
      [BPF_JUMP_EQUAL, 1, 0, PROTOCOL_VRRP],
      [BPF_JUMP_EQUAL, 0, 1, PROTOCOL_AH],
      [BPF_RETURN, 0, 0, EVERYTHING],
      [BPF_RETURN, 0, 0, 0],
    ];
  const memory = new Memory(program.length * INSTRUCTION_SIZE);
  for (const [index, [code, ifTrue, ifFalse, k]] of program.entries()) {
    const at = index * INSTRUCTION_SIZE;
    memory.view.setUint16(at, code, HOST_LITTLE_ENDIAN);
    memory.view.setUint8(at + 2, ifTrue);
    memory.view.setUint8(at + 3, ifFalse);
    memory.view.setUint32(at + 4, k, HOST_LITTLE_ENDIAN);
  }
  attachFilter(fd, memory, program.length);
}

/** Has the network card deliver frames to the group; unlike an IP membership it sends nothing. It ends with the socket. */
function joinHardwareGroup(fd: number, index: number, group: readonly number[]): void {
  const memory = new Memory(MEMBERSHIP_SIZE);
  memory.view.setInt32(0, index, HOST_LITTLE_ENDIAN);
  memory.view.setUint16(6, MAC_SIZE, HOST_LITTLE_ENDIAN);
  memory.bytes.set(group, 8);
  setOptionBytes(fd, PACKET_ADD_MEMBERSHIP, { memory, size: MEMBERSHIP_SIZE }, "of VRRP");
}
