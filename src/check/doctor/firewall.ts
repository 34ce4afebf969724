/** Do advertisements and replication get through the packet filter, in and out, and past connection tracking? */
import { type IpAddress, ipFamily, type Prefix, prefixContains } from "../../base/ip.ts";
import type { ChannelConfig } from "../../replication/config.ts";
import type { InstanceConfig } from "../../vrrp/config.ts";
import { PROTOCOL_AH, PROTOCOL_VRRP } from "../../wire/ipv4.ts";
import { VRRP_TTL } from "../../wire/vrrp.ts";
import { type DoctorFinding, type Expectation, report } from "./finding.ts";
import type { Packet } from "./nft/packet.ts";
import { describePlace, type RulePlace, type Ruleset } from "./nft/ruleset.ts";
import { type Travel, tracksConnections, travel } from "./nft/travel.ts";
import type { Snapshot } from "./snapshot.ts";

/** A packet that must get through, and how a rule accepts it. */
interface Wanted {
  readonly kind: "vrrp" | "replication";
  readonly direction: "in" | "out";
  readonly interface: string;
  readonly packet: Packet;
  /** The conditions of a rule for it, beside the interface. */
  readonly rule: string;
}

const LINK_LOCAL: Prefix = { address: "fe80::" as IpAddress, length: 10 };
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;

export function checkFirewall(
  ruleset: Ruleset,
  snapshot: Snapshot,
  expected: Expectation,
): readonly DoctorFinding[] {
  const wanted = [
    ...expected.model.vrrp.instances.flatMap((instance) =>
      ofInstance(instance, snapshot, expected),
    ),
    ...(expected.replication?.channels ?? []).flatMap((channel) => ofChannel(channel)),
  ];
  const travels = wanted.map((one) => ({
    wanted: one,
    travel: travel(ruleset, one.direction, one.packet),
  }));
  return [
    ...unique(travels.flatMap(({ wanted: one, travel: way }) => checkPassage(one, way))),
    ...checkTracked(ruleset, travels),
    ...checkOffload(ruleset, expected),
    ...checkHelpers(ruleset, expected),
  ];
}

/** Instances that share an interface meet the same rule. */
const unique = (findings: readonly DoctorFinding[]): readonly DoctorFinding[] => [
  ...new Map(findings.map((finding) => [`${finding.place} ${finding.message}`, finding])).values(),
];

function ofInstance(
  instance: InstanceConfig,
  snapshot: Snapshot,
  expected: Expectation,
): readonly Wanted[] {
  const { interface: device, family, transport, authentication } = instance;
  const protocol = authentication.type === "header" ? PROTOCOL_AH : PROTOCOL_VRRP;
  const own = ownSource(instance, snapshot);
  const peers = peersOf(instance, snapshot, expected);
  const base = {
    family,
    protocol,
    ttl: VRRP_TTL,
    destinationPort: undefined,
    state: "new" as const,
  };
  const common = { kind: "vrrp" as const, interface: device };
  const rule = `meta l4proto ${protocol}`;
  const group = transport.type === "multicast" ? transport.group : undefined;
  return peers.flatMap((peer) => [
    {
      ...common,
      direction: "in" as const,
      packet: {
        ...base,
        input: device,
        output: undefined,
        source: peer,
        destination: group ?? own,
      },
      rule,
    },
    {
      ...common,
      direction: "out" as const,
      packet: {
        ...base,
        input: undefined,
        output: device,
        source: own,
        destination: group ?? (typeof peer === "string" ? peer : undefined),
      },
      rule,
    },
  ]);
}

function ownSource(
  { interface: device, family, source, addresses: virtual }: InstanceConfig,
  { addresses }: Snapshot,
): IpAddress | undefined {
  if (source !== undefined || family === 6) return source;
  return addresses?.find(
    ({ interface: name, address }) =>
      name === device &&
      ipFamily(address) === family &&
      virtual.every(({ spec }) => spec.address !== address),
  )?.address;
}

/** Where advertisements are to come from; the network, where the address is not known. */
function peersOf(
  { interface: device, family, transport, vrid, addresses }: InstanceConfig,
  { speakers }: Snapshot,
  { peers }: Expectation,
): readonly (IpAddress | Prefix | undefined)[] {
  if (transport.type === "unicast") return transport.peers.map(({ address }) => address);
  const configured = peers.filter((peer) =>
    addresses.some(({ spec }) =>
      prefixContains({ address: spec.address, length: spec.prefixLength }, peer),
    ),
  );
  const heard = (speakers ?? [])
    .filter((one) => one.interface === device && one.family === family && one.vrid === vrid)
    .map(({ source }) => source);
  const known = [...new Set(family === 4 ? [...configured, ...heard] : heard)];
  if (known.length > 0) return known;
  const spec = addresses[0]?.spec;
  if (family === 6) return [LINK_LOCAL];
  return [spec && { address: spec.address, length: spec.prefixLength }];
}

function ofChannel(channel: ChannelConfig): readonly Wanted[] {
  const { transport, interface: device, address, peer, port } = channel;
  const isGroup = transport === "multicast";
  const own = isGroup ? peer : address;
  const other = isGroup ? undefined : peer;
  const protocol = transport === "tcp" ? PROTOCOL_TCP : PROTOCOL_UDP;
  const family = ipFamily(address);
  const base = { family, protocol, ttl: undefined, destinationPort: port, state: "new" as const };
  const rule = `${transport === "tcp" ? "tcp" : "udp"} dport ${port}`;
  const common = { kind: "replication" as const, interface: device, rule };
  return [
    {
      ...common,
      direction: "in",
      packet: { ...base, input: device, output: undefined, source: other, destination: address },
    },
    {
      ...common,
      direction: "out",
      packet: {
        ...base,
        input: undefined,
        output: device,
        source: own,
        destination: isGroup ? address : other,
      },
    },
  ];
}

function checkPassage(wanted: Wanted, { passage }: Travel): readonly DoctorFinding[] {
  if (passage.outcome === "passes") return [];
  const { kind, direction, interface: device, packet } = wanted;
  const isVrrp = kind === "vrrp";
  const { source } = packet;
  const from = typeof source === "string" ? ` from ${source}` : "";
  const way = direction === "in" ? `${from} arriving on ${device}` : ` leaving ${device}`;
  const what = isVrrp ? "advertisements" : "the replication";
  const certainly = isVrrp ? "are" : "is";
  const verb = passage.outcome === "dropped" ? certainly : "may be";
  const by = passage.trail.length === 0 ? "" : `, by way of ${passage.trail.join(", ")}`;
  const doubt = passage.outcome === "maybe" ? ", which cannot be told from the rules alone" : "";
  return [
    report({
      code: isVrrp ? "vrrp-dropped" : "replication-dropped",
      severity: passage.outcome === "dropped" ? "error" : "warning",
      place: describePlace(passage.place),
      message: `${what}${way} ${verb} dropped${by}${doubt}`,
      fix: acceptingRule(wanted, passage),
    }),
  ];
}

/**
 * The rule goes right before the one that drops, to the end of a chain whose policy drops, and where a chain drops that others
 * jump to, to the beginning of the chain of the hook.
 */
function acceptingRule(
  { direction, interface: device, rule }: Wanted,
  { place: { family, table, chain, handle }, trail }: Drop,
): string {
  const condition = `${direction === "in" ? "iifname" : "oifname"} "${device}" ${rule} accept`;
  const [hook] = trail;
  const last = handle === undefined ? "add rule" : "insert rule";
  const position = handle === undefined || hook !== undefined ? "" : ` position ${handle}`;
  const command = `${last} ${family} ${table} ${hook ?? chain}${position}`;
  return `nft '${command} ${condition}', and the same in the firewall's configuration`;
}

type Drop = Exclude<Travel["passage"], { readonly outcome: "passes" }>;

function checkTracked(
  ruleset: Ruleset,
  travels: readonly { readonly wanted: Wanted; readonly travel: Travel }[],
): readonly DoctorFinding[] {
  if (!tracksConnections(ruleset)) return [];
  return (["vrrp", "replication"] as const).flatMap((kind) => {
    const tracked = travels.filter(
      ({ wanted, travel: way }) => wanted.kind === kind && way.tracked === true,
    );
    const [first] = tracked;
    if (first === undefined) return [];
    const directions = [...new Set(tracked.map(({ wanted }) => wanted.direction))];
    const what = kind === "vrrp" ? "advertisements" : "the replication's own packets";
    const rules = directions.map((direction) => {
      const hook = direction === "in" ? "prerouting" : "output";
      return `nft 'add chain inet duet_raw ${hook} { type filter hook ${hook} priority raw; }'; nft add rule inet duet_raw ${hook} ${first.wanted.rule} notrack`;
    });
    return [
      report({
        code: "own-traffic-tracked",
        place: "connection tracking",
        message: `no rule keeps ${what} out of connection tracking (${directions.join(" and ")})`,
        fix: `nft add table inet duet_raw; ${rules.join("; ")}`,
      }),
    ];
  });
}

const rulesWith = (ruleset: Ruleset, name: string): readonly RulePlace[] =>
  ruleset.chains
    .flatMap(({ rules }) => rules)
    .filter(({ statements }) => statements.some((statement) => name in statement))
    .map(({ place }) => place);

function checkOffload(ruleset: Ruleset, { replication }: Expectation): readonly DoctorFinding[] {
  if (replication === undefined) return [];
  return rulesWith(ruleset, "flow").map((place) =>
    report({
      code: "flows-offloaded",
      place: describePlace(place),
      message: "connections are handed to a flow table, past the tracking that replication reads",
      fix: `nft delete rule ${place.family} ${place.table} ${place.chain} handle ${place.handle} (OpenWrt: uci set firewall.@defaults[0].flow_offloading=0)`,
    }),
  );
}

function checkHelpers(ruleset: Ruleset, { replication }: Expectation): readonly DoctorFinding[] {
  if (replication === undefined || replication.expectations !== false) return [];
  return rulesWith(ruleset, "ct helper")
    .slice(0, 1)
    .map((place) =>
      report({
        code: "expectations-not-replicated",
        place: describePlace(place),
        message: "a rule assigns a helper, and what the helper expects is not replicated",
      }),
    );
}
