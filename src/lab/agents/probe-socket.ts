/** Non-blocking sockets for probes. A probe that cannot be sent is a lost probe, so sending never throws. */
import type { IpAddress } from "../../base/ip.ts";
import { checked, libc, Memory } from "../../kernel/libc.ts";
import { ETHERTYPE_ARP } from "../../wire/ethernet.ts";
import {
  AF_INET,
  AF_PACKET,
  encodeIpSocketAddress,
  encodePacketAddress,
  SOCKET_ADDRESS_SIZE_MAX,
} from "../../wire/socket-address.ts";

const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_ICMP = 1;
const AT_PORT = 2;

/** Datagrams read per call at most, so that a flood cannot keep the sender from its pace. */
const RECEIVE_MAX = 64;
const DATAGRAM_SIZE = 2_048;

export type ProbeTransport =
  | { readonly kind: "udp"; readonly target: IpAddress; readonly port: number }
  | { readonly kind: "icmp"; readonly target: IpAddress }
  | { readonly kind: "arp"; readonly index: number };

export class ProbeSocket {
  readonly fd: number;
  /** What `send` sends; the caller writes into it. */
  readonly out: DataView;
  readonly #out = new Memory(DATAGRAM_SIZE);
  readonly #in = new Memory(DATAGRAM_SIZE);
  readonly #address = new Memory(SOCKET_ADDRESS_SIZE_MAX);
  readonly #addressSize: number;

  private constructor(fd: number, transport: ProbeTransport) {
    this.fd = fd;
    this.out = this.#out.view;
    this.#addressSize = encodeAddress(this.#address.view, transport);
  }

  /** Throws SyscallError, EPERM for raw sockets without CAP_NET_RAW. */
  static open(transport: ProbeTransport): ProbeSocket {
    const [family, type, protocol] = SOCKET_PARAMETERS[transport.kind];
    const flags = type | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const fd = checked(libc.socket(family, flags, protocol), "socket", transport.kind);
    const socket = new ProbeSocket(fd, transport);
    if (transport.kind === "arp")
      checked(libc.bind(fd, socket.#address.address, socket.#addressSize), "bind", "AF_PACKET");
    return socket;
  }

  /** Sends the first `size` bytes of `out`. */
  send(size: number): void {
    libc.sendto(this.fd, this.#out.address, size, 0, this.#address.address, this.#addressSize);
  }

  /** Hands what has arrived to `handle`, whose view is valid only during the call. True when nothing is left. */
  receive(handle: (datagram: DataView) => void): boolean {
    for (let count = 0; count < RECEIVE_MAX; count += 1) {
      const size = libc.recvfrom(this.fd, this.#in.address, DATAGRAM_SIZE, 0, 0, 0);
      if (size < 0) return true;
      handle(new DataView(this.#in.view.buffer, 0, size));
    }
    return false;
  }
}

/** ETH_P_ARP as socket(2) wants it for AF_PACKET: in network order. */
const ARP_PROTOCOL = new DataView(Uint16Array.of(ETHERTYPE_ARP).buffer).getUint16(0);

const SOCKET_PARAMETERS: Readonly<
  Record<ProbeTransport["kind"], readonly [family: number, type: number, protocol: number]>
> = {
  udp: [AF_INET, SOCK_DGRAM, 0],
  icmp: [AF_INET, SOCK_RAW, IPPROTO_ICMP],
  arp: [AF_PACKET, SOCK_RAW, ARP_PROTOCOL],
};

function encodeAddress(view: DataView, transport: ProbeTransport): number {
  if (transport.kind === "arp") return encodePacketAddress(view, transport.index, ETHERTYPE_ARP);
  const size = encodeIpSocketAddress(view, transport.target, 0);
  if (transport.kind === "udp") view.setUint16(AT_PORT, transport.port);
  return size;
}
