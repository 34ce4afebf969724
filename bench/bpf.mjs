// bpf(2) as far as the source of flows needs it: one program for XDP with one number that it keeps, and the kernel's way of
// letting such a program make the frames that a driver would have received (BPF_PROG_TEST_RUN with live frames, Linux 5.18).
import { lastErrno, libc, Memory } from "../dist/kernel/libc.js";
import { HOST_LITTLE_ENDIAN as LE, writeUint64 } from "../dist/wire/abi.js";

const SYS_BPF = { x64: 321, arm64: 280, riscv64: 280, loong64: 280, arm: 386 }[process.arch];
const [MAP_CREATE, MAP_UPDATE, PROGRAM_LOAD, PROGRAM_RUN, LINK_CREATE] = [0, 2, 5, 10, 28];
const [MAP_TYPE_ARRAY, PROGRAM_TYPE_XDP, ATTACH_XDP] = [2, 6, 37];
const XDP_FLAGS_SKB_MODE = 2;
const LIVE_FRAMES = 2;
/** Frames that the program makes before the kernel takes them up. */
const BATCH = 64;
const ATTRIBUTES_SIZE = 128;
const INSTRUCTION_SIZE = 8;
const NUMBER_SIZE = 8;
/** struct xdp_md. */
const CONTEXT_SIZE = 24;

/** Instructions as [operation, destination, source, offset, immediate]; the names are those of the kernel's assembler. */
export const XDP_ABORTED = 0;
export const XDP_PASS = 2;
export const load32 = (to, from, offset) => [[0x61, to, from, offset, 0]];
export const store32 = (to, offset, from) => [[0x63, to, from, offset, 0]];
export const store16 = (to, offset, from) => [[0x6b, to, from, offset, 0]];
export const store32Constant = (to, offset, value) => [[0x62, to, 0, offset, value]];
export const move = (to, from) => [[0xbf, to, from, 0, 0]];
export const add = (to, from) => [[0x0f, to, from, 0, 0]];
export const addConstant = (to, value) => [[0x07, to, 0, 0, value]];
export const and = (to, value) => [[0x57, to, 0, 0, value]];
export const xor = (to, value) => [[0xa7, to, 0, 0, value]];
export const shiftRight = (to, bits) => [[0x77, to, 0, 0, bits]];
export const modulo = (to, value) => [[0x97, to, 0, 0, value]];
export const toNetworkOrder = (to, bits) => [[0xdc, to, 0, 0, bits]];
/** Skips `count` instructions unless the left one is greater. */
export const skipUnlessGreater = (left, right, count) => [[0xbd, left, right, count, 0]];
export const exitWith = (value) => [
  [0xb7, 0, 0, 0, value],
  [0x95, 0, 0, 0, 0],
];
/** Where the number is that the program keeps. */
export const addressOfNumber = (to, map) => [
  [0x18, to, 2, 0, map],
  [0, 0, 0, 0, 0],
];

/** What the kernel is given by its address: collected, it would be read as something else. */
const lasting = [];

function room(size) {
  const memory = new Memory(size);
  lasting.push(memory);
  return memory;
}

/** One number that the kernel keeps for a program; `map` is the file descriptor that stands for it. */
export class KeptNumber {
  map = call(MAP_CREATE, { u32: [MAP_TYPE_ARRAY, 4, NUMBER_SIZE, 1] });
  #key = room(4);
  #value = room(NUMBER_SIZE);
  #update = attributes({
    u32: [this.map],
    u64: { 8: this.#key.address, 16: this.#value.address },
  });

  set(value) {
    this.#value.view.setUint32(0, value, LE);
    perform(MAP_UPDATE, this.#update);
  }
}

/** Makes frames arrive on an interface, as if its driver had received them. */
export class FrameMaker {
  #run;

  /**
   * The frames begin as copies of `frame`, the program does the rest; `ingress` is the index of the interface. The program
   * is also bound to the interface `spare`, where nothing arrives: otherwise each run would be its first one, for which the
   * kernel patches itself and waits for all processors.
   */
  constructor(instructions, frame, { ingress, spare }) {
    const program = load(instructions);
    call(LINK_CREATE, { u32: [program, spare, ATTACH_XDP, XDP_FLAGS_SKB_MODE] });
    const context = room(CONTEXT_SIZE);
    context.view.setUint32(4, frame.size, LE);
    context.view.setUint32(12, ingress, LE);
    const copy = room(frame.size);
    copy.bytes.set(frame.bytes);
    const addresses = { 16: copy.address, 48: context.address };
    this.#run = attributes({ u32: [program, 0, frame.size], u64: addresses });
    const { view } = this.#run;
    view.setUint32(40, CONTEXT_SIZE, LE);
    view.setUint32(64, LIVE_FRAMES, LE);
    view.setUint32(72, BATCH, LE);
  }

  make(count) {
    this.#run.view.setUint32(32, count, LE);
    perform(PROGRAM_RUN, this.#run);
  }
}

function load(instructions) {
  const code = encode(instructions);
  const licence = room(4);
  licence.bytes.set(Buffer.from("GPL"));
  const addresses = { 8: code.address, 16: licence.address };
  return call(PROGRAM_LOAD, { u32: [PROGRAM_TYPE_XDP, instructions.length], u64: addresses });
}

function encode(instructions) {
  const code = room(instructions.length * INSTRUCTION_SIZE);
  for (const [index, [operation, to, from, offset, value]] of instructions.entries()) {
    const at = index * INSTRUCTION_SIZE;
    code.view.setUint8(at, operation);
    code.view.setUint8(at + 1, LE ? to | (from << 4) : (to << 4) | from);
    code.view.setInt16(at + 2, offset, LE);
    code.view.setInt32(at + 4, value, LE);
  }
  return code;
}

/** union bpf_attr: words from its beginning on, and 64-bit words at offsets. */
function attributes({ u32 = [], u64 = {} }) {
  const memory = room(ATTRIBUTES_SIZE);
  for (const [index, value] of u32.entries()) memory.view.setUint32(4 * index, value, LE);
  for (const [at, value] of Object.entries(u64)) writeUint64(memory.view, Number(at), value);
  return memory;
}

const call = (command, given) => perform(command, attributes(given));

function perform(command, { address, size }) {
  const result = libc.syscall(SYS_BPF, command, address, size, 0, 0, 0);
  if (result < 0)
    throw new Error(
      `bpf command ${command}: errno ${lastErrno()}; the source of flows needs root and Linux 5.18 or later with CONFIG_BPF_SYSCALL`,
    );
  return result;
}
