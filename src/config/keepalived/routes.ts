/** One route per line, as in virtual_routes and static_routes: the words of ip-route(8) in any order. */
import type { IpAddress, IpFamily, Prefix } from "../../base/ip.ts";
import { anyAddress, ipFamily } from "../../base/ip.ts";
import type { VirtualRoute } from "../../vrrp/config.ts";
import type { Nexthop, RouteMetric, RouteSpec, RouteType } from "../../wire/objects.ts";
import { DUET_PROTOCOL } from "../../wire/objects.ts";
import type { Position } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import { Cursor } from "./cursor.ts";
import type { Word } from "./lexer.ts";
import type { Reading } from "./reading.ts";
import { named, number, readRealms, routeTime } from "./route-values.ts";
import type { Statement } from "./tree.ts";
import { quote, readAddress, readChoice, readInterface, readPrefix } from "./values.ts";

const TABLE_MAIN = 254;
const UINT32_MAX = 4_294_967_295;
const RTAX_FEATURE_ECN = 1;

export const ROUTE_FORM =
  "[TYPE] [to] PREFIX|default [via ADDRESS] [dev INTERFACE] [src ADDRESS] [metric N] [table T] [protocol P] [scope S] [tos X] [from PREFIX] [onlink] [mtu [lock] N] … [nexthop via ADDRESS dev INTERFACE weight N]… [no_track]";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type Metrics = Writable<RouteSpec["metrics"]>;

interface Draft {
  family?: IpFamily;
  type: RouteType;
  destination?: Prefix | "default";
  from?: Prefix;
  preferredSource?: IpAddress;
  gateway?: IpAddress;
  interface?: string;
  metric?: number;
  table: number;
  protocol?: number;
  protocolAt?: Position;
  scope?: number;
  tos?: number;
  onlink: boolean;
  metrics: Metrics;
  lockedMetrics: RouteMetric[];
  congestion?: string;
  realms?: { from: number; to: number };
  preference?: "low" | "medium" | "high";
  expires?: number;
  ttlPropagate?: boolean;
  nexthops: Nexthop[];
  tracked: boolean;
}

/** Reads a route. It is looked after unless it has no interface or `no_track`. */
export function readRouteLine(
  reading: Reading,
  { keyword, words, block }: Statement,
): VirtualRoute | undefined {
  if (block !== undefined) {
    const message = "a route has no block: remove { and its }";
    reading.findings.error(block.openedAt, "brace-unexpected", message);
    return undefined;
  }
  const draft = newDraft();
  const cursor = new Cursor(reading, [keyword, ...words]);
  for (let word = cursor.next(); word !== undefined; word = cursor.next())
    readToken(cursor, word, draft);
  return cursor.failed ? undefined : completeRoute(reading, keyword.at, draft);
}

const newDraft = (): Draft => ({
  type: "unicast",
  table: TABLE_MAIN,
  onlink: false,
  metrics: {},
  lockedMetrics: [],
  nexthops: [],
  tracked: true,
});

/** A default route of the gateway's family, which is looked after. */
export function defaultRoute(
  hop: Required<Pick<Draft, "gateway" | "interface">> & Pick<Draft, "preferredSource" | "metric">,
): VirtualRoute {
  const draft = { ...newDraft(), ...hop };
  return { spec: routeSpec(draft, "default", ipFamily(hop.gateway), false), tracked: true };
}

const TYPES: readonly RouteType[] = [
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
  "nat",
];

function readToken(cursor: Cursor, word: Word, draft: Draft): void {
  const { text } = word;
  const type = TYPES.find((name) => name === text);
  const option = OPTIONS.get(text);
  const metric = METRICS.get(text);
  if (type !== undefined) draft.type = type;
  else if (option !== undefined) option(cursor, word, draft);
  else if (metric !== undefined) readMetric(cursor, word, metric, draft);
  else if (draft.destination === undefined) readDestination(cursor, word, draft);
  else reportUnknown(cursor, word);
}

function reportUnknown(cursor: Cursor, { text, at }: Word): void {
  const known = [...OPTIONS.keys(), ...METRICS.keys(), ...TYPES];
  const hint = cursor.reading.findings.isFull ? "" : didYouMean(text, known);
  const message = `${quote(text)} is not an option of a route${hint}`;
  cursor.reading.findings.error(at, "route-invalid", message);
  cursor.fail();
}

function readDestination(cursor: Cursor, word: Word, draft: Draft): void {
  const { text } = word;
  if (text === "default" || text === "any" || text === "all") {
    draft.destination = "default";
    return;
  }
  if (!/^[\d:]|^[0-9a-fA-F]*:/.test(text)) {
    reportUnknown(cursor, word);
    return;
  }
  const prefix = readPrefix(cursor.reading, word, "the destination of a route");
  if (prefix === undefined) cursor.fail();
  else {
    draft.destination = prefix;
    adoptFamily(cursor, word, draft, ipFamily(prefix.address));
  }
}

/** Destination, source and `from` are of one family; the gateway need not be. */
function adoptFamily(cursor: Cursor, { text, at }: Word, draft: Draft, family: IpFamily): void {
  if (draft.family === undefined || draft.family === family) {
    draft.family = family;
    return;
  }
  const message = `${text} is of another family than the rest of the route`;
  cursor.reading.findings.error(at, "family-mixed", message);
  cursor.fail();
}

type Option = (cursor: Cursor, keyword: Word, draft: Draft) => void;

const via: Option = (cursor, keyword, draft) => {
  const family = cursor.skip("inet6") ? 6 : cursor.skip("inet") ? 4 : undefined;
  const gateway = cursor.value(keyword, (reading, word) => readAddress(reading, word, "a gateway"));
  if (gateway === undefined) return;
  if (family !== undefined && ipFamily(gateway) !== family) {
    const message = `${gateway} is not of the family that is written before it`;
    cursor.reading.findings.error(keyword.at, "family-mixed", message);
    cursor.fail();
  }
  draft.gateway = gateway;
};

const source: Option = (cursor, keyword, draft) => {
  const word = cursor.peek() ?? keyword;
  const address = cursor.value(keyword, (reading, value) => readAddress(reading, value, "src"));
  if (address === undefined) return;
  draft.preferredSource = address;
  adoptFamily(cursor, word, draft, ipFamily(address));
};

const from: Option = (cursor, keyword, draft) => {
  const prefix = cursor.value(keyword, (reading, word) => readPrefix(reading, word, "from"));
  if (prefix === undefined) return;
  draft.from = prefix;
  adoptFamily(cursor, keyword, draft, ipFamily(prefix.address));
  if (ipFamily(prefix.address) === 6) return;
  const message = "from is for IPv6 routes only; for IPv4 write a rule in virtual_rules";
  cursor.reading.findings.error(keyword.at, "route-invalid", message);
  cursor.fail();
};

const device: Option = (cursor, keyword, draft) => {
  const name = cursor.value(keyword, readInterface);
  if (name !== undefined) draft.interface = name;
};

/** An option with one value that goes into one field. */
const field =
  <Key extends keyof Draft>(
    key: Key,
    read: (reading: Reading, word: Word) => Draft[Key] | undefined,
  ): Option =>
  (cursor, keyword, draft) => {
    const value = cursor.value(keyword, read);
    if (value !== undefined) draft[key] = value;
  };

const ownProtocol: Option = (cursor, keyword, draft) => {
  field("protocol", named("protocol"))(cursor, keyword, draft);
  draft.protocolAt = keyword.at;
};

const inFamily =
  (value: IpFamily): Option =>
  (cursor, keyword, draft) =>
    adoptFamily(cursor, keyword, draft, value);

const toward: Option = (cursor, keyword, draft) => {
  const word = cursor.next();
  if (word !== undefined) readDestination(cursor, word, draft);
  else cursor.value(keyword, () => undefined);
};

const congestion: Option = (cursor, keyword, draft) => {
  cursor.skip("lock");
  field("congestion", (_, { text }) => text)(cursor, keyword, draft);
};

const flag =
  (change: (draft: Draft) => void): Option =>
  (_cursor, _keyword, draft) =>
    change(draft);

const refuse =
  (advice: string): Option =>
  (cursor, { text, at }) => {
    cursor.reading.findings.error(at, "route-invalid", `${text} is not supported: ${advice}`);
    cursor.fail();
  };

/** `or ADDRESS` after a gateway: the old way to write a second hop. */
const or: Option = (cursor, keyword, draft) => {
  const second = cursor.value(keyword, (reading, word) => readAddress(reading, word, "or"));
  const message = "or is deprecated: write nexthop via ADDRESS for each gateway";
  cursor.reading.findings.warn(keyword.at, "deprecated", message);
  if (second === undefined) return;
  for (const gateway of [draft.gateway, second])
    if (gateway !== undefined) draft.nexthops.push({ gateway, weight: 1, onlink: false });
  delete draft.gateway;
};

const gw: Option = (cursor, keyword, draft) => {
  cursor.reading.findings.warn(keyword.at, "deprecated", "gw is deprecated: write via");
  via(cursor, keyword, draft);
};

const nexthop: Option = (cursor, _keyword, draft) => {
  const hop = newDraft();
  let weight = 1;
  for (let word = cursor.peek(); word !== undefined; word = cursor.peek()) {
    const option = NEXTHOP_OPTIONS.get(word.text);
    if (option === undefined && word.text !== "weight") break;
    cursor.next();
    if (option !== undefined) option(cursor, word, hop);
    else weight = cursor.value(word, number("weight", 256, 1)) ?? 1;
  }
  draft.nexthops.push({
    ...(hop.gateway !== undefined && { gateway: hop.gateway }),
    ...(hop.interface !== undefined && { interface: hop.interface }),
    weight,
    onlink: hop.onlink,
  });
};

const onlink = flag((draft) => {
  draft.onlink = true;
});

const NEXTHOP_OPTIONS: ReadonlyMap<string, Option> = new Map([
  ["via", via],
  ["gw", gw],
  ["dev", device],
  ["oif", device],
  ["onlink", onlink],
]);

const metric = field("metric", number("metric", UINT32_MAX));
const tos = field("tos", named("dsfield"));
const nothing = flag(() => undefined);

const OPTIONS: ReadonlyMap<string, Option> = new Map<string, Option>([
  ...NEXTHOP_OPTIONS,
  ["to", toward],
  ["src", source],
  ["from", from],
  ["metric", metric],
  ["priority", metric],
  ["preference", metric],
  ["table", field("table", named("table"))],
  ["protocol", ownProtocol],
  ["scope", field("scope", named("scope"))],
  ["tos", tos],
  ["dsfield", tos],
  ["congctl", congestion],
  ["realms", field("realms", readRealms)],
  ["realm", field("realms", readRealms)],
  ["pref", field("preference", (r, w) => readChoice(r, w, "pref", ["low", "medium", "high"]))],
  ["expires", field("expires", number("expires", UINT32_MAX))],
  [
    "ttl-propagate",
    field("ttlPropagate", (r, w) => {
      const choice = readChoice(r, w, "ttl-propagate", ["enabled", "disabled"]);
      return choice === undefined ? undefined : choice === "enabled";
    }),
  ],
  ["inet", inFamily(4)],
  ["inet6", inFamily(6)],
  ["or", or],
  ["nexthop", nexthop],
  ["add", nothing],
  ["append", nothing],
  ["prepend", nothing],
  [
    "no_track",
    flag((draft) => {
      draft.tracked = false;
    }),
  ],
  ["encap", refuse("make the tunnel an interface and name it with dev")],
  ["vrf", refuse("write table with the number of the VRF's table")],
  ["as", refuse("remove it")],
  ["track_group", refuse("static objects do not act on instances")],
]);

type MetricReader = (reading: Reading, word: Word) => number | undefined;

const quickAck: MetricReader = (reading, word) => number("quickack", 1)(reading, word);

function readFeatures(reading: Reading, word: Word): number | undefined {
  return readChoice(reading, word, "features", ["ecn"]) && RTAX_FEATURE_ECN;
}

const METRICS: ReadonlyMap<string, readonly [RouteMetric, MetricReader]> = new Map<
  string,
  readonly [RouteMetric, MetricReader]
>([
  ["mtu", ["mtu", number("mtu", UINT32_MAX)]],
  ["window", ["window", number("window", UINT32_MAX)]],
  ["rtt", ["rtt", routeTime("rtt", 8)]],
  ["rttvar", ["rttvar", routeTime("rttvar", 4)]],
  ["ssthresh", ["ssthresh", number("ssthresh", UINT32_MAX)]],
  ["cwnd", ["cwnd", number("cwnd", UINT32_MAX)]],
  ["advmss", ["advmss", number("advmss", UINT32_MAX)]],
  ["reordering", ["reordering", number("reordering", UINT32_MAX)]],
  ["hoplimit", ["hoplimit", number("hoplimit", 255)]],
  ["initcwnd", ["initcwnd", number("initcwnd", UINT32_MAX)]],
  ["initrwnd", ["initrwnd", number("initrwnd", UINT32_MAX)]],
  ["features", ["features", readFeatures]],
  ["rto_min", ["rto_min", routeTime("rto_min", 1)]],
  ["quickack", ["quickack", quickAck]],
  ["fastopen_no_cookie", ["fastopen_no_cookie", number("fastopen_no_cookie", 1)]],
]);

function readMetric(
  cursor: Cursor,
  keyword: Word,
  [name, read]: readonly [RouteMetric, MetricReader],
  draft: Draft,
): void {
  if (cursor.skip("lock")) draft.lockedMetrics.push(name);
  const value = cursor.value(keyword, read);
  if (value !== undefined) draft.metrics[name] = value;
}

const NEEDS_NO_INTERFACE: ReadonlySet<RouteType> = new Set([
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
]);

function completeRoute(
  { findings }: Reading,
  at: Position,
  draft: Draft,
): VirtualRoute | undefined {
  if (draft.destination === undefined) {
    findings.error(at, "route-invalid", "a route needs a destination: PREFIX or default");
    return undefined;
  }
  const family = draft.family ?? ipFamily(draft.gateway ?? anyAddress(4));
  const tracked = draft.tracked && hasInterface(draft);
  if (draft.tracked && !tracked) {
    const message = "a route without dev is not looked after: add dev INTERFACE, or no_track";
    findings.warn(at, "route-untracked", message);
  }
  const keepsProtocol = !draft.tracked;
  if (draft.protocol !== undefined && !keepsProtocol) {
    const message = "only a route with no_track keeps a protocol of its own; it is ignored";
    findings.warn(draft.protocolAt ?? at, "route-invalid", message);
  }
  const spec = routeSpec(draft, draft.destination, family, keepsProtocol);
  return { spec, tracked };
}

const hasInterface = ({ interface: own, nexthops, type }: Draft): boolean =>
  own !== undefined ||
  (!NEEDS_NO_INTERFACE.has(type) &&
    nexthops.length > 0 &&
    nexthops.every((hop) => hop.interface !== undefined));

function routeSpec(
  draft: Draft,
  destination: Prefix | "default",
  family: IpFamily,
  keepsProtocol: boolean,
): RouteSpec {
  const { destination: _, protocol, protocolAt: __, tracked: ___, ...rest } = draft;
  return {
    ...rest,
    family,
    destination:
      destination === "default" ? { address: anyAddress(family), length: 0 } : destination,
    protocol: keepsProtocol ? (protocol ?? DUET_PROTOCOL) : DUET_PROTOCOL,
  };
}
