/** A pair as the duet.yaml that people would write: what is a default is left out. */
import { formatPrefix, type IpAddress, ipFamily, type Prefix } from "../../base/ip.ts";
import { defaultDhcp, ELECTION, FENCING, PRIORITY, QUORUM, SCRIPT_CHECK } from "./defaults.ts";
import { defaultPool, dhcpSubnet, takenAddresses } from "./dhcp-pool.ts";
import type {
  PairCheck,
  PairConfig,
  PairDhcp,
  PairElection,
  PairNetwork,
  PairTracking,
} from "./model.ts";
import { durationText } from "./units.ts";
import { writeReplication } from "./write-replication.ts";
import { type Emitted, type EmittedMap, emitBlock, emitEntry, quoteIfNeeded } from "./yaml-emit.ts";

/** The whole file; reading it gives the same pair. `notes` become comments at its end. */
export function writePair(pair: PairConfig, notes: readonly string[] = []): string {
  const head = [
    "# The same file on both routers. What it does not say has its default.",
    `pair: ${quoteIfNeeded(pair.name)}`,
    ...(pair.secretFile === undefined ? [] : [`secret-file: ${quoteIfNeeded(pair.secretFile)}`]),
  ];
  const sections = [
    `${head.join("\n")}\n`,
    `# Their own addresses, by network.\nrouters:\n${emitBlock(writeRouters(pair), INDENT)}`,
    `# Virtual addresses: the active router has them.\nnetworks:\n${emitBlock(writeNetworks(pair), INDENT)}`,
    writeRest(pair),
    notes.map(comment).join("\n"),
  ];
  return `${sections
    .filter((section) => section !== "")
    .map((section) => section.trimEnd())
    .join("\n\n")}\n`;
}

const INDENT = "  ";

/** Characters that no line of a text has would end the comment, or the file. */
const comment = (note: string): string =>
  note
    .split("\n")
    .map((line) =>
      `# ${line.replaceAll(/[^\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/g, " ")}`.trimEnd(),
    )
    .join("\n");

function writeRest(pair: PairConfig): string {
  const { fencing } = pair;
  const rest: readonly (readonly [string, Emitted | undefined])[] = [
    ["vrrp", filled(writeElection(pair))],
    ["track", filled(writeTracking(pair.tracking))],
    ["replication", writeReplication(pair)],
    ["hooks", filled(mapValues({ ...pair.hooks }, texts))],
    [
      "fencing",
      fencing === FENCING ? undefined : fencing === undefined ? "false" : durationText(fencing),
    ],
  ];
  return rest.map(([key, value]) => (value === undefined ? "" : emitEntry(key, value))).join("");
}

/** Undefined for a map without entries. */
function filled(map: EmittedMap): EmittedMap | undefined {
  return Object.values(map).some((value) => value !== undefined) ? map : undefined;
}

const mapValues = <T>(
  map: Readonly<Record<string, T | undefined>>,
  write: (value: T) => Emitted,
): EmittedMap =>
  Object.fromEntries(
    Object.entries(map).map(([key, value]) => [
      key,
      value === undefined ? undefined : write(value),
    ]),
  );

/** `value` written, or nothing where it is the default. */
function unless<T extends string | number | boolean>(
  value: T,
  initial: T,
  write: (value: T) => string = String,
): string | undefined {
  return value === initial ? undefined : write(value);
}

const texts = (words: readonly string[]): Emitted => words.map(quoteIfNeeded);
const oneOrMore = (words: readonly string[]): Emitted | undefined =>
  words.length === 0
    ? undefined
    : words.length === 1
      ? quoteIfNeeded(words[0] ?? "")
      : texts(words);
const prefixes = (list: readonly Prefix[]): Emitted | undefined =>
  oneOrMore(list.map(formatPrefix));

const writeRouters = ({ routers }: PairConfig): EmittedMap =>
  Object.fromEntries(
    routers.map(({ name, addresses }) => [
      name,
      mapValues(addresses, (list) => prefixes(list) ?? []),
    ]),
  );

const writeNetworks = (pair: PairConfig): EmittedMap =>
  Object.fromEntries(pair.networks.map((network) => [network.name, writeNetwork(pair, network)]));

function writeNetwork(pair: PairConfig, network: PairNetwork): EmittedMap {
  const { gateways, metric, dhcp, vrid, vrid6, vridIsChosen } = network;
  const interfaces = pair.routers.map(({ name }) => network.interfaces[name] ?? "");
  const [first = "", second] = interfaces;
  return {
    interface:
      first === second ? quoteIfNeeded(first) : mapValues(network.interfaces, quoteIfNeeded),
    address: prefixes(network.addresses),
    unadvertised: prefixes(network.unadvertised),
    gateway: oneOrMore(gateways),
    metric: metric === undefined ? undefined : String(metric),
    translate: unless(
      network.translates,
      gateways.some((gateway) => ipFamily(gateway) === 4),
    ),
    vrid: vridIsChosen ? undefined : String(vrid),
    vrid6: vrid6 === vrid ? undefined : String(vrid6),
    dhcp: dhcp && writeDhcp(pair, network, dhcp),
  };
}

function writeDhcp(pair: PairConfig, network: PairNetwork, dhcp: PairDhcp): Emitted {
  const own = pair.routers.flatMap(({ addresses }) => addresses[network.name] ?? []);
  const subnet = dhcpSubnet(network.addresses, own);
  if (subnet === undefined) return "false";
  const pool = defaultPool(subnet, takenAddresses(network, own));
  const isUsualPool = pool?.first === dhcp.first && pool.last === dhcp.last;
  const usual = defaultDhcp(subnet.address);
  const hosts = dhcp.hosts.map(({ name, mac, address }): [string, EmittedMap] => [
    name,
    { mac: quoteIfNeeded(mac), address },
  ]);
  const map: EmittedMap = {
    first: isUsualPool ? undefined : dhcp.first,
    last: isUsualPool ? undefined : dhcp.last,
    lease: dhcp.lease === usual.lease ? undefined : durationText(dhcp.lease),
    router: told(dhcp.router, usual.router),
    dns: told(dhcp.dns, usual.dns),
    domain: dhcp.domain === undefined ? undefined : quoteIfNeeded(dhcp.domain),
    force: unless(dhcp.force, usual.force),
    hosts: hosts.length === 0 ? undefined : Object.fromEntries(hosts),
  };
  return filled(map) ?? "true";
}

const told = (list: readonly IpAddress[], initial: readonly IpAddress[]): Emitted | undefined =>
  list.join(" ") === initial.join(" ") ? undefined : oneOrMore(list);

function writeElection({ name, routers, election }: PairConfig): EmittedMap {
  const priorities = routers.map((router): [string, string | undefined] => [
    router.name,
    unless(router.priority, PRIORITY),
  ]);
  return {
    version: unless<number>(election.version, ELECTION.version),
    interval: unless<number>(election.interval, ELECTION.interval, () =>
      durationText(election.interval),
    ),
    preempt: unless(election.preempt, ELECTION.preempt),
    "preempt-delay": unless<number>(election.preemptDelay, ELECTION.preemptDelay, () =>
      durationText(election.preemptDelay),
    ),
    priority: filled(Object.fromEntries(priorities)),
    authentication: writeAuthentication(election.authentication),
    transport: unless(election.unicast, ELECTION.unicast, (unicast) =>
      unicast ? "unicast" : "multicast",
    ),
    together: unless(election.together, ELECTION.together),
    group: unless(election.groupName, name, quoteIfNeeded),
  };
}

function writeAuthentication(value: PairElection["authentication"]): Emitted | undefined {
  if (value.type === "none") return undefined;
  if (value.type === "hmac" || value.password === undefined) return value.type;
  return { pass: quoteIfNeeded(value.password) };
}

function writeTracking({ interfaces, checks }: PairTracking): EmittedMap {
  const list = interfaces.map(
    ({ name, weight }): Emitted =>
      weight === 0
        ? quoteIfNeeded(name)
        : { interface: quoteIfNeeded(name), weight: String(weight) },
  );
  return {
    interfaces: list.length === 0 ? undefined : list,
    checks: filled(Object.fromEntries(checks.map((check) => [check.name, writeCheck(check)]))),
  };
}

function writeCheck(check: PairCheck): EmittedMap {
  const weight = unless(check.weight, 0);
  switch (check.type) {
    case "file":
      return { file: quoteIfNeeded(check.path), weight };
    case "process":
      return {
        process: quoteIfNeeded(check.process),
        quorum: unless(check.quorum, QUORUM),
        weight,
      };
    case "script":
      return {
        run: texts(check.command),
        user: check.user === undefined ? undefined : quoteIfNeeded(check.user),
        interval: unless<number>(check.interval, SCRIPT_CHECK.interval, () =>
          durationText(check.interval),
        ),
        timeout: unless<number>(check.timeout, SCRIPT_CHECK.timeout, () =>
          durationText(check.timeout),
        ),
        rise: unless(check.rise, SCRIPT_CHECK.rise),
        fall: unless(check.fall, SCRIPT_CHECK.fall),
        weight,
      };
  }
}
