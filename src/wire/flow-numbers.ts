/** Numbers of connection tracking that records and the kernel share. */

/** IPS_* of linux/netfilter/nf_conntrack_common.h: the bits of a flow's status. */
export const STATUS = {
  expected: 0x1,
  seenReply: 0x2,
  assured: 0x4,
  confirmed: 0x8,
  sourceNat: 0x10,
  destinationNat: 0x20,
  sequenceAdjusted: 0x40,
  sourceNatDone: 0x80,
  destinationNatDone: 0x100,
  dying: 0x200,
  fixedTimeout: 0x400,
  template: 0x800,
  untracked: 0x1000,
  helper: 0x2000,
  offload: 0x4000,
  hardwareOffload: 0x8000,
} as const;

/** IP protocol numbers of what connection tracking knows more about than addresses. */
export const PROTOCOL = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
} as const;

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PROTOCOL).map(([name, number]) => [number, name]),
);

/** "unknown" for what connection tracking knows nothing more of than addresses. */
export const protocolName = (protocol: number): string => PROTOCOL_NAMES.get(protocol) ?? "unknown";

export const isIcmp = (protocol: number): boolean =>
  protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6;

/** Whether flows of that protocol are told apart by two ports that travel in records. */
export function hasPorts(protocol: number): boolean {
  switch (protocol) {
    case PROTOCOL.tcp:
    case PROTOCOL.udp:
    case PROTOCOL.sctp:
    case PROTOCOL.dccp:
    case PROTOCOL.udplite:
      return true;
    default:
      return false;
  }
}

/** By number, 0 to 9: the states of a TCP flow. */
export const TCP_STATES: readonly string[] = [
  "NONE",
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSE",
  "SYN_SENT2",
];

/** By number, 0 to 9. */
export const SCTP_STATES: readonly string[] = [
  "NONE",
  "CLOSED",
  "COOKIE_WAIT",
  "COOKIE_ECHOED",
  "ESTABLISHED",
  "SHUTDOWN_SENT",
  "SHUTDOWN_RECD",
  "SHUTDOWN_ACK_SENT",
  "HEARTBEAT_SENT",
  "HEARTBEAT_ACKED",
];

/** By number, 0 to 7. */
export const DCCP_STATES: readonly string[] = [
  "NONE",
  "REQUEST",
  "RESPOND",
  "PARTOPEN",
  "OPEN",
  "CLOSEREQ",
  "CLOSING",
  "TIMEWAIT",
];

/** Pairs of ICMP types, RFC 792 and RFC 950, and of ICMPv6, RFC 4443 and RFC 4620: a question and its answer. */
const ICMP_PAIRS: ReadonlyMap<number, number> = bothWays([
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
]);
const ICMPV6_PAIRS: ReadonlyMap<number, number> = bothWays([
  [128, 129],
  [139, 140],
]);

function bothWays(pairs: readonly (readonly [number, number])[]): Map<number, number> {
  return new Map(
    pairs.flatMap(([a, b]) => [
      [a, b],
      [b, a],
    ]),
  );
}

/** The type that answers `type`; undefined when no flow starts with that type. */
export const icmpReplyType = (protocol: number, type: number): number | undefined =>
  (protocol === PROTOCOL.icmp ? ICMP_PAIRS : ICMPV6_PAIRS).get(type);
