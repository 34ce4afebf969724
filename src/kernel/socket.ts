/** Sockets and their options: thin, with errors that name the option and what it was for. */
import { closeSync } from "node:fs";
import { encodeSockFprog, HOST_LITTLE_ENDIAN, sockFprogSize } from "../wire/abi.ts";
import { ABI, checked, libc, Memory } from "./libc.ts";

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

export const MSG_DONTROUTE = 0x4;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;

/** A socket option of socket(7), ip(7), ipv6(7) or netlink(7), with its name for messages. */
export interface SocketOption {
  readonly level: number;
  readonly number: number;
  readonly name: string;
}

const at =
  (level: number) =>
  (number: number, name: string): SocketOption => ({ level, number, name });
const generic = at(1);
const ip = at(0);
const ipv6 = at(41);
const netlink = at(270);

const tcp = at(6);

export const SO_REUSEADDR: SocketOption = generic(2, "SO_REUSEADDR");
export const SO_ERROR: SocketOption = generic(4, "SO_ERROR");
const SO_SNDBUF: SocketOption = generic(7, "SO_SNDBUF");
export const SO_RCVBUF: SocketOption = generic(8, "SO_RCVBUF");
export const SO_NO_CHECK: SocketOption = generic(11, "SO_NO_CHECK");
export const SO_PRIORITY: SocketOption = generic(12, "SO_PRIORITY");
const SO_BINDTODEVICE: SocketOption = generic(25, "SO_BINDTODEVICE");
const SO_ATTACH_FILTER: SocketOption = generic(26, "SO_ATTACH_FILTER");
const SO_SNDBUFFORCE: SocketOption = generic(32, "SO_SNDBUFFORCE");
const SO_RCVBUFFORCE: SocketOption = generic(33, "SO_RCVBUFFORCE");
export const IP_HDRINCL: SocketOption = ip(3, "IP_HDRINCL");
export const IP_FREEBIND: SocketOption = ip(15, "IP_FREEBIND");
export const IP_MULTICAST_IF: SocketOption = ip(32, "IP_MULTICAST_IF");
export const IP_MULTICAST_LOOP: SocketOption = ip(34, "IP_MULTICAST_LOOP");
export const IP_ADD_MEMBERSHIP: SocketOption = ip(35, "IP_ADD_MEMBERSHIP");
export const IP_DROP_MEMBERSHIP: SocketOption = ip(36, "IP_DROP_MEMBERSHIP");
export const IP_MULTICAST_ALL: SocketOption = ip(49, "IP_MULTICAST_ALL");
export const IPV6_CHECKSUM: SocketOption = ipv6(7, "IPV6_CHECKSUM");
export const IPV6_UNICAST_HOPS: SocketOption = ipv6(16, "IPV6_UNICAST_HOPS");
export const IPV6_MULTICAST_IF: SocketOption = ipv6(17, "IPV6_MULTICAST_IF");
export const IPV6_MULTICAST_HOPS: SocketOption = ipv6(18, "IPV6_MULTICAST_HOPS");
export const IPV6_MULTICAST_LOOP: SocketOption = ipv6(19, "IPV6_MULTICAST_LOOP");
export const IPV6_ADD_MEMBERSHIP: SocketOption = ipv6(20, "IPV6_ADD_MEMBERSHIP");
export const IPV6_DROP_MEMBERSHIP: SocketOption = ipv6(21, "IPV6_DROP_MEMBERSHIP");
export const IPV6_MULTICAST_ALL: SocketOption = ipv6(29, "IPV6_MULTICAST_ALL");
export const IPV6_RECVPKTINFO: SocketOption = ipv6(49, "IPV6_RECVPKTINFO");
export const IPV6_PKTINFO: SocketOption = ipv6(50, "IPV6_PKTINFO");
export const IPV6_RECVHOPLIMIT: SocketOption = ipv6(51, "IPV6_RECVHOPLIMIT");
export const IPV6_HOPLIMIT: SocketOption = ipv6(52, "IPV6_HOPLIMIT");
export const IPV6_TCLASS: SocketOption = ipv6(67, "IPV6_TCLASS");
export const IPV6_FREEBIND: SocketOption = ipv6(78, "IPV6_FREEBIND");
export const TCP_NODELAY: SocketOption = tcp(1, "TCP_NODELAY");
export const NETLINK_ADD_MEMBERSHIP: SocketOption = netlink(1, "NETLINK_ADD_MEMBERSHIP");
export const NETLINK_DROP_MEMBERSHIP: SocketOption = netlink(2, "NETLINK_DROP_MEMBERSHIP");
export const NETLINK_BROADCAST_ERROR: SocketOption = netlink(4, "NETLINK_BROADCAST_ERROR");
export const NETLINK_CAP_ACK: SocketOption = netlink(10, "NETLINK_CAP_ACK");
export const NETLINK_EXT_ACK: SocketOption = netlink(11, "NETLINK_EXT_ACK");
export const NETLINK_GET_STRICT_CHK: SocketOption = netlink(12, "NETLINK_GET_STRICT_CHK");

export interface SocketKind {
  readonly family: number;
  /** Raw unless given. */
  readonly type?: "stream" | "datagram" | "raw";
  readonly protocol: number;
  readonly name: string;
}

const TYPES = { stream: SOCK_STREAM, datagram: SOCK_DGRAM, raw: SOCK_RAW } as const;
/** What socket(2) and accept4(2) are told beside the type. */
export const SOCKET_FLAGS: number = SOCK_NONBLOCK | SOCK_CLOEXEC;

/** Opens a non-blocking socket and lets `prepare` set it up; a failure there closes it again. */
export function openSocket(kind: SocketKind, prepare: (fd: number) => void): number {
  const type = TYPES[kind.type ?? "raw"] | SOCKET_FLAGS;
  const fd = checked(libc.socket(kind.family, type, kind.protocol), "socket", kind.name);
  try {
    prepare(fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** Sets an option that is an `int`. `purpose` follows the option's name in the message of an error. */
export function setOption(fd: number, option: SocketOption, value: number, purpose = ""): void {
  const memory = new Memory(4);
  memory.view.setInt32(0, value, HOST_LITTLE_ENDIAN);
  setOptionBytes(fd, option, { memory, size: 4 }, purpose);
}

/** Sets an option that is a structure: the first `size` bytes of `memory`. */
export function setOptionBytes(
  fd: number,
  { level, number, name }: SocketOption,
  { memory, size }: { readonly memory: Memory; readonly size: number },
  purpose: string,
): void {
  const subject = purpose === "" ? name : `${name} ${purpose}`;
  checked(libc.setsockopt(fd, level, number, memory.address, size), "setsockopt", subject);
}

/** Reads an option that is an `int`. */
export function getOption(fd: number, { level, number, name }: SocketOption): number {
  const memory = new Memory(8);
  memory.view.setInt32(4, 4, HOST_LITTLE_ENDIAN);
  const { address } = memory;
  checked(libc.getsockopt(fd, level, number, address, address + 4), "getsockopt", name);
  return memory.view.getInt32(0, HOST_LITTLE_ENDIAN);
}

/** Gives the buffer that size even beyond the system's maximum where CAP_NET_ADMIN allows it, else as far as that goes. */
export function setBufferSize(fd: number, buffer: "receive" | "send", size: number): void {
  const isReceive = buffer === "receive";
  try {
    setOption(fd, isReceive ? SO_RCVBUFFORCE : SO_SNDBUFFORCE, size);
  } catch {
    setOption(fd, isReceive ? SO_RCVBUF : SO_SNDBUF, size);
  }
}

/** Attaches a classic BPF program of `count` instructions of 8 bytes, as socket(7) and linux/filter.h have it. */
export function attachFilter(fd: number, instructions: Memory, count: number): void {
  const program = new Memory(sockFprogSize(ABI));
  encodeSockFprog(program.view, { address: instructions.address, count }, ABI);
  setOptionBytes(fd, SO_ATTACH_FILTER, { memory: program, size: program.size }, "");
}

/** Sends and receives through that interface only. */
export function bindToDevice(fd: number, name: string): void {
  const bytes = Buffer.from(name);
  const memory = new Memory(bytes.length + 1);
  memory.bytes.set(bytes);
  setOptionBytes(fd, SO_BINDTODEVICE, { memory, size: bytes.length }, name);
}

/** Makes a sending socket deaf: a classic BPF program that accepts 0 bytes of every packet, and no room for any. */
export function receiveNothing(fd: number): void {
  const returnZero = new Memory(8);
  returnZero.view.setUint16(0, BPF_RET, HOST_LITTLE_ENDIAN);
  attachFilter(fd, returnZero, 1);
  setOption(fd, SO_RCVBUF, 0);
}

/** BPF_RET | BPF_K: return a constant, here 0. */
const BPF_RET = 0x06;

/** Binds to the address that `encode` writes. */
export function bindSocket(fd: number, encode: (view: DataView) => number, subject: string): void {
  const address = new Memory(SOCKET_ADDRESS_ROOM);
  const size = encode(address.view);
  checked(libc.bind(fd, address.address, size), "bind", subject);
}

/** Larger than any address that Duet binds to. */
const SOCKET_ADDRESS_ROOM = 32;
