// The frames that the source of flows makes: UDP datagrams, each with an address and a port of its own. Written twice, by
// this process for a packet socket, and by the kernel itself in a program for XDP.
import { readFileSync } from "node:fs";
import { SendBatch } from "../dist/kernel/datagram-batch.js";
import { Memory } from "../dist/kernel/libc.js";
import { withNetworkNamespace } from "../dist/kernel/namespace.js";
import { bindSocket, openSocket } from "../dist/kernel/socket.js";
import { HOST_LITTLE_ENDIAN as LE } from "../dist/wire/abi.js";
import { AF_PACKET, encodePacketAddress } from "../dist/wire/socket-address.js";
import * as bpf from "./bpf.mjs";

const ETHERTYPE_IPV4 = 0x0800;
const [IP_AT, UDP_AT, SIZE] = [14, 34, 46];
const [CHECKSUM_AT, SOURCE_AT, PORT_AT] = [IP_AT + 10, IP_AT + 12, UDP_AT];
/** What a router changes in a frame, so that it has to be written again where the memory is used again. */
const CHANGED_SIZE = 24;
const TARGET = 0xcb00_710a;
const FIRST_SOURCE = 0x0a40_0001;
const [FIRST_PORT, PORTS] = [1_024, 60_000];
/** Frames a call. */
const BATCH = 64;

const read = (lan, file) => readFileSync(`/sys/class/net/${lan}/${file}`, "latin1").trim();

/** Without source address, source port and header checksum; a UDP checksum of 0 says that there is none. */
function template(lan) {
  const frame = new Memory(SIZE);
  const { view } = frame;
  const mac = read(lan, "address").split(":");
  for (const [at, byte] of mac.entries()) view.setUint8(at, Number.parseInt(byte, 16));
  view.setUint8(6, 0x02);
  view.setUint16(12, ETHERTYPE_IPV4);
  view.setUint8(IP_AT, 0x45);
  view.setUint16(IP_AT + 2, SIZE - IP_AT);
  view.setUint8(IP_AT + 8, 64);
  view.setUint8(IP_AT + 9, 17);
  view.setUint32(IP_AT + 16, TARGET);
  view.setUint16(UDP_AT + 2, 53);
  view.setUint16(UDP_AT + 4, SIZE - UDP_AT);
  return frame;
}

function sumOfHeader({ view }, isLittleEndian) {
  const halves = Array.from({ length: (UDP_AT - IP_AT) / 2 }, (_, index) => IP_AT + 2 * index);
  return halves.reduce((total, at) => total + view.getUint16(at, isLittleEndian), 0);
}

/**
 * Returns what makes `count` flows from number `first` on, one after the other as a cable brings them: sent by interface
 * number `index` of the namespace at `place`, at whose other end `lan` is.
 */
export function singleFrames(lan, place, index) {
  const kind = { family: AF_PACKET, protocol: 0, name: "AF_PACKET SOCK_RAW" };
  const prepare = (opened) =>
    bindSocket(opened, (view) => encodePacketAddress(view, index, ETHERTYPE_IPV4), place);
  const fd = withNetworkNamespace(place, () => openSocket(kind, prepare));
  const frame = template(lan);
  const sum = sumOfHeader(frame, false);
  const batch = new SendBatch(BATCH, SIZE);
  const bytes = new Uint8Array(batch.view.buffer);
  const write = (number) => {
    const { view, nextAt: at } = batch;
    const source = FIRST_SOURCE + number;
    bytes.set(frame.bytes, at);
    view.setUint16(at + CHECKSUM_AT, checksum(sum + (source >>> 16) + (source & 0xffff)));
    view.setUint32(at + SOURCE_AT, source);
    view.setUint16(at + PORT_AT, FIRST_PORT + (number % PORTS));
    batch.add(SIZE);
  };
  return (first, count) => {
    for (let number = first; number < first + count; number += 1) {
      write(number);
      if (batch.isFull) flush(batch, fd);
    }
    flush(batch, fd);
  };
}

function checksum(sum) {
  const once = (sum & 0xffff) + (sum >>> 16);
  return ~(once + (once >>> 16)) & 0xffff;
}

function flush(batch, fd) {
  for (;;) {
    const outcome = batch.send(fd);
    if (outcome === "failed") throw new Error(`a frame could not be sent: errno ${batch.errno}`);
    if (outcome === "sent") return;
  }
}

/** The same, arriving on `lan` in batches, as from its driver; nothing may arrive on `spare`. Cheap in large numbers only. */
export function frameBursts(lan, spare) {
  const number = new bpf.KeptNumber();
  const frame = template(lan);
  const [ingress, idle] = [lan, spare].map((name) => Number(read(name, "ifindex")));
  const maker = new bpf.FrameMaker(program(frame, number.map), frame, { ingress, spare: idle });
  return (first, count) => {
    number.set(first);
    maker.make(count);
  };
}

/** Makes the frame of the next flow: r2 is where it begins, r8 the number of the flow, r6 and r7 are for computing. */
function program(frame, number) {
  const words = Array.from({ length: CHANGED_SIZE / 4 }, (_, index) => 4 * index);
  const fold = [bpf.move(6, 7), bpf.shiftRight(6, 16), bpf.and(7, 0xffff), bpf.add(7, 6)];
  return [
    // The kernel wants to see that the frame has as many bytes as are written.
    bpf.load32(2, 1, 0),
    bpf.load32(3, 1, 4),
    bpf.move(4, 2),
    bpf.addConstant(4, SIZE),
    bpf.skipUnlessGreater(4, 3, 2),
    bpf.exitWith(bpf.XDP_ABORTED),
    bpf.addressOfNumber(5, number),
    bpf.load32(8, 5, 0),
    bpf.move(7, 8),
    bpf.addConstant(7, 1),
    bpf.store32(5, 0, 7),
    ...words.map((at) => bpf.store32Constant(2, at, frame.view.getInt32(at, LE))),
    bpf.move(6, 8),
    bpf.addConstant(6, FIRST_SOURCE),
    bpf.toNetworkOrder(6, 32),
    bpf.store32(2, SOURCE_AT, 6),
    bpf.move(7, 6),
    bpf.and(7, 0xffff),
    bpf.shiftRight(6, 16),
    bpf.add(7, 6),
    bpf.addConstant(7, sumOfHeader(frame, LE)),
    ...fold,
    ...fold,
    bpf.xor(7, 0xffff),
    bpf.store16(2, CHECKSUM_AT, 7),
    bpf.modulo(8, PORTS),
    bpf.addConstant(8, FIRST_PORT),
    bpf.toNetworkOrder(8, 16),
    bpf.store16(2, PORT_AT, 8),
    bpf.exitWith(bpf.XDP_PASS),
  ].flat();
}
