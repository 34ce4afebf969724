/** Messages of the flow-sync protocol: headers, and the walk over a datagram. */
import type { Span } from "./flow-record.ts";

export const SYNC_HEADER_SIZE = 8;
export const SYNC_ACK_SIZE = 16;

/** Message types. */
export const CT_NEW = 0;
export const CT_UPD = 1;
export const CT_DEL = 2;
export const EXP_NEW = 3;
export const EXP_UPD = 4;
export const EXP_DEL = 5;
export const CONTROL = 10;

/** Flags. */
export const SYNC_RESYNC = 0x02;
export const SYNC_NACK = 0x04;
export const SYNC_ACK = 0x08;
export const SYNC_ALIVE = 0x10;
export const SYNC_HELLO = 0x20;
export const SYNC_HELLO_BACK = 0x40;

/** Why a message is refused, by conntrackd's counters. The first two end the datagram. */
export type SyncFault = "truncated" | "bad-size" | "wrong-version" | "malformed-header";
export type SyncKind = "data" | "ack" | "nack" | "resync" | "alive";

/** Walks over the messages of one datagram. One cursor serves any number of datagrams. Never throws. */
export declare class SyncCursor {
  constructor(view: DataView);
  /** Starts at the first of `length` bytes. */
  reset(length: number): void;
  /** Goes to the next message, a good or a bad one; false at the end. */
  next(): boolean;
  /** Of the current message; undefined when it is a good one. */
  fault: SyncFault | undefined;
  kind: SyncKind;
  type: number;
  flags: number;
  sequence: number;
  /** Range of sequence numbers of an ack or nack. */
  from: number;
  to: number;
  /** Attributes of a data message, to be judged by checkFlow() or checkExpectation(). */
  readonly body: Span;
}

/** Writes the 8 bytes of a header: `word` from headerWord(). */
export declare function writeSyncHeader(
  view: DataView,
  at: number,
  word: number,
  sequence: number,
): void;
/** Version, type, flags and size (of the whole message, header included) as the first 32 bits of a header. */
export declare function headerWord(type: number, flags: number, size: number): number;
/** Writes the 8 bytes behind the header of an ack, nack (an inclusive range) or resync (0, 0). */
export declare function writeSyncRange(view: DataView, at: number, from: number, to: number): void;

/** Of a stream: how many of the first `length` bytes are whole messages. What has an impossible size counts as whole. */
export declare function wholeMessages(view: DataView, length: number): number;
