/**
 * Datagram sockets of a dedicated link, as conntrackd opens them: one bound to receive, and one that is not bound to
 * send, so that its source port is any. Neither checks who the sender is; that is for the network around them.
 */
import { closeSync } from "node:fs";
import { type IpAddress, ipFamily } from "../base/ip.ts";
import {
  AF_INET,
  AF_INET6,
  encodeIpSocketAddress,
  encodeMembership,
  SOCKET_ADDRESS_SIZE_MAX,
} from "../wire/socket-address.ts";
import type { ReceiveBatch, Received, SendBatch } from "./datagram-batch.ts";
import { Memory } from "./libc.ts";
import * as socket from "./socket.ts";

export interface DatagramChannelOptions {
  readonly transport: "udp" | "multicast";
  readonly interface: string;
  /** Index of the interface. */
  readonly index: number;
  /** Local address, or the group. */
  readonly address: IpAddress;
  /** Where datagrams go; of a multicast channel the group again. */
  readonly destination: IpAddress;
  readonly port: number;
  /** Bytes; undefined leaves it to the system. */
  readonly sendBuffer: number | undefined;
  readonly receiveBuffer: number | undefined;
  /** False: UDP over IPv4 without checksums. */
  readonly checksum: boolean;
}

export class DatagramChannel {
  /** Readable when a datagram is there. */
  readonly fd: number;
  readonly #sender: number;
  readonly #options: DatagramChannelOptions;
  readonly #destination: Memory = new Memory(SOCKET_ADDRESS_SIZE_MAX);
  readonly #destinationSize: number;

  private constructor(fd: number, sender: number, options: DatagramChannelOptions) {
    const { destination, index, port } = options;
    this.fd = fd;
    this.#sender = sender;
    this.#options = options;
    const { view } = this.#destination;
    this.#destinationSize = encodeIpSocketAddress(view, destination, index, port);
  }

  /** Throws SyscallError, such as EADDRNOTAVAIL while the address is not there. */
  static open(options: DatagramChannelOptions): DatagramChannel {
    const receiver = openReceiver(options);
    try {
      return new DatagramChannel(receiver, openSender(options), options);
    } catch (error) {
      closeSync(receiver);
      throw error;
    }
  }

  /** Bytes that may wait to be received, with what the kernel takes for each datagram beside them. */
  get receiveBuffer(): number {
    return socket.getOption(this.fd, socket.SO_RCVBUF);
  }

  /** Throws SyscallError. */
  receive(batch: ReceiveBatch): Received {
    return batch.receive(this.fd, this.#options.interface);
  }

  /** Sends what waits in `batch`, see there; `batch` was aimed at this channel. */
  send(batch: SendBatch): "sent" | "full" | "failed" {
    return batch.send(this.#sender);
  }

  /** Makes this channel the destination of what `batch` will send. */
  aim(batch: SendBatch): void {
    batch.setDestination({ address: this.#destination.address, size: this.#destinationSize });
  }

  close(): void {
    closeSync(this.fd);
    closeSync(this.#sender);
  }
}

const kindOf = ({ address, interface: name }: DatagramChannelOptions): socket.SocketKind => ({
  family: ipFamily(address) === 4 ? AF_INET : AF_INET6,
  type: "datagram",
  protocol: 0,
  name: `UDP for ${name}`,
});

function openReceiver(options: DatagramChannelOptions): number {
  const { transport, address, index, port, receiveBuffer, interface: name } = options;
  return socket.openSocket(kindOf(options), (fd) => {
    socket.setOption(fd, socket.SO_REUSEADDR, 1);
    if (receiveBuffer !== undefined) socket.setBufferSize(fd, "receive", receiveBuffer);
    if (transport === "multicast") join(fd, options);
    const subject = `${address} port ${port} on ${name}`;
    socket.bindSocket(fd, (view) => encodeIpSocketAddress(view, address, index, port), subject);
  });
}

function join(fd: number, { address, index, interface: name }: DatagramChannelOptions): void {
  const isIpv4 = ipFamily(address) === 4;
  // Without this, groups that other programs joined would be delivered here as well.
  socket.setOption(fd, isIpv4 ? socket.IP_MULTICAST_ALL : socket.IPV6_MULTICAST_ALL, 0);
  const option = isIpv4 ? socket.IP_ADD_MEMBERSHIP : socket.IPV6_ADD_MEMBERSHIP;
  const memory = new Memory(20);
  const size = encodeMembership(memory.view, address, index);
  socket.setOptionBytes(fd, option, { memory, size }, `${address} on ${name}`);
}

function openSender(options: DatagramChannelOptions): number {
  const { transport, sendBuffer, checksum } = options;
  return socket.openSocket(kindOf(options), (fd) => {
    if (sendBuffer !== undefined) socket.setBufferSize(fd, "send", sendBuffer);
    if (!checksum) socket.setOption(fd, socket.SO_NO_CHECK, 1);
    if (transport === "multicast") prepareMulticast(fd, options);
  });
}

function prepareMulticast(fd: number, options: DatagramChannelOptions): void {
  const { address, index, interface: name } = options;
  if (ipFamily(address) === 6) {
    socket.setOption(fd, socket.IPV6_MULTICAST_IF, index, name);
    socket.setOption(fd, socket.IPV6_MULTICAST_LOOP, 0);
    return;
  }
  const memory = new Memory(20);
  // struct ip_mreqn with the interface alone: the group means nothing here.
  const size = encodeMembership(memory.view, address, index);
  socket.setOptionBytes(fd, socket.IP_MULTICAST_IF, { memory, size }, name);
  socket.setOption(fd, socket.IP_MULTICAST_LOOP, 0);
}
