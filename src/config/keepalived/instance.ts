/** The keywords of a vrrp_instance block, and what they leave behind until the block is complete. */
import type { IpAddress, IpFamily } from "../../base/ip.ts";
import { ipFamily, isMulticast } from "../../base/ip.ts";
import type { Mac } from "../../base/mac.ts";
import { parseMac } from "../../base/mac.ts";
import type { Duration } from "../../base/time.ts";
import type { UnicastPeer, VrrpVersion } from "../../vrrp/config.ts";
import type { Position } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import type { AddressDraft } from "./addresses.ts";
import { readAddressLine } from "./addresses.ts";
import type { AnnouncementDraft } from "./announcements.ts";
import { announcementKeywords } from "./announcements.ts";
import type { HmacDraft, PasswordDraft } from "./authentication.ts";
import { AUTH_HMAC, AUTHENTICATION, newHmacDraft } from "./authentication.ts";
import type { NotifyDraft } from "./commands.ts";
import { newNotifyDraft, notifyKeyword, notifyKeywords, readDeleted } from "./commands.ts";
import type { Word } from "./lexer.ts";
import type { Keyword, Reading, Table } from "./reading.ts";
import { implied, keyword, readBlock, unsupported } from "./reading.ts";
import type { TrackingDraft } from "./tracking.ts";
import { trackingKeywords } from "./tracking.ts";
import type { Statement } from "./tree.ts";
import {
  quote,
  readAddress,
  readBoolean,
  readChoice,
  readInteger,
  readInterface,
  readSeconds,
} from "./values.ts";

export interface InstanceDraft extends NotifyDraft {
  readonly name: string;
  readonly at: Position;
  state?: "MASTER" | "BACKUP";
  stateAt?: Position;
  interface?: string;
  interfaceAt?: Position;
  vrid?: number;
  vridAt?: Position;
  priority?: number;
  interval?: Duration;
  intervalAt?: Position;
  version?: VrrpVersion;
  versionAt?: Position;
  /** Of the first address in the block, which all others must share. */
  family?: IpFamily;
  readonly addresses: AddressDraft[];
  readonly excluded: AddressDraft[];
  mayHaveNoAddress: boolean;
  readonly routes: Statement[];
  readonly rules: Statement[];
  password?: PasswordDraft;
  hmac?: HmacDraft;
  authenticationAt?: Position;
  preempt?: boolean;
  preemptAt?: Position;
  preemptDelay?: Duration;
  preemptDelayAt?: Position;
  accept?: boolean;
  acceptAt?: Position;
  source?: IpAddress;
  multicastGroup?: IpAddress;
  trackSource: boolean;
  readonly peers: UnicastPeer[];
  unicastAt?: Position;
  faultWithoutPeer: boolean;
  unicastTtl?: number;
  checkUnicastSource?: boolean;
  oldUnicastChecksum: "auto" | "always" | "never";
  payloadChecksum?: boolean;
  readonly tracking: TrackingDraft[];
  trackInterface: boolean;
  readonly announcements: AnnouncementDraft;
  downAdverts?: number;
  advertiseToLower?: boolean;
  advertiseToHigher?: boolean;
  ownerIgnoresAdverts?: boolean;
  skipAddressCheck?: boolean;
  strict?: boolean;
  virtualMac?: { readonly name?: string; readonly mac?: Mac; readonly at: Position };
  transmitFromBase: boolean;
  promoteSecondaries: boolean;
  reportPriorityChanges?: boolean;
}

export const newInstance = (name: string, at: Position): InstanceDraft => ({
  ...newNotifyDraft(),
  name,
  at,
  addresses: [],
  excluded: [],
  mayHaveNoAddress: false,
  routes: [],
  rules: [],
  trackSource: false,
  peers: [],
  faultWithoutPeer: false,
  oldUnicastChecksum: "auto",
  tracking: [],
  trackInterface: true,
  announcements: {},
  transmitFromBase: false,
  promoteSecondaries: false,
});

type InstanceKeyword = Keyword<InstanceDraft>;

type Flags = {
  [Key in keyof InstanceDraft]-?: Exclude<InstanceDraft[Key], undefined> extends boolean
    ? Key
    : never;
}[keyof InstanceDraft];

/** A keyword with an optional boolean. `when` is what the field becomes when the keyword is true. */
function flag(
  name: string,
  field: Flags,
  {
    doc,
    initial = "the global value",
    when = true,
  }: { doc: string; initial?: string; when?: boolean },
): InstanceKeyword {
  return keyword(name, "[BOOLEAN]", { doc, initial }, (reading, statement, draft) => {
    const value = readBoolean(reading, statement);
    if (value !== undefined) draft[field] = value === when;
  });
}

/** A keyword that takes nothing. */
function mark(
  name: string,
  doc: string,
  change: (draft: InstanceDraft, at: Position) => void,
): InstanceKeyword {
  return keyword(name, "", { doc, initial: "off" }, (_, statement, draft) =>
    change(draft, statement.keyword.at),
  );
}

function readState(
  { findings }: Reading,
  { words: [word] }: Statement,
  draft: InstanceDraft,
): void {
  if (word === undefined) return;
  const { text, at } = word;
  const upper = text.toUpperCase();
  if (upper !== "MASTER" && upper !== "BACKUP") {
    const message = `state must be MASTER or BACKUP, not ${quote(text)}; BACKUP is used${didYouMean(text, ["MASTER", "BACKUP"])}`;
    findings.warn(at, "state-unknown", message);
  } else if (upper !== text) {
    const message = `${text} is taken as ${upper}; write it in capitals, as keepalived wants it`;
    findings.warn(at, "state-case", message);
  }
  // keepalived starts as MASTER if any of several lines says so.
  if (draft.state !== "MASTER") draft.state = upper === "MASTER" ? "MASTER" : "BACKUP";
  draft.stateAt = at;
}

/** The first address decides between IPv4 and IPv6. */
function adoptFamily(
  { findings }: Reading,
  draft: InstanceDraft,
  address: IpAddress,
  at: Position,
): boolean {
  const family = ipFamily(address);
  draft.family ??= family;
  if (draft.family === family) return true;
  const message = `${address} is IPv${family}, but this instance is IPv${draft.family}: move it to virtual_ipaddress_excluded or to an instance of its own`;
  findings.error(at, "address-family", message);
  return false;
}

function readAddresses(reading: Reading, { block }: Statement, draft: InstanceDraft): void {
  for (const statement of block?.statements ?? []) {
    const line = readAddressLine(reading, statement);
    if (line === undefined || !adoptFamily(reading, draft, line.spec.address, line.at)) continue;
    addOnce(reading, draft.addresses, line);
  }
}

function readExcluded(reading: Reading, { block }: Statement, draft: InstanceDraft): void {
  for (const statement of block?.statements ?? []) {
    const line = readAddressLine(reading, statement);
    if (line !== undefined) addOnce(reading, draft.excluded, line);
  }
}

function addOnce({ findings }: Reading, list: AddressDraft[], line: AddressDraft): void {
  const { address } = line.spec;
  if (!list.some((other) => other.spec.address === address && other.interface === line.interface)) {
    list.push(line);
    return;
  }
  const message = `${address} is listed already; this line is ignored`;
  findings.warn(line.at, "address-duplicate", message);
}

function readSource(reading: Reading, { words: [word] }: Statement, draft: InstanceDraft): void {
  const address = word && readAddress(reading, word, "the source address");
  if (word === undefined || address === undefined) return;
  if (adoptFamily(reading, draft, address, word.at)) draft.source = address;
}

function readGroup(reading: Reading, { words: [word] }: Statement, draft: InstanceDraft): void {
  const address = word && readAddress(reading, word, "mcast_dst_ip");
  if (word === undefined || address === undefined) return;
  if (!isMulticast(address)) {
    const message = `mcast_dst_ip must be a multicast address, not ${address}`;
    reading.findings.error(word.at, "address-invalid", message);
  } else if (adoptFamily(reading, draft, address, word.at)) draft.multicastGroup = address;
}

const TTL = { min: 0, max: 255 } as const;

function readPeers(
  reading: Reading,
  { keyword: { at }, block }: Statement,
  draft: InstanceDraft,
): void {
  draft.unicastAt ??= at;
  for (const { keyword: word, words } of block?.statements ?? []) {
    const address = readAddress(reading, word, "a peer");
    if (address === undefined || !adoptFamily(reading, draft, address, word.at)) continue;
    if (draft.peers.some((peer) => peer.address === address)) {
      const message = `${address} is a peer already; this line is ignored`;
      reading.findings.warn(word.at, "address-duplicate", message);
    } else draft.peers.push({ address, ...readTtls(reading, words) });
  }
}

function readTtls(reading: Reading, words: readonly Word[]): { ttlMin: number; ttlMax: number } {
  let ttlMin = 0;
  let ttlMax = 255;
  for (let at = 0; at < words.length; at += 2) {
    const name = words[at];
    const value = words[at + 1];
    if (name === undefined) break;
    if (value === undefined || (name.text !== "min_ttl" && name.text !== "max_ttl")) {
      const message = `after a peer may only stand min_ttl NUMBER and max_ttl NUMBER, not ${quote(name.text)}`;
      reading.findings.error(name.at, "value-invalid", message);
      continue;
    }
    const limit = readInteger(reading, value, name.text, TTL);
    if (limit !== undefined && name.text === "min_ttl") ttlMin = limit;
    else if (limit !== undefined) ttlMax = limit;
  }
  return { ttlMin, ttlMax };
}

function readVirtualMac(
  reading: Reading,
  { keyword: { at }, words }: Statement,
  draft: InstanceDraft,
): void {
  let name: string | undefined;
  let mac: Mac | undefined;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word === undefined || word.text === "name" || word.text === "netlink_notify_msg") continue;
    if (word.text === "group") {
      const message = "not supported: the link group of a virtual MAC interface has no effect";
      reading.findings.warn(word.at, "not-supported", message);
      index += 1;
    } else if (word.text.includes(":")) mac = readMac(reading, word) ?? mac;
    else name = readNewInterface(reading, word) ?? name;
  }
  draft.virtualMac = { ...(name !== undefined && { name }), ...(mac !== undefined && { mac }), at };
}

function readMac({ findings }: Reading, { text, at }: Word): Mac | undefined {
  const mac = parseMac(text);
  if (mac === undefined)
    findings.error(at, "value-invalid", `a MAC address has six octets, not ${quote(text)}`);
  return mac;
}

const readNewInterface = (reading: Reading, word: Word): string | undefined =>
  readInterface({ ...reading, interfacesMayComeLater: true }, word);

const collect =
  (field: "routes" | "rules") =>
  (_: Reading, { block }: Statement, draft: InstanceDraft): void => {
    draft[field].push(...(block?.statements ?? []));
  };

const IDENTITY: Table<InstanceDraft> = [
  keyword(
    "state",
    "MASTER|BACKUP",
    {
      doc: "Without effect on who is MASTER, except that MASTER preempts and, without priority, means 255.",
      initial: "MASTER with priority 255, else BACKUP",
    },
    readState,
  ),
  keyword(
    "interface",
    "INTERFACE",
    { doc: "Interface that advertisements use and that carries the addresses. Mandatory." },
    (reading, { words: [word] }, draft) => {
      const name = word && readInterface(reading, word);
      if (word === undefined || name === undefined) return;
      draft.interface = name;
      draft.interfaceAt = word.at;
    },
  ),
  keyword(
    "virtual_router_id",
    "NUMBER",
    { doc: "VRID, 1 to 255, the same on both routers. Mandatory." },
    (reading, { words: [word] }, draft) => {
      const vrid = word && readInteger(reading, word, "virtual_router_id", { min: 1, max: 255 });
      if (word !== undefined) draft.vridAt = word.at;
      if (vrid !== undefined) draft.vrid = vrid;
    },
  ),
  keyword(
    "priority",
    "NUMBER",
    {
      doc: "1 to 255; the highest becomes MASTER; 255 owns the addresses.",
      initial: "100; 255 with state MASTER",
    },
    (reading, { words: [word] }, draft) => {
      const priority = word && readInteger(reading, word, "priority", { min: 1, max: 255 });
      if (priority !== undefined) draft.priority = priority;
    },
  ),
  keyword(
    "advert_int",
    "SECONDS",
    {
      doc: "Advertisement interval: whole seconds in version 2, 0.01 to 40.95 in version 3.",
      initial: "1",
    },
    (reading, { words: [word] }, draft) => {
      const interval = word && readSeconds(reading, word, "advert_int", { min: 0.01, max: 255 });
      if (word === undefined || interval === undefined) return;
      draft.interval = interval;
      draft.intervalAt = word.at;
    },
  ),
  keyword(
    "version",
    "2|3",
    { doc: "Version of VRRP.", initial: "vrrp_version; 3 for IPv6" },
    (reading, { words: [word] }, draft) => {
      const version = word && readChoice(reading, word, "version", ["2", "3"]);
      if (word === undefined || version === undefined) return;
      draft.version = version === "2" ? 2 : 3;
      draft.versionAt = word.at;
    },
  ),
  mark("native_ipv6", "The instance is IPv6, version 3.", (draft) => {
    draft.family ??= 6;
  }),
];

const OBJECTS: Table<InstanceDraft> = [
  keyword(
    "virtual_ipaddress",
    "{ … }",
    { doc: "Addresses to advertise and to hold while MASTER, one per line." },
    readAddresses,
  ),
  keyword(
    "virtual_ipaddress_excluded",
    "{ … }",
    { doc: "Addresses of either family to hold without advertising them." },
    readExcluded,
  ),
  mark("no_virtual_ipaddress", "The instance may have no virtual address.", (draft) => {
    draft.mayHaveNoAddress = true;
  }),
  keyword(
    "virtual_routes",
    "{ … }",
    { doc: "Routes to hold while MASTER, one per line." },
    collect("routes"),
  ),
  keyword(
    "virtual_rules",
    "{ … }",
    { doc: "Routing policy rules to hold while MASTER, one per line." },
    collect("rules"),
  ),
  mark(
    "promote_secondaries",
    "Keep secondary addresses when the primary one of their subnet goes.",
    (draft) => {
      draft.promoteSecondaries = true;
    },
  ),
  keyword(
    "use_vmac",
    "[INTERFACE] [MAC] [netlink_notify_msg] [group GROUP]",
    { doc: "Hold the addresses on an interface with the virtual router's MAC.", initial: "off" },
    readVirtualMac,
  ),
  mark("vmac_xmit_base", "Advertise from the underlying interface.", (draft) => {
    draft.transmitFromBase = true;
  }),
];

const SECURITY: Table<InstanceDraft> = [
  keyword(
    "authentication",
    "{ … }",
    { doc: "Password of RFC 2338, version 2 only." },
    (reading, { keyword: { at }, block }, draft) => {
      draft.authenticationAt = at;
      draft.password ??= {};
      readBlock(reading, AUTHENTICATION, { owner: "authentication", block, draft: draft.password });
    },
  ),
  keyword(
    "auth_hmac",
    "{ … }",
    { doc: "HMAC-SHA-256 trailer of keepalived 2.4." },
    (reading, { keyword: { at }, block }, draft) => {
      draft.authenticationAt = at;
      draft.hmac ??= newHmacDraft();
      readBlock(reading, AUTH_HMAC, { owner: "auth_hmac", block, draft: draft.hmac });
    },
  ),
  flag("strict_mode", "strict", { doc: "Hold to the RFC." }),
  flag("skip_check_adv_addr", "skipAddressCheck", {
    doc: "Do not compare the addresses of an advertisement when its sender was heard before.",
  }),
];

const PREEMPTION: Table<InstanceDraft> = [
  mark("nopreempt", "Leave a MASTER of lower priority alone.", (draft, at) => {
    draft.preempt = false;
    draft.preemptAt = at;
  }),
  mark("preempt", "Take over from a MASTER of lower priority.", (draft, at) => {
    draft.preempt = true;
    draft.preemptAt = at;
  }),
  keyword(
    "preempt_delay",
    "SECONDS",
    { doc: "How long a MASTER of lower priority is left alone, 0 to 1000.", initial: "0" },
    (reading, { keyword: { at }, words: [word] }, draft) => {
      const delay = word && readSeconds(reading, word, "preempt_delay", { min: 0, max: 1000 });
      if (delay === undefined) return;
      draft.preemptDelay = delay;
      draft.preemptDelayAt = at;
    },
  ),
  keyword(
    "down_timer_adverts",
    "NUMBER",
    {
      doc: "Advertisements that may be missed before the MASTER counts as down.",
      initial: "the global value",
    },
    (reading, { words: [word] }, draft) => {
      const value = word && readInteger(reading, word, "down_timer_adverts", { min: 1, max: 100 });
      if (value !== undefined) draft.downAdverts = value;
    },
  ),
  flag("lower_prio_no_advert", "advertiseToLower", {
    doc: "A MASTER that hears a lower priority does not answer at once.",
    when: false,
  }),
  flag("higher_prio_send_advert", "advertiseToHigher", {
    doc: "A MASTER that hears a higher priority advertises once more before it yields.",
  }),
  flag("owner_ignore_adverts", "ownerIgnoresAdverts", {
    doc: "An address owner (priority 255) ignores advertisements.",
  }),
  mark("accept", "Packets to the virtual addresses are accepted.", (draft, at) => {
    draft.accept = true;
    draft.acceptAt = at;
  }),
  mark("no_accept", "Packets to and from the virtual addresses are dropped.", (draft, at) => {
    draft.accept = false;
    draft.acceptAt = at;
  }),
];

const TRANSPORT: Table<InstanceDraft> = [
  keyword(
    "mcast_src_ip",
    "ADDRESS",
    { doc: "Source of advertisements.", initial: "primary address of the interface" },
    readSource,
  ),
  keyword(
    "unicast_src_ip",
    "ADDRESS",
    { doc: "Source of advertisements.", initial: "primary address of the interface" },
    (reading, statement, draft) => {
      draft.unicastAt ??= statement.keyword.at;
      readSource(reading, statement, draft);
    },
  ),
  keyword(
    "mcast_dst_ip",
    "ADDRESS",
    {
      doc: "Multicast group of the advertisements.",
      initial: "vrrp_mcast_group4 or vrrp_mcast_group6",
    },
    readGroup,
  ),
  mark("track_src_ip", "The loss of the source address is a fault.", (draft) => {
    draft.trackSource = true;
  }),
  keyword(
    "unicast_peer",
    "{ … }",
    {
      doc: "Advertise to these addresses instead of a group: ADDRESS [min_ttl N] [max_ttl N] per line.",
    },
    readPeers,
  ),
  mark("unicast_fault_no_peer", "An empty unicast_peer is a fault.", (draft, at) => {
    draft.faultWithoutPeer = true;
    draft.unicastAt ??= at;
  }),
  keyword(
    "unicast_ttl",
    "NUMBER",
    { doc: "TTL or hop limit of unicast advertisements.", initial: "255; the kernel's for IPv6" },
    (reading, { keyword: { at }, words: [word] }, draft) => {
      const ttl = word && readInteger(reading, word, "unicast_ttl", TTL);
      if (ttl !== undefined) draft.unicastTtl = ttl;
      draft.unicastAt ??= at;
    },
  ),
  flag("check_unicast_src", "checkUnicastSource", {
    doc: "Accept unicast advertisements from the peers only.",
  }),
  keyword(
    "old_unicast_checksum",
    "[never]",
    { doc: "Checksum of keepalived before 1.3.6 over unicast.", initial: "as the peer does it" },
    (reading, { words: [word] }, draft) => {
      const choice = word && readChoice(reading, word, "old_unicast_checksum", ["never"]);
      draft.oldUnicastChecksum = choice ?? "always";
    },
  ),
  flag("v3_checksum_as_v2", "payloadChecksum", {
    doc: "The checksum of version 3 over IPv4 leaves the pseudo-header out when sending.",
  }),
];

const NOTIFICATION: Table<InstanceDraft> = [
  ...trackingKeywords<InstanceDraft>(),
  mark("dont_track_primary", "The loss of the own interface is no fault.", (draft) => {
    draft.trackInterface = false;
  }),
  ...announcementKeywords<InstanceDraft>(""),
  ...notifyKeywords<InstanceDraft>(),
  notifyKeyword(
    "notify_master_rx_lower_pri",
    "masterReceivedLowerPriority",
    "Runs when a MASTER hears a lower priority.",
  ),
  keyword(
    "notify_deleted",
    "[COMMAND [USER [GROUP]]]",
    { doc: "Report DELETED instead of FAULT when a reload removes this.", initial: "off" },
    readDeleted,
  ),
  flag("notify_priority_changes", "reportPriorityChanges", {
    doc: "Write changes of priority to the named pipes.",
  }),
];

const WITHOUT_EFFECT: Table<InstanceDraft> = [
  implied("timer_expired_backup", "[PRIORITY]", "A router that was late never trusts itself."),
  implied("thread_timer_expired", "[PRIORITY]", "A router that was late never trusts itself."),
  implied("debug", "[LEVEL]", "The log level is an option of the daemon."),
  unsupported("garp_extra_if", "[all] SECONDS", "Announcements on further interfaces."),
  unsupported("vmac_garp_intvl", "[all] SECONDS", "Announcements on further interfaces."),
  unsupported("use_vmac_addr", "", "Virtual MAC for single addresses."),
  unsupported("use_ipvlan", "[…]", "Addresses on an ipvlan interface."),
  unsupported("vrf", "INTERFACE", "Virtual routing and forwarding."),
  unsupported("linkbeat_use_polling", "", "Link detection by polling."),
  unsupported("kernel_rx_buf_size", "NUMBER", "Kernel buffers."),
  unsupported("smtp_alert", "[BOOLEAN]", "Mail."),
  unsupported("lvs_sync_daemon_interface", "INTERFACE", "LVS."),
  unsupported("lvs_sync_daemon", "[…]", "LVS."),
];

export const INSTANCE: Table<InstanceDraft> = [
  ...IDENTITY,
  ...OBJECTS,
  ...SECURITY,
  ...PREEMPTION,
  ...TRANSPORT,
  ...NOTIFICATION,
  ...WITHOUT_EFFECT,
];
