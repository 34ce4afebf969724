/**
 * Raw sockets for VRRP, one to receive and one to send, for each family, interface and transport. Receivers bind to the
 * multicast group or to the unicast source, so that packets for the one are not taken for the other.
 */
import { closeSync } from "node:fs";
import { anyAddress, type IpAddress, type IpFamily, isMulticast, readIp } from "../base/ip.ts";
import { findControl, HOST_LITTLE_ENDIAN } from "../wire/abi.ts";
import {
  AF_INET,
  AF_INET6,
  encodeIpSocketAddress,
  encodeMembership,
  readIpv6SocketAddress,
  SOCKET_ADDRESS_SIZE_MAX,
} from "../wire/socket-address.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { ABI, failure, libc, Memory } from "./libc.ts";
import { MessageBatch } from "./message-batch.ts";
import * as socket from "./socket.ts";

/** VRRP itself, or the Authentication Header around it. */
export type VrrpProtocol = 112 | 51;
const VRRP: VrrpProtocol = 112;

export interface VrrpReceiverOptions {
  readonly family: IpFamily;
  readonly protocol: VrrpProtocol;
  readonly interface: string;
  readonly index: number;
  readonly transport:
    | { readonly type: "multicast"; readonly group: IpAddress }
    | { readonly type: "unicast"; readonly source: IpAddress };
}

/** A received packet. Lives in the receiver's buffer and is valid only until the handler returns. */
export interface VrrpPacket {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** TTL or hop limit. */
  readonly ttl: number;
  readonly protocol: VrrpProtocol;
  /** IPv4: the whole packet with its IP header. IPv6: the payload. */
  readonly bytes: DataView;
}

/** Packets taken from the kernel with one call. */
const BATCH_MAX = 16;
/** The largest VRRP packet (255 IPv6 addresses) with all headers; what is longer arrives cut off and is refused later. */
const PACKET_SIZE_MAX = 4_352;
const IPV4_HEADER_SIZE = 20;
const IPV4_TTL_AT = 8;
const IPV4_SOURCE_AT = 12;
const IPV4_DESTINATION_AT = 16;
/** struct in6_pktinfo: address and interface index. */
const PKTINFO = { level: 41, type: socket.IPV6_PKTINFO.number, size: 20 };
const HOP_LIMIT = { level: 41, type: socket.IPV6_HOPLIMIT.number, size: 4 };

export class VrrpReceiver {
  readonly fd: number;
  readonly #options: VrrpReceiverOptions;
  readonly #batch: MessageBatch;
  #closed = false;

  private constructor(fd: number, options: VrrpReceiverOptions) {
    this.fd = fd;
    this.#options = options;
    this.#batch = new MessageBatch({
      count: BATCH_MAX,
      size: PACKET_SIZE_MAX,
      controlSizes: options.family === 6 ? [PKTINFO.size, HOP_LIMIT.size] : [],
    });
  }

  /** Throws SyscallError. */
  static open(options: VrrpReceiverOptions): VrrpReceiver {
    const fd = socket.openSocket(kindOf(options), (opened) => {
      prepareReceiver(opened, options);
    });
    return new VrrpReceiver(fd, options);
  }

  /** Hands up to `max` packets to `handler` and returns how many there were; fewer than `max` means drained. */
  receive(handler: (packet: VrrpPacket) => void, max: number): number {
    let received = 0;
    // A handler may close the socket under us.
    while (received < max && !this.#closed) {
      const wanted = Math.min(max - received, BATCH_MAX);
      const count = this.#batch.receive(this.fd, wanted, this.#options.interface);
      for (let index = 0; index < count; index += 1) this.#deliver(index, handler);
      received += count;
      if (count < wanted) break;
    }
    return received;
  }

  /** Joins the group again after the interface came back; harmless when still joined. Throws SyscallError. */
  rejoin(): void {
    const { transport } = this.#options;
    if (transport.type === "unicast") return;
    leave(this.fd, transport.group, this.#options);
    join(this.fd, transport.group, this.#options);
  }

  close(): void {
    this.#closed = true;
    closeSync(this.fd);
  }

  #deliver(index: number, handler: (packet: VrrpPacket) => void): void {
    const packet = this.#options.family === 4 ? this.#ipv4Packet(index) : this.#ipv6Packet(index);
    if (packet !== undefined) handler(packet);
  }

  #ipv4Packet(index: number): VrrpPacket | undefined {
    const bytes = this.#batch.data(index);
    if (bytes.byteLength < IPV4_HEADER_SIZE) return undefined;
    return {
      source: readIp(bytes, IPV4_SOURCE_AT, 4),
      destination: readIp(bytes, IPV4_DESTINATION_AT, 4),
      ttl: bytes.getUint8(IPV4_TTL_AT),
      protocol: this.#options.protocol,
      bytes,
    };
  }

  /** The kernel sends both pieces of ancillary data with every packet, because they were asked for. */
  #ipv6Packet(index: number): VrrpPacket | undefined {
    const { view } = this.#batch;
    const control = this.#batch.control(index);
    const information = findControl(view, control, PKTINFO, ABI);
    const hopLimit = findControl(view, control, HOP_LIMIT, ABI);
    if (information === undefined || hopLimit === undefined) return undefined;
    return {
      source: readIpv6SocketAddress(view, this.#batch.nameAt(index)),
      destination: readIp(view, information, 6),
      ttl: view.getInt32(hopLimit, HOST_LITTLE_ENDIAN),
      protocol: this.#options.protocol,
      bytes: this.#batch.data(index),
    };
  }
}

type Place = Pick<VrrpReceiverOptions, "family" | "protocol" | "interface" | "index">;

const kindOf = ({
  family,
  protocol,
  interface: name,
}: Place): {
  family: number;
  protocol: number;
  name: string;
} => ({
  family: family === 4 ? AF_INET : AF_INET6,
  protocol,
  name: `raw IPv${family} protocol ${protocol} for ${name}`,
});

function prepareReceiver(fd: number, options: VrrpReceiverOptions): void {
  const { family, transport, interface: name, index } = options;
  socket.bindToDevice(fd, name);
  if (family === 6) {
    socket.setOption(fd, socket.IPV6_RECVPKTINFO, 1);
    socket.setOption(fd, socket.IPV6_RECVHOPLIMIT, 1);
  }
  if (transport.type === "multicast") {
    // Without this, groups that other programs joined would be delivered here as well.
    const all = family === 4 ? socket.IP_MULTICAST_ALL : socket.IPV6_MULTICAST_ALL;
    socket.setOption(fd, all, 0);
    join(fd, transport.group, options);
  } else {
    // The source address may not be there yet, or be gone for the moment.
    socket.setOption(fd, family === 4 ? socket.IP_FREEBIND : socket.IPV6_FREEBIND, 1);
  }
  const address = transport.type === "multicast" ? transport.group : transport.source;
  bindTo(fd, address, { interface: name, index });
}

const bindTo = (
  fd: number,
  address: IpAddress,
  { interface: name, index }: Pick<Place, "interface" | "index">,
): void => {
  socket.bindSocket(
    fd,
    (view) => encodeIpSocketAddress(view, address, index),
    `${address} on ${name}`,
  );
};

function join(fd: number, group: IpAddress, place: Place): void {
  const option = place.family === 4 ? socket.IP_ADD_MEMBERSHIP : socket.IPV6_ADD_MEMBERSHIP;
  changeMembership(fd, option, group, place);
}

function leave(fd: number, group: IpAddress, place: Place): void {
  const option = place.family === 4 ? socket.IP_DROP_MEMBERSHIP : socket.IPV6_DROP_MEMBERSHIP;
  try {
    changeMembership(fd, option, group, place);
  } catch (error) {
    // Not a member any more, or the interface that it was joined on is gone: just what leaving is for.
    const gone = [ERRNO.EADDRNOTAVAIL, ERRNO.ENODEV, ERRNO.EINVAL];
    if (!(error instanceof SyscallError) || !gone.includes(error.errno)) throw error;
  }
}

function changeMembership(
  fd: number,
  option: socket.SocketOption,
  group: IpAddress,
  place: Place,
): void {
  const memory = new Memory(20);
  const size = encodeMembership(memory.view, group, place.index);
  socket.setOptionBytes(fd, option, { memory, size }, `${group} on ${place.interface}`);
}

export interface VrrpSenderOptions {
  readonly family: IpFamily;
  readonly protocol: VrrpProtocol;
  readonly interface: string;
  readonly index: number;
  readonly source: IpAddress;
  /** Hop limit of IPv6 unicast; undefined leaves it to the kernel. IPv4 packets bring their own TTL. */
  readonly hopLimit?: number;
}

/** TC_PRIO_INTERACTIVE of linux/pkt_sched.h, the highest that needs no extra privilege. */
const PRIORITY_INTERACTIVE = 6;
const TRAFFIC_CLASS_CS6 = 0xc0;
/** Where the checksum lies in a VRRP packet. */
const VRRP_CHECKSUM_AT = 6;
const MULTICAST_HOP_LIMIT = 255;

export class VrrpSender {
  readonly #fd: number;
  readonly #options: VrrpSenderOptions;
  readonly #packet: Memory = new Memory(PACKET_SIZE_MAX);
  readonly #address: Memory = new Memory(SOCKET_ADDRESS_SIZE_MAX);
  #addressSize = 0;
  #flags = 0;
  #destination: IpAddress | undefined;

  private constructor(fd: number, options: VrrpSenderOptions) {
    this.#fd = fd;
    this.#options = options;
  }

  /** Throws SyscallError. */
  static open(options: VrrpSenderOptions): VrrpSender {
    const fd = socket.openSocket(kindOf(options), (opened) => {
      prepareSender(opened, options);
    });
    return new VrrpSender(fd, options);
  }

  /**
   * Sends up to 4352 bytes. IPv4: a whole packet, whose header checksum the kernel fills in. IPv6: the payload. Throws
   * SyscallError.
   */
  send(bytes: Uint8Array, destination: IpAddress): void {
    if (bytes.length > PACKET_SIZE_MAX) throw new RangeError(`packet of ${bytes.length} bytes`);
    this.#aimAt(destination);
    this.#packet.bytes.set(bytes);
    const { address: data } = this.#packet;
    const { address } = this.#address;
    if (libc.sendto(this.#fd, data, bytes.length, this.#flags, address, this.#addressSize) < 0)
      throw failure("sendto", `${destination} on ${this.#options.interface}`);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #aimAt(destination: IpAddress): void {
    if (destination === this.#destination) return;
    const { view } = this.#address;
    this.#addressSize = encodeIpSocketAddress(view, destination, this.#options.index);
    this.#flags = isMulticast(destination) ? socket.MSG_DONTROUTE : 0;
    this.#destination = destination;
  }
}

function prepareSender(fd: number, options: VrrpSenderOptions): void {
  const { family, interface: name } = options;
  // First of all, or what arrives meanwhile would be queued for ever.
  socket.receiveNothing(fd);
  socket.bindToDevice(fd, name);
  socket.setOption(fd, socket.SO_PRIORITY, PRIORITY_INTERACTIVE);
  if (family === 4) prepareIpv4Sender(fd, options);
  else prepareIpv6Sender(fd, options);
}

function prepareIpv4Sender(fd: number, { interface: name, index }: VrrpSenderOptions): void {
  socket.setOption(fd, socket.IP_HDRINCL, 1);
  const memory = new Memory(20);
  const size = encodeMembership(memory.view, anyAddress(4), index);
  socket.setOptionBytes(fd, socket.IP_MULTICAST_IF, { memory, size }, name);
  socket.setOption(fd, socket.IP_MULTICAST_LOOP, 0);
}

function prepareIpv6Sender(fd: number, options: VrrpSenderOptions): void {
  const { protocol, interface: name, index, source, hopLimit } = options;
  if (protocol === VRRP) socket.setOption(fd, socket.IPV6_CHECKSUM, VRRP_CHECKSUM_AT);
  socket.setOption(fd, socket.IPV6_MULTICAST_IF, index, name);
  socket.setOption(fd, socket.IPV6_MULTICAST_HOPS, MULTICAST_HOP_LIMIT);
  socket.setOption(fd, socket.IPV6_MULTICAST_LOOP, 0);
  socket.setOption(fd, socket.IPV6_TCLASS, TRAFFIC_CLASS_CS6);
  if (hopLimit !== undefined) socket.setOption(fd, socket.IPV6_UNICAST_HOPS, hopLimit);
  bindTo(fd, source, options);
}
