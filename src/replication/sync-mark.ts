/**
 * What two Duets tell each other beyond conntrackd's protocol, as ALIVE messages with two words behind the header that are
 * sent only to a peer which showed the Duet flag: where a full resync begins and ends, so that what it did not mention can
 * be removed, a digest of the table, so that both can tell that they are equal, and what the kernels are like.
 *
 *    0       1               4               8
 *   +-------+---------------+---------------+
 *   | kind  | number        | value         |
 *   +-------+---------------+---------------+
 *
 * begin, end: number of the round; value unused. digest: count of flows, modulo 2^24; digest of their keys. max, buckets,
 * count, room: see kernel-facts.ts. Kinds that are not known are ignored.
 */
import { SYNC_ALIVE, SYNC_DUET } from "../wire/flow-sync.ts";
import type { ControlMessage } from "./datagram-packer.ts";

export const MARK_BEGIN = 1;
export const MARK_END = 2;
export const MARK_DIGEST = 3;
export const MARK_MAX = 4;
export const MARK_BUCKETS = 5;
export const MARK_COUNT = 6;
export const MARK_ROOM = 7;
/** Numbers of rounds and counts are sent modulo this. */
export const MARK_NUMBERS = 0x100_0000;

export interface SyncMark {
  readonly kind: number;
  readonly number: number;
  readonly value: number;
}

const MARK_FLAGS = SYNC_ALIVE | SYNC_DUET;

export const markMessage = ({ kind, number, value }: SyncMark): ControlMessage => ({
  flags: MARK_FLAGS,
  ranged: true,
  from: ((kind << 24) | (number % MARK_NUMBERS)) >>> 0,
  to: value >>> 0,
});

/** The mark in the two words of an ALIVE with the Duet flag; kind 0 is a plain ALIVE. */
export const readMark = (from: number, to: number): SyncMark => ({
  kind: from >>> 24,
  number: from % MARK_NUMBERS,
  value: to,
});

/** Marks that must arrive are repeated until they are acknowledged; a digest is old by the time it would be. */
export const isKeptMark = (message: ControlMessage): boolean =>
  message.ranged && (message.from >>> 24 === MARK_BEGIN || message.from >>> 24 === MARK_END);
