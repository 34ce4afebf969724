/**
 * Pairs of every sort that duet.yaml can describe without an error: what is random is which networks there are, which
 * families they have, and every setting; what must agree does agree.
 */
import fc from "fast-check";
import { type IpAddress, type Prefix, parseIp } from "../../src/base/ip.ts";
import { parseMac } from "../../src/base/mac.ts";
import { milliseconds, seconds } from "../../src/base/time.ts";
import { defaultDhcp, defaultIgnored, defaultLinks } from "../../src/config/pair/defaults.ts";
import { defaultPool, takenAddresses } from "../../src/config/pair/dhcp-pool.ts";
import type {
  PairCheck,
  PairConfig,
  PairDhcp,
  PairElection,
  PairHooks,
  PairNetwork,
  PairReplication,
  PairTracking,
} from "../../src/config/pair/model.ts";
import { completeVrids } from "../../src/config/pair/vrids.ts";

const address = (text: string): IpAddress => {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
};
const prefix = (text: string, length: number): Prefix => ({ address: address(text), length });

// Neither words that YAML takes for something else nor names that end in -6 are special; some of them are in here.
const NAMES = [
  "alpha",
  "beta",
  "gw-1",
  "R2",
  "yes",
  "null",
  "n",
  "a.b",
  "true",
  "router_with_a_long_name",
];
const NETWORKS = ["lan", "wan", "link", "guest", "iot", "v100", "on", "dmz.x", "E1", "I1", "no"];
const INTERFACES = [
  "eth0",
  "br-lan",
  "eth0.2",
  "enp3s0f1np1",
  "wlan0",
  "pppoe-wan",
  "10",
  "lan@x",
  "e#1",
];
const word = fc.oneof(
  fc.constantFrom(
    "true",
    "-c",
    "1",
    "a b",
    '"q"',
    "#x",
    "{",
    "null",
    "0x1f",
    "1e3",
    "a: b",
    "~",
    "%s",
  ),
  fc.string({ minLength: 1, maxLength: 12, unit: "grapheme-ascii" }),
);
const command = fc.array(word, { minLength: 1, maxLength: 4 });
const path = fc.constantFrom("/etc/duet/secret", "/x", "/run/a:b", "/tmp/with#hash", "/a/{b}");
const weight = fc.integer({ min: -253, max: 253 });
const time = (minMs: number, maxMs: number): fc.Arbitrary<ReturnType<typeof milliseconds>> =>
  fc.integer({ min: minMs, max: maxMs }).map(milliseconds);
const wholeSeconds = (min: number, max: number): fc.Arbitrary<ReturnType<typeof seconds>> =>
  fc.integer({ min, max }).map(seconds);

type Families = "4" | "6" | "46";

/** What one network is like, before it has a name and a number. */
interface Shape {
  readonly isLink: boolean;
  readonly families: Families;
  readonly length: number;
  readonly virtual: number;
  readonly unadvertised: number;
  readonly hasGateway: boolean;
  readonly metric: number | undefined;
  readonly translates: boolean | undefined;
  readonly vrid: number | undefined;
  readonly vrid6: number | undefined;
  readonly differs: boolean;
  readonly dhcp: DhcpShape | undefined;
}

interface DhcpShape {
  readonly pool: readonly [number, number] | undefined;
  readonly lease: PairDhcp["lease"] | undefined;
  readonly other: boolean;
  readonly domain: string | undefined;
  readonly force: boolean;
  readonly hosts: number;
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const dhcpShape: fc.Arbitrary<DhcpShape> = fc.record({
  pool: maybe(
    fc
      .tuple(fc.integer({ min: 20, max: 60 }), fc.integer({ min: 0, max: 40 }))
      .map(([first, more]): [number, number] => [first, first + more]),
  ),
  lease: maybe(wholeSeconds(120, 100_000)),
  other: fc.boolean(),
  domain: maybe(fc.constantFrom("lan", "home.arpa", "no")),
  force: fc.boolean(),
  hosts: fc.nat(3),
});

const shape: fc.Arbitrary<Shape> = fc.record({
  isLink: fc.boolean(),
  families: fc.constantFrom<Families>("4", "6", "46"),
  length: fc.integer({ min: 16, max: 25 }),
  virtual: fc.integer({ min: 1, max: 3 }),
  unadvertised: fc.nat(2),
  hasGateway: fc.boolean(),
  metric: maybe(fc.nat(5_000)),
  translates: maybe(fc.boolean()),
  vrid: maybe(fc.constant(0)),
  vrid6: maybe(fc.constant(0)),
  differs: fc.boolean(),
  dhcp: maybe(dhcpShape),
});

/** The number of a network makes its subnets different from the others. */
function subnetOf(index: number, { families, length }: Shape): (host: number) => readonly Prefix[] {
  return (host) => [
    ...(families !== "6" ? [prefix(`10.${100 + index}.0.${host}`, length)] : []),
    ...(families !== "4" ? [prefix(`fd00:${index + 1}::${host.toString(16)}`, 64)] : []),
  ];
}

interface Named {
  readonly name: string;
  readonly index: number;
  readonly shape: Shape;
  readonly routers: readonly [string, string];
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

function networkOf({ name, index, shape: given, routers }: Named): PairNetwork {
  const at = subnetOf(index, given);
  const own = [...at(2), ...at(3)];
  const usual = INTERFACES[index % INTERFACES.length]!;
  const interfaces = {
    [routers[0]]: usual,
    [routers[1]]: given.differs ? `x${usual}`.slice(0, 15) : usual,
  };
  if (given.isLink) {
    return {
      name,
      interfaces,
      addresses: [],
      unadvertised: [],
      gateways: [],
      metric: undefined,
      translates: false,
      vrid: 0,
      vrid6: 0,
      vridIsChosen: true,
      dhcp: undefined,
    };
  }
  const addresses = range(given.virtual).flatMap((n) => at(4 + n));
  const unadvertised = range(given.unadvertised).flatMap((n) => at(10 + n));
  const gateways = given.hasGateway ? at(1).map((hop) => hop.address) : [];
  // Every network may take numbers of its own, so that those of shared interfaces differ.
  const vrid = given.vrid === undefined ? undefined : index * 4 + 1;
  const vrid6 = given.vrid6 === undefined || vrid === undefined ? vrid : index * 4 + 2;
  return {
    name,
    interfaces,
    addresses,
    unadvertised,
    gateways,
    metric: given.hasGateway ? given.metric : undefined,
    translates: given.families !== "6" ? (given.translates ?? given.hasGateway) : false,
    vrid: vrid ?? 0,
    vrid6: vrid6 ?? 0,
    vridIsChosen: vrid === undefined,
    dhcp: dhcpOf(given, index, takenAddresses({ addresses, unadvertised, gateways }, own)),
  };
}

function dhcpOf(
  { dhcp, families, length }: Shape,
  index: number,
  taken: readonly IpAddress[],
): PairDhcp | undefined {
  if (dhcp === undefined || families === "6") return undefined;
  const host = (number: number): IpAddress => address(`10.${100 + index}.0.${number}`);
  const usual = defaultDhcp(host(4));
  const [first, last] = dhcp.pool ?? [];
  const pool =
    first === undefined || last === undefined
      ? defaultPool({ address: host(4), length }, taken)!
      : { first: host(first), last: host(last) };
  return {
    ...pool,
    lease: dhcp.lease ?? usual.lease,
    router: dhcp.other ? [host(2), host(3)] : usual.router,
    dns: dhcp.other ? [address("9.9.9.9")] : usual.dns,
    domain: dhcp.domain,
    force: dhcp.force,
    hosts: range(dhcp.hosts).map((n) => ({
      name: ["printer", "nas", "tv"][n]!,
      mac: parseMac(`02:00:00:00:00:${n}0`)!,
      address: host(70 + n),
    })),
  };
}

const check: fc.Arbitrary<PairCheck> = fc.oneof(
  fc.record({
    type: fc.constant("script" as const),
    name: fc.constantFrom("internet", "dns", "chk_1"),
    command,
    user: maybe(fc.constantFrom("nobody", "duet")),
    interval: time(100, 60_000),
    timeout: time(100, 60_000),
    rise: fc.integer({ min: 1, max: 9 }),
    fall: fc.integer({ min: 1, max: 9 }),
    weight,
  }),
  fc.record({
    type: fc.constant("file" as const),
    name: fc.constantFrom("f", "drain"),
    path,
    weight,
  }),
  fc.record({
    type: fc.constant("process" as const),
    name: fc.constantFrom("p", "dnsmasq"),
    process: fc.constantFrom("dnsmasq", "named", "true"),
    quorum: fc.integer({ min: 1, max: 5 }),
    weight,
  }),
);

const tracking: fc.Arbitrary<PairTracking> = fc.record({
  interfaces: fc.uniqueArray(fc.record({ name: fc.constantFrom("eth7", "wg0", "8"), weight }), {
    maxLength: 3,
    selector: ({ name }) => name,
  }),
  checks: fc.uniqueArray(check, { maxLength: 4, selector: ({ name }) => name }),
});

const hooks: fc.Arbitrary<PairHooks> = fc.record({
  active: maybe(command),
  backup: maybe(command),
  fault: maybe(command),
  stop: maybe(command),
});

const v2 = fc.record({
  version: fc.constant(2 as const),
  interval: wholeSeconds(1, 40),
  authentication: fc.constantFrom<PairElection["authentication"]>(
    { type: "none" },
    { type: "pass", password: undefined },
    { type: "pass", password: "12345678" },
    { type: "pass", password: "a b#'\"" },
  ),
});
const v3 = fc.record({
  version: fc.constant(3 as const),
  interval: fc.integer({ min: 1, max: 4_095 }).map((count) => milliseconds(count * 10)),
  authentication: fc.constantFrom<PairElection["authentication"]>(
    { type: "none" },
    { type: "hmac" },
  ),
});
const election: fc.Arbitrary<Omit<PairElection, "groupName">> = fc
  .tuple(
    fc.oneof(v2, v3),
    fc.record({
      preempt: fc.boolean(),
      preemptDelay: time(0, 90_000),
      unicast: fc.boolean(),
      together: fc.boolean(),
    }),
  )
  .map(([versioned, rest]) => Object.assign({}, versioned, rest));

type ReplicationShape = Omit<PairReplication, "links" | "filter"> & {
  readonly linksReversed: boolean;
  readonly filter: Omit<PairReplication["filter"], "ignoredAddresses"> & {
    readonly ignoredAddresses: readonly Prefix[] | undefined;
  };
};

const replication: fc.Arbitrary<ReplicationShape> = fc.record({
  mode: fc.constantFrom("ftfw" as const, "notrack" as const, "alarm" as const),
  linksReversed: fc.boolean(),
  port: fc.integer({ min: 1, max: 65_535 }),
  filter: fc.record({
    protocols: maybe(fc.uniqueArray(fc.constantFrom("TCP", "UDP", "IPv6-ICMP"), { minLength: 1 })),
    ignoredAddresses: maybe(
      fc.uniqueArray(fc.constantFrom(prefix("10.0.0.0", 8), prefix("::1", 128)), { maxLength: 2 }),
    ),
    tcpStates: maybe(fc.uniqueArray(fc.constantFrom("ESTABLISHED", "CLOSED"), { minLength: 1 })),
    place: fc.constantFrom("userspace" as const, "kernelspace" as const),
  }),
  externalCache: fc.boolean(),
  loadAhead: fc.boolean(),
  commitTimeout: maybe(wholeSeconds(1, 10_000)),
  purgeTimeout: wholeSeconds(1, 600),
  startupResync: fc.boolean(),
  expectations: fc.boolean(),
  hashSize: fc.integer({ min: 1, max: 1_000_000 }),
  hashLimit: fc.integer({ min: 1, max: 1_000_000 }),
  socketBuffer: fc.integer({ min: 4_096, max: 60_000_000 }),
  takeoverWait: time(0, 60_000),
});

function replicationOf(
  given: ReplicationShape | undefined,
  networks: readonly PairNetwork[],
  own: readonly IpAddress[],
): PairReplication | undefined {
  if (given === undefined) return undefined;
  const { linksReversed, filter, ...rest } = given;
  const usual = defaultLinks(
    networks.map(({ name, addresses }) => ({ name, isLink: addresses.length === 0 })),
  ).slice(0, 4);
  return {
    ...rest,
    links: linksReversed ? usual.toReversed() : usual,
    filter: { ...filter, ignoredAddresses: filter.ignoredAddresses ?? defaultIgnored(own) },
  };
}

const priority = fc.oneof(fc.constant(100), fc.integer({ min: 1, max: 254 }));

/** A pair that duet.yaml can describe, without errors. The first network has virtual addresses. */
export const pairConfig: fc.Arbitrary<PairConfig> = fc
  .record({
    name: fc.constantFrom("home", "branch-7", "no", "x.y_z"),
    routers: fc
      .uniqueArray(fc.constantFrom(...NAMES), { minLength: 2, maxLength: 2 })
      .map(([a, b]): [string, string] => [a!, b!]),
    networks: fc
      .uniqueArray(fc.constantFrom(...NETWORKS), { minLength: 1, maxLength: 5 })
      .chain((names) => fc.tuple(...names.map((name) => shape.map((given) => ({ name, given }))))),
    priorities: fc.tuple(priority, priority),
    secretFile: maybe(path),
    election,
    group: maybe(fc.constantFrom("G1", "off")),
    tracking,
    replication: maybe(replication),
    hooks,
    fencing: maybe(wholeSeconds(2, 60)),
  })
  .map((given): PairConfig => {
    const shapes = given.networks.map(({ name, given: one }, index) => ({
      name,
      index,
      routers: given.routers,
      shape: index === 0 ? { ...one, isLink: false } : one,
    }));
    const drafts = shapes.map(networkOf);
    const vrids = completeVrids(
      given.name,
      drafts.map(({ name, interfaces, vrid, vrid6, vridIsChosen }) => ({
        name,
        interfaces,
        vrid: vridIsChosen ? undefined : vrid,
        vrid6: vridIsChosen ? undefined : vrid6,
      })),
    );
    const networks = drafts.map((draft, index) => Object.assign({}, draft, vrids[index]));
    const routerOf = (index: 0 | 1): PairConfig["routers"][0] => ({
      name: given.routers[index],
      priority: given.priorities[index],
      addresses: Object.fromEntries(
        shapes.map((one) => [one.name, subnetOf(one.index, one.shape)(2 + index)]),
      ),
    });
    const routers = [routerOf(0), routerOf(1)] as const;
    const own = routers.flatMap((router) =>
      Object.values(router.addresses).flatMap((list) => list.map((one) => one.address)),
    );
    const { authentication } = given.election;
    const needsSecret =
      authentication.type === "hmac" ||
      (authentication.type === "pass" && authentication.password === undefined);
    return {
      name: given.name,
      secretFile: given.secretFile ?? (needsSecret ? "/etc/duet/secret" : undefined),
      routers,
      networks,
      election: { ...given.election, groupName: given.group ?? given.name },
      tracking: given.tracking,
      replication: replicationOf(given.replication, networks, own),
      hooks: given.hooks,
      fencing: given.fencing,
    };
  });
