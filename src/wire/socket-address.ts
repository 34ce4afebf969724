/** Socket addresses and multicast requests of ip(7), ipv6(7), packet(7) and netlink(7), as system calls take them. */
import { type IpAddress, ipFamily, readIp, writeIp } from "../base/ip.ts";
import { HOST_LITTLE_ENDIAN as LE } from "./abi.ts";

export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;

/** Room for any of the addresses below. */
export const SOCKET_ADDRESS_SIZE_MAX = 28;

function clear(view: DataView, size: number): void {
  for (let at = 0; at < size; at += 1) view.setUint8(at, 0);
}

/**
 * struct sockaddr_in (16 bytes) or sockaddr_in6 (28): family, port, address; for IPv6 the interface index as scope,
 * which link-local addresses need and others ignore. Returns the size.
 */
export function encodeIpSocketAddress(
  view: DataView,
  address: IpAddress,
  scope: number,
  port = 0,
): number {
  clear(view, SOCKET_ADDRESS_SIZE_MAX);
  view.setUint16(2, port);
  if (ipFamily(address) === 4) {
    view.setUint16(0, AF_INET, LE);
    writeIp(view, 4, address);
    return 16;
  }
  view.setUint16(0, AF_INET6, LE);
  writeIp(view, 8, address);
  view.setUint32(24, scope, LE);
  return 28;
}

/** The address in a sockaddr_in6 at `offset`. */
export const readIpv6SocketAddress = (view: DataView, offset: number): IpAddress =>
  readIp(view, offset + 8, 6);

/**
 * struct sockaddr_ll, packet(7): family, EtherType in network order, interface index, and a destination that only
 * cooked sockets look at. Returns the size.
 */
export function encodePacketAddress(view: DataView, index: number, etherType: number): number {
  clear(view, 20);
  view.setUint16(0, AF_PACKET, LE);
  view.setUint16(2, etherType);
  view.setInt32(4, index, LE);
  return 20;
}

export const NETLINK_ADDRESS_SIZE = 12;

/** struct sockaddr_nl, netlink(7): port 0 is the kernel as a destination, and "choose one" when binding. */
export function encodeNetlinkAddress(view: DataView, groups: number): number {
  clear(view, NETLINK_ADDRESS_SIZE);
  view.setUint16(0, AF_NETLINK, LE);
  view.setUint32(8, groups, LE);
  return NETLINK_ADDRESS_SIZE;
}

/** The port id in a sockaddr_nl. */
export const readNetlinkPort = (view: DataView, offset = 0): number =>
  view.getUint32(offset + 4, LE);

/** struct ip_mreqn, ip(7): group, no local address, interface index. An IPv6 group makes a struct ipv6_mreq. */
export function encodeMembership(view: DataView, group: IpAddress, index: number): number {
  clear(view, 20);
  const size = writeIp(view, 0, group);
  const indexAt = size === 4 ? 8 : size;
  view.setInt32(indexAt, index, LE);
  return indexAt + 4;
}
