/**
 * Flow records: what one flow-sync message says of a flow, without the message's header. They are what tables keep and
 * what messages carry. Attributes stand in the order in which conntrackd 1.4.7 sends them, each at most once, padding is
 * zero, and everything is in network order (see swapPortsAndIds() for the three that are not, on the wire).
 */

/** A stretch of a buffer. Callers keep spans and move them, so that hot paths allocate nothing per flow. */
export class Span {
  view: DataView;
  /** Offset of the first byte. */
  at: number;
  /** Bytes. */
  size: number;

  constructor(view: DataView, at: number = 0, size: number = view.byteLength) {
    this.view = view;
    this.at = at;
    this.size = size;
  }

  move(view: DataView, at: number, size: number): this {
    this.view = view;
    this.at = at;
    this.size = size;
    return this;
  }
}

/** Bytes of the largest record of a flow or of an expectation. Always a multiple of 4. */
export declare const RECORD_SIZE_MAX: number;

/** Why the body of a received message is refused as a whole: section 3.1 of the protocol, and tuples without a key. */
export type RecordFault =
  | "attribute-too-short"
  | "attribute-beyond-end"
  | "unknown-attribute"
  | "wrong-attribute-size"
  | "no-usable-tuple";

/** Judges the body of a received CT_NEW, CT_UPD or CT_DEL. All other functions take bodies that passed, and records. */
export declare function checkFlow(body: Span): RecordFault | undefined;
/** Judges the body of a received EXP_NEW, EXP_UPD or EXP_DEL. */
export declare function checkExpectation(body: Span): RecordFault | undefined;

/**
 * Turns the bytes of SPAT_PORT, DPAT_PORT and ICMP_ID of a flow, in place: what a little-endian conntrackd sends differs
 * in these from a record. Called on a received body that passed checkFlow(), or on the copy that is about to be sent.
 */
export declare function swapPortsAndIds(flow: Span): void;

/** Copies a record or body to `at` of `to`, which has room for it. */
export declare function copyRecord(from: Span, to: DataView, at: number): void;

/** Brings bodies into the form of records, and updates of flows or expectations onto what is known of them. */
export declare class RecordMerger {
  constructor(kind: "flow" | "expectation");
  /** The record made last; overwritten by the next merge. */
  readonly record: Span;
  /**
   * Attributes of `update` overwrite those of `known`, absent ones stay. Either may be a checked body in any order; the
   * result is a record. Without `known` this normalises `update`.
   */
  merge(known: Span | undefined, update: Span): Span;
}

/** The identity of one record, to look it up by. One key serves any number of records, of flows and expectations. */
export declare class RecordKey {
  constructor(kind: "flow" | "expectation");
  /**
   * Takes the key of a record or checked body: original addresses, protocol, ports or ICMP type, code and id, and zone;
   * of an expectation all of master, expected tuple and mask. Returns an unsigned 32-bit hash of it.
   */
  load(record: Span): number;
  /** Whether `record` has the key that was loaded last. */
  matches(record: Span): boolean;
}

/** IPS_* bits of a flow; 0 when the record has none. */
export declare function recordStatus(flow: Span): number;
/** IP protocol number; 0 when the record has none. */
export declare function recordProtocol(flow: Span): number;
/** TCP state by number (1 SYN_SENT to 9 LISTEN); undefined when the record has none. */
export declare function recordTcpState(flow: Span): number | undefined;
/** Seconds left when it was sent, of a flow or an expectation; undefined when the sender leaves timeouts out. */
export declare function flowTimeout(flow: Span): number | undefined;
export declare function expectationTimeout(expectation: Span): number | undefined;
export declare function recordFamily(flow: Span): 4 | 6;
/** Whether the flow has a master: it is committed after all that have none. */
export declare function isRelated(flow: Span): boolean;
/** Offset in `flow.view` of the original source address, of 4 or 16 bytes. */
export declare function originalSourceAt(flow: Span): number;
/** Offset in `flow.view` of the reply's source address: the real destination, after any DNAT. */
export declare function replySourceAt(flow: Span): number;
