/** Keys of duet.yaml about the replication of connections. */
import type { Prefix } from "../../base/ip.ts";
import { type Duration, milliseconds, NO_TIME, seconds } from "../../base/time.ts";
import { REPLICATION } from "./defaults.ts";
import { type Kind, list } from "./kinds.ts";
import { type Draft, type Fields, record } from "./maps.ts";
import type { Many } from "./reading.ts";
import {
  anyCase,
  BOOLEAN,
  duration,
  integer,
  NAME,
  NETWORK_PREFIX,
  oneOf,
  size,
} from "./scalars.ts";
import { durationText, sizeText } from "./units.ts";

/** As conntrackd.conf(5) and protocols(5) call them. */
const PROTOCOLS = ["TCP", "UDP", "ICMP", "IPv6-ICMP", "SCTP", "DCCP", "GRE", "UDPLite"];
const TCP_STATES = [
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSED",
  "LISTEN",
];

export interface FilterKeys {
  readonly protocols: Many<string>;
  readonly ignore: Many<Prefix>;
  readonly states: Many<string>;
  readonly place: "userspace" | "kernelspace";
}

export const FILTER_KEYS: Fields<FilterKeys> = {
  protocols: {
    kind: list(anyCase(PROTOCOLS, `one of ${PROTOCOLS.join(", ")}`), "a list of protocols", {
      max: PROTOCOLS.length,
    }),
    doc: "Only flows of these protocols are replicated.",
    initial: "all",
  },
  ignore: {
    kind: list(NETWORK_PREFIX, "a list of addresses and networks", { max: 256, mayBeEmpty: true }),
    doc: "Flows from or to these are not replicated.",
    initial: "127.0.0.1, ::1 and both routers' own addresses",
  },
  states: {
    kind: list(anyCase(TCP_STATES, `one of ${TCP_STATES.join(", ")}`), "a list of TCP states", {
      max: TCP_STATES.length,
    }),
    doc: "Only TCP flows in these states are replicated.",
    initial: "all",
  },
  place: {
    kind: oneOf("userspace", "kernelspace"),
    doc: "Where flows are left out: `kernelspace` keeps their events from being sent at all.",
    initial: "userspace",
  },
};

export interface ReplicationKeys {
  readonly mode: "ftfw" | "notrack" | "alarm";
  readonly links: Many<string>;
  readonly port: number;
  readonly filter: Draft<FilterKeys>;
  readonly "external-cache": boolean;
  readonly "load-ahead": boolean;
  readonly "commit-timeout": Duration;
  readonly "purge-timeout": Duration;
  readonly "startup-resync": boolean;
  readonly expectations: boolean;
  readonly "hash-size": number;
  readonly "hash-limit": number;
  readonly "socket-buffer": number;
  readonly "takeover-wait": Duration;
}

/** conntrackd has no more. */
export const LINKS_MAX = 4;
const TIMEOUT: Kind<Duration> = duration({
  min: seconds(1),
  max: seconds(432_000),
  step: seconds(1),
});
const HASH_MAX = 16_777_216;

export const REPLICATION_KEYS: Fields<ReplicationKeys> = {
  mode: {
    kind: oneOf("ftfw", "notrack", "alarm"),
    doc: "`ftfw` repeats what is lost, `notrack` does not, `alarm` repeats everything from time to time.",
    initial: REPLICATION.mode,
  },
  links: {
    kind: list(NAME, `a list of 1 to ${LINKS_MAX} networks`, { max: LINKS_MAX }),
    doc: "Networks that carry it; the first one that works is used.",
    initial: "all dedicated links, else the first network",
  },
  port: { kind: integer(1, 65_535), doc: "UDP port.", initial: String(REPLICATION.port) },
  filter: {
    kind: record(FILTER_KEYS, "a map with protocols, ignore, states and place"),
    doc: "Which flows are replicated.",
    initial: "see there",
  },
  "external-cache": {
    kind: BOOLEAN,
    doc: "Flows of the other router wait in memory; false: they go into the kernel at once.",
    initial: String(REPLICATION.externalCache),
  },
  "load-ahead": {
    kind: BOOLEAN,
    doc: "A backup loads flows that have settled into its kernel while there is time; false: all of them at a takeover.",
    initial: String(REPLICATION.loadAhead),
  },
  "commit-timeout": {
    kind: TIMEOUT,
    doc: "Timeout that flows have after a takeover.",
    initial: "what they had left",
  },
  "purge-timeout": {
    kind: TIMEOUT,
    doc: "How long after giving up the role the flows stay in the kernel.",
    initial: durationText(REPLICATION.purgeTimeout),
  },
  "startup-resync": {
    kind: BOOLEAN,
    doc: "A router that starts asks the other one for all flows.",
    initial: String(REPLICATION.startupResync),
  },
  expectations: {
    kind: BOOLEAN,
    doc: "Expectations of helpers (FTP, SIP) are replicated.",
    initial: String(REPLICATION.expectations),
  },
  "hash-size": {
    kind: integer(1, HASH_MAX),
    doc: "Flows that the tables are made for at the start.",
    initial: String(REPLICATION.hashSize),
  },
  "hash-limit": {
    kind: integer(1, HASH_MAX),
    doc: "Flows that are kept at most.",
    initial: String(REPLICATION.hashLimit),
  },
  "socket-buffer": {
    kind: size({ min: 4_096, max: 67_108_864 }),
    doc: "Buffers of the sockets on the links.",
    initial: sizeText(REPLICATION.socketBuffer),
  },
  "takeover-wait": {
    kind: duration({ min: NO_TIME, max: seconds(60), step: milliseconds(1) }),
    doc: "How long the addresses wait for the connections at a takeover, at most.",
    initial: durationText(REPLICATION.takeoverWait),
  },
};
