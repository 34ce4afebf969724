/** Turns what a vrrp_instance block said into a checked configuration: defaults, limits, and keepalived's corrections. */
import type { IpFamily } from "../../base/ip.ts";
import { virtualMac } from "../../base/mac.ts";
import type { Duration } from "../../base/time.ts";
import type {
  AnnouncementConfig,
  Authentication,
  InstanceConfig,
  Tracking,
  Transport,
  VirtualAddress,
  VirtualMacConfig,
  VirtualRoute,
  VirtualRule,
  VrrpVersion,
} from "../../vrrp/config.ts";
import { PRIORITY_OWNER } from "../../vrrp/config.ts";
import { addressCapacity } from "../../vrrp/outgoing.ts";
import type { Position } from "../diagnostics.ts";
import { placeAddress } from "./addresses.ts";
import { completeAnnouncements } from "./announcements.ts";
import { completeHmac, completePassword } from "./authentication.ts";
import { completeAccept, completeElection, limitInterval } from "./complete-election.ts";
import type { Globals } from "./globals.ts";
import type { InstanceDraft } from "./instance-draft.ts";
import type { Spacing } from "./interfaces.ts";
import type { Reading } from "./reading.ts";
import { readRouteLine } from "./routes.ts";
import type { Preferences } from "./rules.ts";
import { readRuleLine } from "./rules.ts";
import type { DefinedTracker } from "./trackers.ts";
import { resolveTracking } from "./tracking.ts";
import { quote } from "./values.ts";

/** RFC 3768 section 5.3.11 leaves the number open, but implementations with room for 20 are known. */
const ADDRESSES_COMMON_MAX = 20;
const ETHERNET_MTU = 1500;

/** What instances share while the file is read. */
export interface Shared {
  readonly globals: Globals;
  readonly preferences: Preferences;
  readonly trackers: ReadonlyMap<string, DefinedTracker>;
  /** Names of virtual MAC interfaces that are taken. */
  readonly macInterfaces: Set<string>;
  readonly spacing: ReadonlyMap<string, Spacing>;
}

/** Undefined when what is mandatory is missing; that was reported then. */
export function completeInstance(
  reading: Reading,
  draft: InstanceDraft,
  shared: Shared,
): InstanceConfig | undefined {
  const { name, vrid } = draft;
  const carrier = requireInterface(reading, draft);
  const identified = requireVrid(reading, draft);
  if (carrier === undefined || !identified || vrid === undefined) return undefined;
  const { globals } = shared;
  const strict = draft.strict ?? globals.strict;
  const family = draft.family ?? 4;
  const version = chooseVersion(reading, draft, family, globals.version);
  const interval = limitInterval(reading, draft, version);
  const election = completeElection(reading, draft, strict);
  const authentication = completeAuthentication(reading, draft, { version, strict, interval });
  const virtual = completeVirtualMac(draft, { carrier, vrid, family, shared, strict }, reading);
  const objects = completeObjects(reading, draft, virtual?.interface ?? carrier, shared);
  const advertised = limitAddresses(reading, draft, objects, {
    family,
    version,
    authentication,
    strict,
  });
  const { priority } = election;
  return {
    name,
    interface: carrier,
    family,
    version,
    vrid,
    ...election,
    interval,
    accept: completeAccept(reading, draft, { strict, version, priority }),
    transport: completeTransport(reading, draft, globals, family),
    ...(draft.source !== undefined && { source: draft.source }),
    trackSource: draft.trackSource,
    authentication,
    oldUnicastChecksum: draft.oldUnicastChecksum,
    ...advertised,
    routes: objects.routes,
    rules: objects.rules,
    announcements: announcementsOf(draft, shared, strict, carrier),
    ...conductOf(draft, globals, strict),
    strict,
    trackInterface: draft.trackInterface,
    tracking: completeTracking(reading, draft, { carrier, objects, shared, priority }),
    ...(virtual !== undefined && { virtualMac: virtual }),
    promoteSecondaries: draft.promoteSecondaries,
  };
}

type Conduct = Pick<
  InstanceConfig,
  | "downAdverts"
  | "checksum"
  | "skipAddressCheck"
  | "advertiseToLower"
  | "advertiseToHigher"
  | "ownerIgnoresAdverts"
  | "reportPriorityChanges"
>;

/** What an instance inherits from global_defs where it says nothing itself, and what strict mode takes from it. */
function conductOf(draft: InstanceDraft, globals: Globals, strict: boolean): Conduct {
  const payload = draft.payloadChecksum ?? globals.payloadChecksum;
  return {
    checksum: payload ? "payload-only" : "pseudo-header",
    skipAddressCheck: draft.skipAddressCheck ?? globals.skipAddressCheck,
    reportPriorityChanges: draft.reportPriorityChanges ?? globals.reportPriorityChanges,
    ...(strict
      ? STRICT_CONDUCT
      : {
          downAdverts: draft.downAdverts ?? globals.downAdverts,
          advertiseToLower: draft.advertiseToLower ?? globals.advertiseToLower,
          advertiseToHigher: draft.advertiseToHigher ?? globals.advertiseToHigher,
          ownerIgnoresAdverts: draft.ownerIgnoresAdverts ?? globals.ownerIgnoresAdverts,
        }),
  };
}

const STRICT_CONDUCT = {
  downAdverts: 3,
  advertiseToLower: false,
  advertiseToHigher: false,
  ownerIgnoresAdverts: true,
} as const;

function announcementsOf(
  { announcements }: InstanceDraft,
  { globals, spacing }: Shared,
  strict: boolean,
  carrier: string,
): AnnouncementConfig {
  const own = spacing.get(carrier);
  return completeAnnouncements(announcements, {
    global: globals.announcements,
    strict,
    minimal: globals.minimalAnnouncements,
    arpInterval: own?.arp ?? globals.arpInterval,
    naInterval: own?.na ?? globals.naInterval,
  });
}

function requireInterface({ findings }: Reading, draft: InstanceDraft): string | undefined {
  if (draft.interface === undefined) {
    const message = `vrrp_instance ${draft.name} has no interface: add interface NAME`;
    findings.error(draft.at, "interface-missing", message);
  } else if (draft.interface === "lo") {
    const message =
      "VRRP does not run on the loopback interface: name one that leads to the other router";
    findings.error(draft.interfaceAt ?? draft.at, "interface-missing", message);
  }
  return draft.interface;
}

function requireVrid({ findings }: Reading, { vrid, vridAt, name, at }: InstanceDraft): boolean {
  if (vrid === undefined && vridAt === undefined) {
    const message = `vrrp_instance ${name} has no virtual router identifier: add virtual_router_id NUMBER, 1 to 255`;
    findings.error(at, "vrid-missing", message);
  }
  return vrid !== undefined;
}

function chooseVersion(
  { findings }: Reading,
  { version, versionAt, at }: InstanceDraft,
  family: IpFamily,
  fallback: VrrpVersion,
): VrrpVersion {
  if (family === 4) return version ?? fallback;
  if (version === 2) {
    // keepalived then sends a version 2 that no RFC defines, and would never hear us.
    const message = "VRRP over IPv6 has no version 2: write version 3 on both routers";
    findings.error(versionAt ?? at, "version-family", message);
  }
  return 3;
}

function completeAuthentication(
  reading: Reading,
  draft: InstanceDraft,
  { version, strict, interval }: { version: VrrpVersion; strict: boolean; interval: Duration },
): Authentication {
  const { password, hmac, authenticationAt: at = draft.at } = draft;
  const { findings } = reading;
  if (password !== undefined && hmac !== undefined)
    findings.error(
      at,
      "authentication-type",
      "authentication and auth_hmac exclude each other: remove one",
    );
  if (hmac !== undefined) {
    if (strict && hmac.mode !== "enforce") {
      findings.warn(at, "strict-violation", "strict mode: the mode of auth_hmac is enforce");
      return completeHmac(reading, { ...hmac, mode: "enforce" }, { at, interval });
    }
    return completeHmac(reading, hmac, { at, interval });
  }
  if (password === undefined) return { type: "none" };
  if (version === 2 && !strict) return completePassword(reading, password, at);
  const reason = strict ? "strict mode" : "VRRP version 3";
  const message = `${reason} has no authentication; it is left out, and the other router must do without it, too`;
  findings.warn(at, "authentication-version", message);
  return { type: "none" };
}

function completeTransport(
  { findings }: Reading,
  draft: InstanceDraft,
  globals: Globals,
  family: IpFamily,
): Transport {
  const { peers, faultWithoutPeer, unicastAt, unicastTtl, checkUnicastSource } = draft;
  if (peers.length > 0 || faultWithoutPeer) {
    return {
      type: "unicast",
      peers,
      ...(unicastTtl !== undefined && { ttl: unicastTtl }),
      checkSource: checkUnicastSource ?? globals.checkUnicastSource,
      faultWithoutPeer,
    };
  }
  if (unicastAt !== undefined) {
    const message =
      "there is no peer in unicast_peer, so advertisements go out by multicast: add one, or remove this";
    findings.warn(unicastAt, "unicast-without-peers", message);
  }
  const group = draft.multicastGroup ?? (family === 4 ? globals.group4 : globals.group6);
  return { type: "multicast", group };
}

function completeVirtualMac(
  { virtualMac: own, transmitFromBase, peers }: InstanceDraft,
  context: { carrier: string; vrid: number; family: IpFamily; shared: Shared; strict: boolean },
  { findings }: Reading,
): VirtualMacConfig | undefined {
  if (own === undefined) return undefined;
  const { vrid, family, shared, strict } = context;
  const standard = virtualMac(family, vrid);
  if (strict && own.mac !== undefined && own.mac !== standard)
    findings.warn(own.at, "strict-violation", "strict mode: the MAC address is that of the VRID");
  const name = own.name ?? freeName(shared, vrid, family);
  if (own.name !== undefined && shared.macInterfaces.has(name))
    findings.error(own.at, "name-duplicate", `${quote(name)} is the interface of another instance`);
  shared.macInterfaces.add(name);
  return {
    interface: name,
    mac: strict ? standard : (own.mac ?? standard),
    transmitFromBase: !strict && (transmitFromBase || peers.length > 0),
  };
}

/** vrrp.51, then vrrp6.51 for IPv6, then vrrp1.51 and so on. */
function freeName({ globals, macInterfaces }: Shared, vrid: number, family: IpFamily): string {
  const choices = ["", ...(family === 6 ? ["6"] : [])];
  for (let number = 1; number <= macInterfaces.size + 1; number += 1) choices.push(String(number));
  const names = choices.map((choice) => `${globals.vmacPrefix}${choice}.${vrid}`);
  return names.find((name) => !macInterfaces.has(name)) ?? `${globals.vmacPrefix}.${vrid}`;
}

interface Objects {
  readonly addresses: readonly VirtualAddress[];
  readonly excluded: readonly VirtualAddress[];
  readonly routes: readonly VirtualRoute[];
  readonly rules: readonly VirtualRule[];
}

function completeObjects(
  reading: Reading,
  draft: InstanceDraft,
  carrier: string,
  { preferences }: Shared,
): Objects {
  const family = draft.family ?? 4;
  const place = (line: Parameters<typeof placeAddress>[1]): VirtualAddress =>
    placeAddress(reading, line, carrier);
  const routes = draft.routes.map((statement) => readRouteLine(reading, statement));
  const rules = draft.rules.map((statement) =>
    readRuleLine(reading, statement, preferences, family),
  );
  return {
    addresses: draft.addresses.map(place),
    excluded: draft.excluded.map(place),
    routes: routes.filter((route) => route !== undefined),
    rules: rules.filter((rule) => rule !== undefined),
  };
}

interface Advertising {
  readonly family: IpFamily;
  readonly version: VrrpVersion;
  readonly authentication: Authentication;
  readonly strict: boolean;
}

function limitAddresses(
  reading: Reading,
  draft: InstanceDraft,
  { addresses, excluded }: Objects,
  advertising: Advertising,
): Pick<Objects, "addresses" | "excluded"> {
  reportCount(reading, draft, addresses.length, advertising);
  const capacity = addressCapacity(advertising, ETHERNET_MTU);
  const first = draft.addresses[capacity];
  if (first === undefined) return { addresses, excluded };
  const message = `an advertisement has room for ${capacity} addresses; this one and the following are held, but not advertised: divide them among instances`;
  reading.findings.warn(first.at, "address-capacity", message);
  return {
    addresses: addresses.slice(0, capacity),
    excluded: [...addresses.slice(capacity), ...excluded],
  };
}

function reportCount(
  { findings }: Reading,
  draft: InstanceDraft,
  count: number,
  { family, version, strict }: Advertising,
): void {
  const excess = draft.addresses[ADDRESSES_COMMON_MAX];
  if (version === 2 && excess !== undefined) {
    const message = `${count} addresses, but a VRRPv2 advertisement carries at most ${ADDRESSES_COMMON_MAX} that every implementation accepts; move this one and the following to virtual_ipaddress_excluded, divide them among instances, or set vrrp_version 3`;
    findings.error(excess.at, "address-count", message);
  }
  const [first] = draft.addresses;
  if (strict && family === 6 && first !== undefined && !/^fe[89ab]/.test(first.spec.address))
    findings.warn(
      first.at,
      "strict-violation",
      "strict mode: the first IPv6 address must be link-local",
    );
  if (count > 0 || draft.mayHaveNoAddress) return;
  const message = `vrrp_instance ${draft.name} has no virtual address: add virtual_ipaddress { ADDRESS/LENGTH }`;
  if (version === 3 || strict) findings.error(draft.at, "address-missing", message);
  else findings.warn(draft.at, "address-missing", message);
}

/** Interfaces that addresses and looked-after routes lie on are tracked without being named. */
function completeTracking(
  reading: Reading,
  draft: InstanceDraft,
  context: { carrier: string; objects: Objects; shared: Shared; priority: number },
): readonly Tracking[] {
  const { carrier, objects, shared, priority } = context;
  const own = draft.tracking.filter(({ kind, name }) => kind === "interface" && name === carrier);
  for (const { at } of own) {
    const message = `${carrier} is the interface of the instance and is tracked anyway; this line has no effect`;
    reading.findings.warn(at, "keyword-repeated", message);
  }
  const others = draft.tracking.filter((entry) => !own.includes(entry));
  const tracking = resolveTracking(reading, others, shared.trackers);
  for (const name of devices(objects)) {
    const tracker = `interface:${name}`;
    const known = name === carrier || shared.macInterfaces.has(name);
    if (!known && !tracking.some((entry) => entry.tracker === tracker))
      tracking.push({ tracker, weight: 0, reverse: false });
  }
  if (priority !== PRIORITY_OWNER) return tracking;
  return withoutWeights(reading, draft.at, tracking);
}

function withoutWeights(
  { findings }: Reading,
  at: Position,
  tracking: readonly Tracking[],
): readonly Tracking[] {
  const weighted = tracking.filter(({ weight }) => weight !== 0);
  if (weighted.length === 0) return tracking;
  const names = weighted.map(({ tracker }) => tracker.replace(":", " ")).join(", ");
  const message = `the priority of an address owner (255) never changes, so ${names} have no effect: use a priority up to 254`;
  findings.warn(at, "priority-owner", message);
  return tracking.filter(({ weight }) => weight === 0);
}

function devices({ addresses, excluded, routes, rules }: Objects): ReadonlySet<string> {
  const held = [...addresses, ...excluded].filter(({ tracked }) => tracked);
  const followed = routes.filter(({ tracked }) => tracked);
  const matched = rules.filter(({ tracked }) => tracked);
  const names = [
    ...held.map(({ spec }) => spec.interface),
    ...followed.flatMap(({ spec }) => [spec, ...spec.nexthops].map((hop) => hop.interface)),
    ...matched.map(({ spec }) => spec.inputInterface),
  ];
  return new Set(names.filter((name) => name !== undefined));
}
