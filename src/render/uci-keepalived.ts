/**
 * /etc/config/keepalived as the init script of OpenWrt's package reads it: named objects in sections of their own, which
 * instances refer to by name. What that script has no word for is told in remarks.
 */
import { formatPrefix, type IpAddress } from "../base/ip.ts";
import { NO_TIME } from "../base/time.ts";
import { advertisingEnds, routersOf } from "../config/pair/ends.ts";
import { groupMembers, instancesOf, type PairInstance } from "../config/pair/instances.ts";
import type { PairCheck, PairConfig } from "../config/pair/model.ts";
import { passwordFrom } from "../config/pair/secret.ts";
import { OWN_PREFIX, uciName } from "../config/uci/model.ts";
import { PRIORITY_OWNER } from "../vrrp/config.ts";
import type { Setting, WantedSection } from "./uci-sections.ts";
import { list, option } from "./uci-sections.ts";
import { commandText, plainWord, secondsText, wholeSeconds } from "./words.ts";

/** All sections. `secret` is the content of the secret file; what is made from it is left out without one. */
export function keepalivedSections(
  pair: PairConfig,
  node: string,
  secret?: Uint8Array,
): readonly WantedSection[] {
  const instances = instancesOf(pair);
  const members = groupMembers(pair, instances);
  return [
    globals(node),
    ...scriptChecks(pair).flatMap(checkSections),
    ...interfaceTrackers(pair),
    ...instances.flatMap((instance) => instanceSections(pair, node, instance, secret)),
    ...(members.length === 0
      ? []
      : [
          section("vrrp_sync_group", "group", [
            option("name", pair.election.groupName),
            list("group", members),
            ...(hasWeights(pair) ? [option("global_tracking", 1)] : []),
          ]),
        ]),
  ];
}

/** What OpenWrt's keepalived cannot do as the pair wants it, one sentence each. */
export function uciKeepalivedRemarks(pair: PairConfig, secret?: Uint8Array): readonly string[] {
  const { authentication } = pair.election;
  return [
    ...(authentication.type === "hmac" ? [WITHOUT_HMAC] : []),
    ...(needsSecret(pair) && secret === undefined ? [WITHOUT_PASSWORD] : []),
    ...(isPasswordLost(pair) ? [PASSWORD_LOST] : []),
    ...pair.tracking.checks.flatMap(checkRemarks),
    ...pair.networks.flatMap(({ name, gateways, metric }) =>
      gateways.length > 0 && metric !== undefined ? [metricRemark(name, metric)] : [],
    ),
    ...(pair.replication === undefined && !hasHooks(pair) ? [] : [HOTPLUG]),
  ];
}

/** Whether the files lack their authentication, because `secret` is not known or the password cannot be written. */
export const isUciIncomplete = (pair: PairConfig, secret?: Uint8Array): boolean =>
  isPasswordLost(pair) || (needsSecret(pair) && secret === undefined);

const needsSecret = ({ election: { authentication } }: PairConfig): boolean =>
  authentication.type === "pass" && authentication.password === undefined;

const isPasswordLost = ({ election: { authentication } }: Pick<PairConfig, "election">): boolean =>
  authentication.type === "pass" && authentication.password?.includes('"') === true;

const PASSWORD_LOST =
  "keepalived: auth_pass is missing here, because a password with a double quote in it cannot be written: choose another one.";

const WITHOUT_HMAC =
  "keepalived: OpenWrt's package has no word for auth_hmac, so nothing is authenticated: use version 2 with pass, or run Duet.";
const WITHOUT_PASSWORD =
  "keepalived: auth_pass is missing here, because the secret file was not read: render this where it can be read.";
const HOTPLUG =
  "keepalived: OpenWrt's package runs the scripts in /etc/hotplug.d/keepalived and no others: call hooks and `duet render notify-script` from there, or run Duet.";

const metricRemark = (network: string, metric: number): string =>
  `keepalived: OpenWrt's package has no word for the metric of a route, so the default route of ${network} has the kernel's and not ${metric}.`;

function checkRemarks(check: PairCheck): readonly string[] {
  if (check.type !== "script")
    return [
      `keepalived: OpenWrt's package has no word for checks of a ${check.type}, so ${check.name} is left out.`,
    ];
  const { name, user, timeout, interval } = check;
  return [
    ...(user === undefined
      ? []
      : [
          `keepalived: OpenWrt's package has no word for user ${user}: check ${name} runs as root.`,
        ]),
    ...(timeout === interval
      ? []
      : [
          `keepalived: OpenWrt's package knows timeout since April 2026 only; up to OpenWrt 25.12 check ${name} may run for its whole interval and not ${secondsText(timeout)} s.`,
        ]),
  ];
}

const hasHooks = ({ hooks: { active, backup, fault, stop } }: PairConfig): boolean =>
  [active, backup, fault, stop].some((hook) => hook !== undefined);

/** The weights of a member's trackers count where its group says so. All members follow the same, so their priorities stay equal. */
const hasWeights = (pair: PairConfig): boolean =>
  [...scriptChecks(pair), ...pair.tracking.interfaces].some(({ weight }) => weight !== 0);

type ScriptCheck = Extract<PairCheck, { readonly type: "script" }>;

const scriptChecks = ({ tracking }: PairConfig): readonly ScriptCheck[] =>
  tracking.checks.filter((check) => check.type === "script");

const section = (type: string, name: string, settings: readonly Setting[]): WantedSection => ({
  package: "keepalived",
  type,
  name: `${OWN_PREFIX}${uciName(name)}`,
  settings,
});

/** The package reads this one by its name. Another file named here would be read instead of all this. */
const globals = (node: string): WantedSection => ({
  package: "keepalived",
  type: "globals",
  name: "globals",
  settings: [option("enabled", 1), option("alt_config_file", undefined), option("router_id", node)],
});

const checkSections = (check: ScriptCheck): readonly WantedSection[] => [
  section("vrrp_script", `check_${check.name}`, [
    option("name", check.name),
    option("script", scriptText(check.command)),
    option("interval", wholeSeconds(check.interval)),
    option("weight", check.weight),
    option("fall", check.fall),
    option("rise", check.rise),
    option("timeout", wholeSeconds(check.timeout)),
  ]),
  section("track_script", `track_${check.name}`, [
    option("name", check.name),
    option("value", check.name),
    option("weight", check.weight),
  ]),
];

/** The package puts quotation marks around what it counts as several words, and writes one word as it is. */
function scriptText(command: readonly string[]): string {
  const quoted = commandText(command);
  const inner = quoted.slice(1, -1);
  return /[ \t\n\v\f\r]/.test(inner) || plainWord(inner) === inner ? inner : quoted;
}

const interfaceTrackers = ({ tracking }: PairConfig): readonly WantedSection[] =>
  tracking.interfaces.map(({ name, weight }) =>
    section("track_interface", `interface_${name}`, [
      option("name", name),
      option("value", name),
      ...(weight === 0 ? [] : [option("weight", weight)]),
    ]),
  );

function instanceSections(
  pair: PairConfig,
  node: string,
  instance: PairInstance,
  secret: Uint8Array | undefined,
): readonly WantedSection[] {
  const addresses = named("ipaddress", instance, "ip", instance.addresses.map(addressSettings));
  const excluded = named("ipaddress", instance, "extra", instance.excluded.map(addressSettings));
  const device = instance.network.interfaces[node] ?? "";
  const routes = named(
    "route",
    instance,
    "route",
    instance.gateways.map((gateway) => [
      option("address", gateway.address.includes(":") ? "::/0" : "0.0.0.0/0"),
      ...(gateway.source === undefined ? [] : [option("src_addr", gateway.source)]),
      option("gateway", gateway.address),
      option("device", device),
    ]),
  );
  const ends = advertisingEnds(pair, node, instance);
  const isUnicast = pair.election.unicast && ends !== undefined;
  const peers = isUnicast ? [peerSection(instance, ends.peer)] : [];
  return [
    ...addresses,
    ...excluded,
    ...routes,
    ...peers,
    section("vrrp_instance", instance.name, [
      ...electionSettings(pair, node, instance),
      ...(ends === undefined
        ? []
        : [option(isUnicast ? "unicast_src_ip" : "mcast_src_ip", ends.own)]),
      ...(isUnicast ? [list("unicast_peer", [ends.peer])] : []),
      ...password(pair, instance, secret),
      ...references("virtual_ipaddress", instance, "ip", addresses),
      ...references("virtual_ipaddress_excluded", instance, "extra", excluded),
      ...references("virtual_routes", instance, "route", routes),
      ...trackers(pair, device),
    ]),
  ];
}

const addressSettings = (prefix: PairInstance["addresses"][number]): readonly Setting[] => [
  option("address", formatPrefix(prefix)),
];

/** Sections of one type for an instance, each with the name that the instance refers to. */
const named = (
  type: string,
  instance: PairInstance,
  kind: string,
  each: readonly (readonly Setting[])[],
): readonly WantedSection[] =>
  each.map((settings, index) => {
    const name = nameOf(instance, kind, index);
    return section(type, name, [option("name", name), ...settings]);
  });

/** Up to OpenWrt 22.03 the package takes what `unicast_peer` lists for addresses, and since for names: so this one's name is its address. */
const peerSection = (instance: PairInstance, peer: IpAddress): WantedSection =>
  section("peer", nameOf(instance, "peer", 0), [option("name", peer), option("address", peer)]);

const nameOf = ({ name }: PairInstance, kind: string, index: number): string =>
  `${name}_${kind}_${index + 1}`;

/** The list by which an instance refers to its sections of a kind. */
const references = (
  name: string,
  instance: PairInstance,
  kind: string,
  sections: readonly WantedSection[],
): readonly Setting[] =>
  sections.length === 0
    ? []
    : [
        list(
          name,
          sections.map((_, index) => nameOf(instance, kind, index)),
        ),
      ];

function electionSettings(
  pair: PairConfig,
  node: string,
  instance: PairInstance,
): readonly Setting[] {
  const { election: wanted } = pair;
  const { priority } = routersOf(pair, node).own;
  const isOwner = priority === PRIORITY_OWNER;
  const waits = wanted.preempt && wanted.preemptDelay !== NO_TIME && !isOwner;
  return [
    option("name", instance.name),
    option("state", isOwner ? "MASTER" : "BACKUP"),
    option("interface", instance.network.interfaces[node]),
    ...(instance.family === 6 ? [option("native_ipv6", 1)] : []),
    option("version", instance.version),
    option("virtual_router_id", instance.vrid),
    option("priority", priority),
    option("advert_int", secondsText(instance.interval)),
    ...(wanted.preempt || isOwner ? [] : [option("nopreempt", 1)]),
    ...(waits ? [option("preempt_delay", secondsText(wanted.preemptDelay))] : []),
  ];
}

function password(
  { election }: PairConfig,
  { version }: PairInstance,
  secret: Uint8Array | undefined,
): readonly Setting[] {
  const { authentication } = election;
  if (authentication.type !== "pass" || version !== 2) return [];
  const text = authentication.password ?? (secret && passwordFrom(secret));
  if (text === undefined || isPasswordLost({ election })) return [];
  // The package writes it as it stands here.
  return [option("auth_type", "PASS"), option("auth_pass", plainWord(text))];
}

/** The package's sync groups follow nothing themselves, so every instance does; its own interface it follows anyway. */
function trackers(pair: PairConfig, own: string): readonly Setting[] {
  const interfaces = pair.tracking.interfaces
    .map(({ name }) => name)
    .filter((name) => name !== own);
  const scripts = scriptChecks(pair).map(({ name }) => name);
  return [
    ...(interfaces.length === 0 ? [] : [list("track_interface", interfaces)]),
    ...(scripts.length === 0 ? [] : [list("track_script", scripts)]),
  ];
}
