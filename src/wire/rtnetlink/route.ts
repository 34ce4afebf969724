/** Routes written to the kernel: struct rtmsg and its attributes, rtnetlink(7) and linux/rtnetlink.h. */
import { anyAddress, type IpAddress, type IpFamily, ipFamily } from "../../base/ip.ts";
import type { MessageWriter } from "../netlink.ts";
import type { Nexthop, RouteMetric, RouteSpec, RouteType } from "../objects.ts";
import { familyNumber } from "./family.ts";

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

export const RTA_DST = 1;
export const RTA_SRC = 2;
export const RTA_OIF = 4;
export const RTA_GATEWAY = 5;
export const RTA_PRIORITY = 6;
export const RTA_PREFSRC = 7;
export const RTA_METRICS = 8;
export const RTA_MULTIPATH = 9;
const RTA_FLOW = 11;
export const RTA_TABLE = 15;
export const RTA_VIA = 18;
const RTA_PREF = 20;
const RTA_EXPIRES = 23;
const RTA_TTL_PROPAGATE = 26;

/** Family, destination and source length, TOS, table, protocol, scope, type, flags. */
export const RTMSG_SIZE = 12;
/** Length, flags, hops, interface index; attributes follow. */
export const RTNEXTHOP_SIZE = 8;
export const RTNH_F_ONLINK = 4;

const RTAX_LOCK = 1;
const RTAX_CC_ALGO = 16;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const RT_SCOPE_HOST = 254;
const RT_SCOPE_NOWHERE = 255;
/** Larger table numbers do not fit into struct rtmsg and stand in RTA_TABLE only. */
const TABLE_BYTE_MAX = 255;

/** RTN_* of linux/rtnetlink.h. */
const ROUTE_TYPE_NUMBERS: Readonly<Record<RouteType, number>> = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
};
export const ROUTE_TYPES: ReadonlyMap<number, RouteType> = inverse(ROUTE_TYPE_NUMBERS);

/** RTAX_* of linux/rtnetlink.h. */
const METRIC_NUMBERS: Readonly<Record<RouteMetric, number>> = {
  mtu: 2,
  window: 3,
  rtt: 4,
  rttvar: 5,
  ssthresh: 6,
  cwnd: 7,
  advmss: 8,
  reordering: 9,
  hoplimit: 10,
  initcwnd: 11,
  features: 12,
  rto_min: 13,
  initrwnd: 14,
  quickack: 15,
  fastopen_no_cookie: 17,
};
export const ROUTE_METRICS: ReadonlyMap<number, RouteMetric> = inverse(METRIC_NUMBERS);

/** ICMPV6_ROUTER_PREF_* of RFC 4191. */
const PREFERENCE_NUMBERS = { medium: 0, high: 1, low: 3 } as const;

function inverse<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
): ReadonlyMap<number, Name> {
  return new Map((Object.keys(numbers) as Name[]).map((name) => [numbers[name], name]));
}

/** Indexes of the interfaces that a route names. */
export interface RouteInterfaces {
  readonly own: number | undefined;
  /** In the order of the route's next hops. */
  readonly nexthops: readonly (number | undefined)[];
}

/** The body that adds or replaces a route. */
export function writeRoute(
  writer: MessageWriter,
  spec: RouteSpec,
  interfaces: RouteInterfaces,
): void {
  writeRouteHeader(writer, spec, spec.scope ?? defaultScope(spec));
  writeRouteIdentity(writer, spec, interfaces);
  writeMetrics(writer, spec);
  if (spec.preference !== undefined)
    writer.attributeUint8(RTA_PREF, PREFERENCE_NUMBERS[spec.preference]);
  if (spec.expires !== undefined) writer.attributeUint32(RTA_EXPIRES, spec.expires);
  if (spec.ttlPropagate !== undefined)
    writer.attributeUint8(RTA_TTL_PROPAGATE, spec.ttlPropagate ? 1 : 0);
}

/** The body that names a route: enough to delete it, and strict enough to delete no other. */
export function writeRouteDeletion(
  writer: MessageWriter,
  spec: RouteSpec,
  interfaces: RouteInterfaces,
): void {
  const anyScope = spec.family === 4 ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE;
  writeRouteHeader(writer, spec, spec.scope ?? anyScope);
  writeRouteIdentity(writer, spec, interfaces);
}

/** The body of a dump request; family 0 asks for both, protocol 0 for all originators. */
export function writeRouteDump(writer: MessageWriter, family: number, protocol: number): void {
  writer
    .uint8(family)
    .zeros(4)
    .uint8(protocol)
    .zeros(RTMSG_SIZE - 6);
}

function writeRouteHeader(writer: MessageWriter, spec: RouteSpec, scope: number): void {
  writer.uint8(familyNumber(spec.family)).uint8(spec.destination.length);
  writer.uint8(spec.from?.length ?? 0).uint8(spec.tos ?? 0);
  writer.uint8(spec.table > TABLE_BYTE_MAX ? 0 : spec.table).uint8(spec.protocol);
  writer.uint8(scope).uint8(ROUTE_TYPE_NUMBERS[spec.type]);
  writer.uint32(spec.onlink ? RTNH_F_ONLINK : 0);
}

/** As ip-route(8): a route without a gateway reaches its own link only. IPv6 knows no scopes. */
function defaultScope({ family, type, gateway, nexthops }: RouteSpec): number {
  if (family === 6) return RT_SCOPE_UNIVERSE;
  if (type === "local" || type === "nat") return RT_SCOPE_HOST;
  if (type === "broadcast" || type === "multicast" || type === "anycast") return RT_SCOPE_LINK;
  if (type !== "unicast" || gateway !== undefined || nexthops.length > 0) return RT_SCOPE_UNIVERSE;
  return RT_SCOPE_LINK;
}

function writeRouteIdentity(
  writer: MessageWriter,
  spec: RouteSpec,
  interfaces: RouteInterfaces,
): void {
  const { destination, from, preferredSource, gateway, metric, realms } = spec;
  if (destination.length > 0 || destination.address !== anyAddress(spec.family))
    writer.attributeIp(RTA_DST, destination.address);
  if (from !== undefined) writer.attributeIp(RTA_SRC, from.address);
  if (preferredSource !== undefined) writer.attributeIp(RTA_PREFSRC, preferredSource);
  if (gateway !== undefined) writeGateway(writer, spec.family, gateway);
  if (interfaces.own !== undefined) writer.attributeUint32(RTA_OIF, interfaces.own);
  if (metric !== undefined) writer.attributeUint32(RTA_PRIORITY, metric);
  writer.attributeUint32(RTA_TABLE, spec.table);
  if (realms !== undefined) writer.attributeUint32(RTA_FLOW, realms.from * 0x1_0000 + realms.to);
  if (spec.nexthops.length > 0) writeNexthops(writer, spec, interfaces.nexthops);
}

/** A gateway of the other family travels as RTA_VIA: its family, then its address. */
function writeGateway(writer: MessageWriter, family: IpFamily, gateway: IpAddress): void {
  const own = ipFamily(gateway);
  if (own === family) writer.attributeIp(RTA_GATEWAY, gateway);
  else writer.attribute(RTA_VIA, (w) => w.uint16(familyNumber(own)).ip(gateway));
}

function writeNexthops(
  writer: MessageWriter,
  { family, nexthops }: RouteSpec,
  indexes: RouteInterfaces["nexthops"],
): void {
  writer.attribute(RTA_MULTIPATH, (w) => {
    for (const [place, nexthop] of nexthops.entries())
      w.sized(() => {
        writeNexthop(w, family, nexthop, indexes[place] ?? 0);
      });
  });
}

/** Follows the 16-bit length that the writer puts in front. */
function writeNexthop(
  writer: MessageWriter,
  family: IpFamily,
  { gateway, weight, onlink }: Nexthop,
  index: number,
): void {
  writer
    .uint8(onlink ? RTNH_F_ONLINK : 0)
    .uint8(weight - 1)
    .uint32(index);
  if (gateway !== undefined) writeGateway(writer, family, gateway);
}

function writeMetrics(writer: MessageWriter, spec: RouteSpec): void {
  const { metrics, lockedMetrics, congestion } = spec;
  const names = Object.keys(metrics) as RouteMetric[];
  if (names.length === 0 && lockedMetrics.length === 0 && congestion === undefined) return;
  writer.attribute(RTA_METRICS, (w) => {
    const locked = lockedMetrics.reduce((bits, name) => bits | (1 << METRIC_NUMBERS[name]), 0);
    if (locked !== 0) w.attributeUint32(RTAX_LOCK, locked);
    for (const name of names) w.attributeUint32(METRIC_NUMBERS[name], metrics[name] ?? 0);
    if (congestion !== undefined) w.attributeText(RTAX_CC_ALGO, congestion);
  });
}
