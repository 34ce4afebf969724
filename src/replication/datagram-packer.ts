/** Puts messages one behind the other into a datagram, section 1.4 of the protocol. */
import { copyRecord, Span, swapPortsAndIds } from "../wire/flow-record.ts";
import {
  CONTROL,
  headerWord,
  SYNC_HEADER_SIZE,
  SYNC_RANGE_SIZE,
  writeSyncHeader,
  writeSyncRange,
} from "../wire/flow-sync.ts";

/** A message without body: `from` and `to` are written only where it is `ranged`. */
export interface ControlMessage {
  readonly flags: number;
  readonly ranged: boolean;
  readonly from: number;
  readonly to: number;
}

export class DatagramPacker {
  /** Whether the peer is a little-endian conntrackd, see swapPortsAndIds(). */
  readonly #swaps: boolean;
  readonly #record = new Span(new DataView(new ArrayBuffer(0)));
  #view = this.#record.view;
  #start = 0;
  #at = 0;
  #limit = 0;

  constructor(swaps: boolean) {
    this.#swaps = swaps;
  }

  /** Starts a datagram at `at` of `view`. Its size stays below `capacity`, as conntrackd's does, and never reaches it. */
  begin(view: DataView, at: number, capacity: number): void {
    this.#view = view;
    this.#start = at;
    this.#at = at;
    this.#limit = Math.min(at + capacity, view.byteLength + 1);
  }

  /** Bytes so far. */
  get size(): number {
    return this.#at - this.#start;
  }

  /** Whether a message of `size` bytes still fits. */
  fits(size: number): boolean {
    return this.#at + size < this.#limit;
  }

  fitsRecord(size: number): boolean {
    return this.fits(SYNC_HEADER_SIZE + size);
  }

  /** Appends a message about a flow or expectation. The caller has asked whether it fits. */
  putRecord(type: number, flags: number, sequence: number, record: Span): void {
    const at = this.#at;
    const size = SYNC_HEADER_SIZE + record.size;
    writeSyncHeader(this.#view, at, headerWord(type, flags, size), sequence);
    copyRecord(record, this.#view, at + SYNC_HEADER_SIZE);
    if (this.#swaps && type < EXPECTATION_TYPES)
      swapPortsAndIds(this.#record.move(this.#view, at + SYNC_HEADER_SIZE, record.size));
    this.#at = at + size;
  }

  /** Appends a control message with `flags` added to its own. The caller has asked whether it fits. */
  putControl(message: ControlMessage, flags: number, sequence: number): void {
    const size = message.ranged ? SYNC_RANGE_SIZE : SYNC_HEADER_SIZE;
    const word = headerWord(CONTROL, message.flags | flags, size);
    writeSyncHeader(this.#view, this.#at, word, sequence);
    if (message.ranged) writeSyncRange(this.#view, this.#at, message.from, message.to);
    this.#at += size;
  }
}

/** Message types from here on speak of expectations, whose ports are in network order anyway. */
const EXPECTATION_TYPES = 3;
