/** A packet that might come by, and what the fields that rules look at say of it. */
import { type IpAddress, type IpFamily, isMulticast, type Prefix } from "../../../base/ip.ts";
import { asList, asObject, type JsonObject } from "./ruleset.ts";

/** What is not known is undefined: a match on it is neither true nor false. */
export interface Packet {
  readonly family: IpFamily;
  /** Undefined for a packet that this router sends itself. */
  readonly input: string | undefined;
  /** Undefined for a packet to this router. */
  readonly output: string | undefined;
  /** IP protocol number. */
  readonly protocol: number;
  /** A network: some address of it. */
  readonly source: IpAddress | Prefix | undefined;
  readonly destination: IpAddress | undefined;
  /** TTL or hop limit. */
  readonly ttl: number | undefined;
  readonly destinationPort: number | undefined;
  readonly state: "new" | "untracked";
}

/**
 * What a field says. "within": one of the addresses of a network. "absent": the packet has no such field, and a rule that asks for it does not match. "unknown": it
 * cannot be known here.
 */
export type Field =
  | { readonly kind: "absent" | "unknown" }
  | { readonly kind: "known"; readonly value: string | number }
  | { readonly kind: "within"; readonly prefix: Prefix };

const UNKNOWN: Field = { kind: "unknown" };
const ABSENT: Field = { kind: "absent" };

const known = (value: string | number | undefined): Field =>
  value === undefined ? UNKNOWN : { kind: "known", value };

const TCP = 6;
const UDP = 17;
const TRANSPORTS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, sctp: 132, dccp: 33 };

/** The fields of the left side of a match: one, or the parts of a concatenation. */
export function fieldsOf(left: unknown, packet: Packet): readonly Field[] {
  const object = asObject(left) ?? {};
  const parts = object["concat"];
  if (parts === undefined) return [fieldOf(object, packet)];
  return asList(parts).map((part) => fieldOf(asObject(part) ?? {}, packet));
}

function fieldOf(expression: JsonObject, packet: Packet): Field {
  const payload = asObject(expression["payload"]);
  if (payload !== undefined) return payloadField(payload, packet);
  const meta = asObject(expression["meta"]);
  if (meta !== undefined) return metaField(meta["key"], packet);
  const ct = asObject(expression["ct"]);
  if (ct !== undefined) return trackingField(ct["key"], packet);
  const fib = asObject(expression["fib"]);
  if (fib !== undefined) return routingField(fib, packet);
  return derivedField(expression, packet);
}

const OPERATORS = ["&", "|", "^", "<<", ">>"] as const;

/** What is computed from a field is there only where the field is. */
function derivedField(expression: JsonObject, packet: Packet): Field {
  if ("tcp option" in expression && packet.protocol !== TCP) return ABSENT;
  const operands = OPERATORS.flatMap((operator) => asList(expression[operator]));
  const isAbsent = operands
    .map((operand) => asObject(operand))
    .some((operand) => operand !== undefined && fieldOf(operand, packet).kind === "absent");
  return isAbsent ? ABSENT : UNKNOWN;
}

function payloadField({ protocol, field }: JsonObject, packet: Packet): Field {
  if (protocol === "ip" || protocol === "ip6") {
    if ((protocol === "ip") !== (packet.family === 4)) return ABSENT;
    return headerField(field, packet);
  }
  if (protocol === "th") return field === "dport" ? known(packet.destinationPort) : UNKNOWN;
  const transport = typeof protocol === "string" ? TRANSPORTS[protocol] : undefined;
  if (transport === undefined)
    return typeof protocol === "string" ? otherHeader(protocol) : UNKNOWN;
  if (transport !== packet.protocol) return ABSENT;
  return field === "dport" ? known(packet.destinationPort) : UNKNOWN;
}

/** No packet that is asked about carries these. */
const otherHeader = (protocol: string): Field =>
  ["icmp", "icmpv6", "igmp", "esp", "comp", "udplite", "arp"].includes(protocol) ? ABSENT : UNKNOWN;

function headerField(field: unknown, packet: Packet): Field {
  switch (field) {
    case "saddr":
      return typeof packet.source === "object"
        ? { kind: "within", prefix: packet.source }
        : known(packet.source);
    case "daddr":
      return known(packet.destination);
    case "protocol":
    case "nexthdr":
      return known(packet.protocol);
    case "ttl":
    case "hoplimit":
      return known(packet.ttl);
    default:
      return UNKNOWN;
  }
}

const interfaceField = (name: string | undefined): Field =>
  name === undefined ? ABSENT : known(name);

const META: Readonly<Record<string, (packet: Packet) => Field>> = {
  iif: ({ input }) => interfaceField(input),
  iifname: ({ input }) => interfaceField(input),
  oif: ({ output }) => interfaceField(output),
  oifname: ({ output }) => interfaceField(output),
  l4proto: ({ protocol }) => known(protocol),
  nfproto: ({ family }) => known(family === 4 ? "ipv4" : "ipv6"),
  protocol: ({ family }) => known(family === 4 ? "ip" : "ip6"),
  pkttype: (packet) => castOf(packet, { multicast: "multicast", unicast: "host" }),
};

const metaField = (key: unknown, packet: Packet): Field =>
  typeof key === "string" && Object.hasOwn(META, key) ? (META[key]?.(packet) ?? UNKNOWN) : UNKNOWN;

const castOf = (
  { destination }: Packet,
  words: { readonly multicast: string; readonly unicast: string },
): Field =>
  destination === undefined
    ? UNKNOWN
    : known(isMulticast(destination) ? words.multicast : words.unicast);

const trackingField = (key: unknown, { state }: Packet): Field => {
  if (key === "state") return known(state);
  // The first packet of a flow is in its original direction, and nothing was decided about it yet.
  return key === "direction" && state === "new" ? known("original") : UNKNOWN;
};

/** What comes to this router comes from the link, and what it forwards from a host. */
function routingField({ result, flags }: JsonObject, packet: Packet): Field {
  if (packet.input === undefined || result !== "type") return UNKNOWN;
  const which = asList(flags);
  if (which.includes("saddr")) return known("unicast");
  if (packet.output !== undefined || !which.includes("daddr")) return UNKNOWN;
  return castOf(packet, { multicast: "multicast", unicast: "local" });
}
