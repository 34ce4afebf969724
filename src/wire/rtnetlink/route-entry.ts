/** Routes read from the kernel; the numbers stand in route.ts. */
import { anyAddress, type IpAddress, type IpFamily, type Prefix, readIp } from "../../base/ip.ts";
import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";
import { AttributeCursor } from "../netlink.ts";
import type { RouteMetric } from "../objects.ts";
import type { NexthopEntry, RouteEntry } from "./entries.ts";
import { familyOf } from "./family.ts";
import {
  ROUTE_METRICS,
  ROUTE_TYPES,
  RTA_DST,
  RTA_GATEWAY,
  RTA_METRICS,
  RTA_MULTIPATH,
  RTA_OIF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_SRC,
  RTA_TABLE,
  RTA_VIA,
  RTMSG_SIZE,
  RTNEXTHOP_SIZE,
  RTNH_F_ONLINK,
} from "./route.ts";

type RouteAttributes = Pick<
  RouteEntry,
  "preferredSource" | "gateway" | "index" | "metric" | "table" | "metrics" | "nexthops"
> & { readonly to?: IpAddress; readonly source?: IpAddress };

/** Reads the body of an RTM_NEWROUTE or RTM_DELROUTE; undefined when it holds no IP route of a known type. */
export function decodeRoute(view: DataView, bodyAt: number, endAt: number): RouteEntry | undefined {
  if (bodyAt + RTMSG_SIZE > endAt) return undefined;
  const family = familyOf(view.getUint8(bodyAt));
  const type = ROUTE_TYPES.get(view.getUint8(bodyAt + 7));
  if (family === undefined || type === undefined) return undefined;
  const table = view.getUint8(bodyAt + 4);
  const attributes = new AttributeCursor(view, bodyAt + RTMSG_SIZE, endAt);
  const { to, source, ...rest } = readRouteAttributes(attributes, family, table);
  const fromLength = view.getUint8(bodyAt + 2);
  return {
    family,
    type,
    destination: prefix(family, to, view.getUint8(bodyAt + 1)),
    ...(fromLength > 0 && { from: prefix(family, source, fromLength) }),
    protocol: view.getUint8(bodyAt + 5),
    scope: view.getUint8(bodyAt + 6),
    tos: view.getUint8(bodyAt + 3),
    flags: view.getUint32(bodyAt + 8, LE),
    ...rest,
  };
}

const prefix = (family: IpFamily, address: IpAddress | undefined, length: number): Prefix => ({
  address: address ?? anyAddress(family),
  length,
});

function readRouteAttributes(
  attributes: AttributeCursor,
  family: IpFamily,
  table: number,
): RouteAttributes {
  const draft: { -readonly [Key in keyof RouteAttributes]: RouteAttributes[Key] } = {
    metric: 0,
    table,
    metrics: {},
    nexthops: [],
  };
  while (attributes.next()) {
    const field = ADDRESS_FIELDS.get(attributes.type);
    const address = field === undefined ? undefined : readAddress(attributes);
    if (field !== undefined && address !== undefined) draft[field] = address;
    else if (attributes.type === RTA_OIF) draft.index = attributes.uint32();
    else if (attributes.type === RTA_PRIORITY) draft.metric = attributes.uint32();
    else if (attributes.type === RTA_TABLE) draft.table = attributes.uint32();
    else if (attributes.type === RTA_METRICS) draft.metrics = readMetrics(attributes.nested());
    else if (attributes.type === RTA_MULTIPATH) draft.nexthops = readNexthops(attributes);
  }
  return draft;
}

const ADDRESS_FIELDS: ReadonlyMap<number, "to" | "source" | "preferredSource" | "gateway"> =
  new Map([
    [RTA_DST, "to"],
    [RTA_SRC, "source"],
    [RTA_PREFSRC, "preferredSource"],
    [RTA_GATEWAY, "gateway"],
    [RTA_VIA, "gateway"],
  ]);

/** RTA_VIA puts the family before the address. */
function readAddress(attribute: AttributeCursor): IpAddress | undefined {
  if (attribute.type !== RTA_VIA) return attribute.ip();
  const family = familyOf(attribute.uint16());
  if (family === undefined || attribute.size !== 2 + (family === 4 ? 4 : 16)) return undefined;
  return readIp(attribute.view, attribute.at + 2, family);
}

function readMetrics(attributes: AttributeCursor): Partial<Record<RouteMetric, number>> {
  const metrics: Partial<Record<RouteMetric, number>> = {};
  while (attributes.next()) {
    const name = ROUTE_METRICS.get(attributes.type);
    if (name !== undefined) metrics[name] = attributes.uint32();
  }
  return metrics;
}

function readNexthops({ view, at, size }: AttributeCursor): NexthopEntry[] {
  const nexthops: NexthopEntry[] = [];
  const end = at + size;
  let next = at;
  while (next + RTNEXTHOP_SIZE <= end) {
    const length = view.getUint16(next, LE);
    if (length < RTNEXTHOP_SIZE || next + length > end) break;
    nexthops.push(readNexthop(view, next, length));
    next += (length + 3) & ~3;
  }
  return nexthops;
}

function readNexthop(view: DataView, at: number, length: number): NexthopEntry {
  const attributes = new AttributeCursor(view, at + RTNEXTHOP_SIZE, at + length);
  let gateway: IpAddress | undefined;
  while (attributes.next())
    if (attributes.type === RTA_GATEWAY || attributes.type === RTA_VIA)
      gateway = readAddress(attributes);
  return {
    ...(gateway !== undefined && { gateway }),
    index: view.getInt32(at + 4, LE),
    weight: view.getUint8(at + 3) + 1,
    onlink: (view.getUint8(at + 2) & RTNH_F_ONLINK) !== 0,
  };
}
