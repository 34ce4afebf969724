/** What flow replication needs to know, checked and complete; see conntrackd.conf(5) for the words. Plain JSON. */
import type { IpAddress, Prefix } from "../base/ip.ts";
import type { Duration } from "../base/time.ts";

export type ReplicationMode =
  | {
      /** Reliable: sequence numbers, acknowledgements, retransmission. */
      readonly type: "ftfw";
      readonly resendQueueSize: number;
      readonly ackWindowSize: number;
      /** False: received flows go straight into the kernel (DisableExternalCache). */
      readonly externalCache: boolean;
      readonly startupResync: boolean;
    }
  | {
      /** Best effort. */
      readonly type: "notrack";
      readonly internalCache: boolean;
      readonly externalCache: boolean;
      readonly startupResync: boolean;
    }
  | {
      /** Every flow is repeated from time to time; what is not repeated expires. */
      readonly type: "alarm";
      readonly refreshTime: Duration;
      readonly cacheTimeout: Duration;
    };

/** A dedicated link. Several of one transport may stand by for each other; the first one marked default is used first. */
export interface ChannelConfig {
  readonly transport: "udp" | "multicast" | "tcp";
  readonly isDefault: boolean;
  readonly interface: string;
  /** Local address; of a multicast channel the group. */
  readonly address: IpAddress;
  /** The peer's address; of a multicast IPv4 channel the local address of the interface. */
  readonly peer: IpAddress | undefined;
  readonly port: number;
  /** Bytes; undefined leaves it to the system. */
  readonly sendBuffer: number | undefined;
  readonly receiveBuffer: number | undefined;
  readonly checksum: boolean;
  /** TCP only: buffers kept while there is no connection. */
  readonly errorQueueLength: number;
}

export interface AcceptOrIgnore<T> {
  readonly policy: "accept" | "ignore";
  readonly entries: readonly T[];
}

export interface FilterConfig {
  readonly place: "userspace" | "kernelspace";
  /** IP protocol numbers. */
  readonly protocols: AcceptOrIgnore<number> | undefined;
  /** Compared with the original source and the reply source. */
  readonly addresses: AcceptOrIgnore<Prefix> | undefined;
  /** TCP states by number, section 3.5 of the protocol: 1 SYN_SENT to 9 LISTEN. */
  readonly tcpStates: AcceptOrIgnore<number> | undefined;
}

export interface ReplicationConfig {
  readonly mode: ReplicationMode;
  readonly channels: readonly ChannelConfig[];
  /** Timeout given to committed flows; undefined estimates it from what the peer sent. */
  readonly commitTimeout: Duration | undefined;
  readonly purgeTimeout: Duration;
  /** A backup has the peer's flows in its kernel before any takeover; without meaning where there is no external cache. */
  readonly loadsAhead: boolean;
  readonly windowTracking: boolean;
  /** False, or true for every helper, or names of helpers. */
  readonly expectations: boolean | readonly string[];
  readonly hashSize: number;
  readonly hashLimit: number;
  readonly netlinkBuffer: number | undefined;
  readonly netlinkBufferMax: number;
  /** Resynchronise with the kernel this long after an overrun; undefined switches it off. */
  readonly overrunResync: Duration | undefined;
  readonly reliableEvents: boolean;
  readonly eventIterationLimit: number;
  /** Dump the kernel's table this often instead of listening to events. */
  readonly poll: Duration | undefined;
  readonly filter: FilterConfig;
  readonly logFile: string | undefined;
  readonly syslog: string | undefined;
  readonly lockFile: string | undefined;
  /** Socket for conntrackd's own client commands. */
  readonly controlSocket: string | undefined;
}
