/** What replication counts. All of them only grow, but for a restart. */

export interface CacheCounters {
  created: number;
  updated: number;
  destroyed: number;
  /** Flows that were not taken in because the table or its memory was full. */
  refused: number;
  /** Updates of flows that found no memory. */
  updateFailed: number;
  /** Deletions of flows that are not there. */
  destroyFailed: number;
  /** Dead entries that were given up before the peer had heard of their end. */
  evicted: number;
}

export const newCacheCounters = (): CacheCounters => ({
  created: 0,
  updated: 0,
  destroyed: 0,
  refused: 0,
  updateFailed: 0,
  destroyFailed: 0,
  evicted: 0,
});

/** By conntrackd's names of faults; the last one is of bodies that cannot be a flow. */
export interface ReceiveFaults {
  truncated: number;
  badSize: number;
  wrongVersion: number;
  malformedHeader: number;
  malformedPayload: number;
}

export interface TrafficCounters {
  messagesReceived: number;
  bytesReceived: number;
  datagramsReceived: number;
  messagesSent: number;
  bytesSent: number;
  datagramsSent: number;
  /** Messages of the peer that did not arrive when they should have; most arrive later, under another number. */
  lost: number;
  /** Messages that came late or twice, and were dropped. */
  before: number;
  /** Acknowledgements of what was never sent. */
  implausible: number;
  /** Messages sent again. */
  repeated: number;
  /** Records that fit into no datagram of this link. */
  tooLarge: number;
  /** Without an internal cache: messages for which the line to the wire was too long. */
  unsent: number;
  faults: ReceiveFaults;
}

export const newTrafficCounters = (): TrafficCounters => ({
  messagesReceived: 0,
  bytesReceived: 0,
  datagramsReceived: 0,
  messagesSent: 0,
  bytesSent: 0,
  datagramsSent: 0,
  lost: 0,
  before: 0,
  implausible: 0,
  repeated: 0,
  tooLarge: 0,
  unsent: 0,
  faults: { truncated: 0, badSize: 0, wrongVersion: 0, malformedHeader: 0, malformedPayload: 0 },
});
