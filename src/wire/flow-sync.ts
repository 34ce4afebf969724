/**
 * Messages of the flow-sync protocol of conntrackd 1.4: headers, and the walk over a datagram or a stream.
 *
 *    0       1       2               4               8               12              16
 *   +---+---+-------+---------------+---------------+---------------+---------------+
 *   | 1 |typ| flags | length        | sequence      | from          | to            |  from and to: ack, nack, resync
 *   +---+---+-------+---------------+---------------+---------------+---------------+
 *
 * Network order. The length counts the header; attributes follow in messages of flows and expectations.
 */
import { Span } from "./flow-record.ts";

export const SYNC_HEADER_SIZE = 8;
/** Of an ack, nack or resync. */
export const SYNC_RANGE_SIZE = 16;

/** Message types. */
export const CT_NEW = 0;
export const CT_UPD = 1;
export const CT_DEL = 2;
export const EXP_NEW = 3;
// 4 is EXP_UPD, which no conntrackd sends and none may refuse.
export const EXP_DEL = 5;
export const CONTROL = 10;

/** Flags. The hello ones may stand on data, too. */
export const SYNC_RESYNC = 0x02;
export const SYNC_NACK = 0x04;
export const SYNC_ACK = 0x08;
export const SYNC_ALIVE = 0x10;
export const SYNC_HELLO = 0x20;
export const SYNC_HELLO_BACK = 0x40;
/** Duet's own, on control messages only, where conntrackd 1.4.7 was seen to ignore it. An alive with it may have a range. */
export const SYNC_DUET = 0x80;

const VERSION = 1;
const HELLOS = SYNC_HELLO | SYNC_HELLO_BACK;
const RANGED = SYNC_ACK | SYNC_NACK | SYNC_RESYNC;

/** Why a message is refused, by conntrackd's counters. Behind the first two, the rest of the datagram is dropped. */
export type SyncFault = "truncated" | "bad-size" | "wrong-version" | "malformed-header";
/** What a message is for. "none" is that of a refused one. */
export type SyncKind = "data" | "ack" | "nack" | "resync" | "alive" | "none";

/** Walks over the messages of one datagram. One cursor serves any number of datagrams. Never throws. */
export class SyncCursor {
  /** Of the current message; undefined when it is a good one. The other fields then hold what could be read. */
  fault: SyncFault | undefined = undefined;
  kind: SyncKind = "none";
  type = 0;
  flags = 0;
  sequence = 0;
  /** The sequence numbers that an ack or nack speaks of, both included; the two words behind any other control header. */
  from = 0;
  to = 0;
  /** Attributes of a data message, to be judged by checkFlow() or checkExpectation(). Empty otherwise. */
  readonly body: Span;
  readonly #view: DataView;
  #next = 0;
  #end = 0;

  constructor(view: DataView) {
    this.#view = view;
    this.body = new Span(view, 0, 0);
  }

  /** Starts at the first of `length` bytes. */
  reset(length: number): void {
    this.#next = 0;
    this.#end = Math.min(length, this.#view.byteLength);
  }

  /** Goes to the next message, a good or a bad one; false at the end. */
  next(): boolean {
    const at = this.#next;
    if (at >= this.#end) return false;
    this.kind = "none";
    this.body.move(this.#view, at, 0);
    this.fault = this.#readHeader(at, this.#end - at);
    if (this.fault === "truncated" || this.fault === "bad-size") this.#next = this.#end;
    return true;
  }

  #readHeader(at: number, left: number): SyncFault | undefined {
    if (left < SYNC_HEADER_SIZE) return "truncated";
    const word = this.#view.getUint32(at);
    const size = word & 0xffff;
    this.type = (word >>> 24) & 0x0f;
    this.flags = (word >>> 16) & 0xff;
    this.sequence = this.#view.getUint32(at + 4);
    if (size < SYNC_HEADER_SIZE || size > left) return "bad-size";
    const ranged = this.type === CONTROL && (this.flags & RANGED) !== 0;
    if (ranged && left < SYNC_RANGE_SIZE) return "truncated";
    if (ranged && size < SYNC_RANGE_SIZE) return "bad-size";
    this.#next = at + size;
    if (word >>> 28 !== VERSION) return "wrong-version";
    const hasRange = this.type === CONTROL && size >= SYNC_RANGE_SIZE;
    this.#readRange(hasRange ? at + SYNC_HEADER_SIZE : -1);
    return this.#classify(at + SYNC_HEADER_SIZE, size - SYNC_HEADER_SIZE);
  }

  #readRange(at: number): void {
    this.from = at < 0 ? 0 : this.#view.getUint32(at);
    this.to = at < 0 ? 0 : this.#view.getUint32(at + 4);
  }

  #classify(bodyAt: number, bodySize: number): SyncFault | undefined {
    if (this.type <= EXP_DEL) {
      if ((this.flags & ~HELLOS) !== 0) return "malformed-header";
      this.body.at = bodyAt;
      this.body.size = bodySize;
      this.kind = "data";
      return undefined;
    }
    const kind = this.type === CONTROL ? controlKind(this.flags) : "none";
    const backwards = ((this.to - this.from) | 0) < 0;
    if (kind === "none" || ((kind === "ack" || kind === "nack") && backwards))
      return "malformed-header";
    this.kind = kind;
    return undefined;
  }
}

function controlKind(flags: number): SyncKind {
  if ((flags & SYNC_ACK) !== 0) return "ack";
  if ((flags & SYNC_NACK) !== 0) return "nack";
  if ((flags & SYNC_RESYNC) !== 0) return "resync";
  return (flags & SYNC_ALIVE) === 0 ? "none" : "alive";
}

/** Version, type, flags and size (of the whole message, header included) as the first 32 bits of a header. */
export const headerWord = (type: number, flags: number, size: number): number =>
  (((VERSION << 28) | (type << 24) | (flags << 16)) & 0xffff0000) | size;

/** Writes the 8 bytes of a header: `word` from headerWord(). */
export function writeSyncHeader(view: DataView, at: number, word: number, sequence: number): void {
  view.setUint32(at, word);
  view.setUint32(at + 4, sequence);
}

/** Writes the 8 bytes behind the header of an ack or nack (both numbers included) or resync (0 and 0). */
export function writeSyncRange(view: DataView, at: number, from: number, to: number): void {
  view.setUint32(at + SYNC_HEADER_SIZE, from);
  view.setUint32(at + SYNC_HEADER_SIZE + 4, to);
}

/**
 * How many of the first `length` bytes of a stream are whole messages; the rest waits for more. A header with an
 * impossible size makes all of it whole, as nothing behind it can be found: the cursor will refuse it.
 */
export function wholeMessages(view: DataView, length: number): number {
  let at = 0;
  while (length - at >= SYNC_HEADER_SIZE) {
    const size = view.getUint16(at + 2);
    if (size < SYNC_HEADER_SIZE) return length;
    if (size > length - at) return at;
    at += size;
  }
  return at;
}
