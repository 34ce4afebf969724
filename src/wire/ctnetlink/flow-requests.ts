/** Flow records as requests to the kernel: create, update, delete. */
import type { Span } from "../flow-record.ts";

export interface RequestOptions {
  /** Makes the kernel accept TCP segments outside of the window it knows: unless TCPWindowTracking is on. */
  readonly liberal: boolean;
}

/**
 * Writes netlink messages one after the other into a buffer. Each function returns false, and leaves the buffer as it
 * was, when the message does not fit or cannot be made of that record. `flags` are NLM_F_ACK or 0.
 */
export declare class FlowRequests {
  constructor(view: DataView, options: RequestOptions);
  /** Bytes of all messages. */
  readonly size: number;
  /** Sequence number of the next message; counted up by each. Where the caller tells answers apart. */
  sequence: number;
  clear(): void;
  /** Creates the flow, refused with EEXIST when there is one; `timeout` in seconds. */
  create(flow: Span, timeout: number, flags: number): boolean;
  /** Updates an existing flow's state, timeout, status, mark and labels; `timeout` undefined leaves it. */
  update(flow: Span, timeout: number | undefined, flags: number): boolean;
  /** Deletes by original tuple and zone. */
  delete(flow: Span, flags: number): boolean;
}
