/** The kernel's conntrack messages as flow records. */
import type { Span } from "../flow-record.ts";

export interface TranscodeOptions {
  /** Whether records carry TIMEOUT: not where CommitTimeout is configured. */
  readonly timeouts: boolean;
  /** Whether records of TCP flows carry window scales (TCPWindowTracking). */
  readonly windowScales: boolean;
}

/** Reads messages of events and dumps. One reader serves any number of messages. */
export declare class FlowReader {
  constructor(options: TranscodeOptions);
  /** The record read last; overwritten by the next read. */
  readonly record: Span;
  /** Takes the attributes of a message, those behind its nfgenmsg. False: it has no tuple to know the flow by. */
  read(attributes: Span): boolean;
}
