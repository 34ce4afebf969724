/** The keywords of a vrrp_instance block. */
import type { Position } from "../diagnostics.ts";
import { announcementKeywords } from "./announcements.ts";
import { AUTH_HMAC, AUTHENTICATION, newHmacDraft } from "./authentication.ts";
import { notifyKeyword, notifyKeywords, readDeleted } from "./commands.ts";
import type { InstanceDraft } from "./instance-draft.ts";
import {
  collect,
  readAddresses,
  readExcluded,
  readGroup,
  readPeers,
  readSource,
  readState,
  readVirtualMac,
  TTL,
} from "./instance-readers.ts";
import type { Keyword, Table } from "./reading.ts";
import { implied, keyword, readBlock, unsupported } from "./reading.ts";
import { trackingKeywords } from "./tracking.ts";
import { readBoolean, readChoice, readInteger, readInterface, readSeconds } from "./values.ts";

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
      if (version === "2" && draft.family === 6) {
        const message = "this instance is IPv6, which has no version 2 of VRRP; version 3 is used";
        reading.findings.warn(word.at, "version-family", message);
        return;
      }
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
