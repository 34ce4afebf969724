/** What OpenWrt's package reads of /etc/config/keepalived; everything else in that file is left out without a word. */
import type { Diagnostic } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import type { UciFindingCode } from "./codes.ts";
import type { UciEntry, UciFile, UciSection } from "./model.ts";
import { entriesOf } from "./model.ts";

/** Options that are written as keyword and value. */
export const WORDS = {
  globals: [
    "notification_email_from",
    "smtp_server",
    "smtp_connect_timeout",
    "router_id",
    "vrrp_mcast_group4",
    "vrrp_mcast_group6",
    "vrrp_startup_delay",
  ],
  vrrp_script: ["script", "interval", "weight", "fall", "rise", "timeout"],
  vrrp_instance: [
    "state",
    "interface",
    "mcast_src_ip",
    "unicast_src_ip",
    "virtual_router_id",
    "version",
    "priority",
    "advert_int",
    "preempt_delay",
    "debug",
    "lvs_sync_daemon_interface",
    "garp_master_delay",
    "garp_master_refresh",
    "garp_master_repeat",
    "garp_master_refresh_repeat",
  ],
} as const;

/** Options that are written as a bare keyword, whatever their value. */
export const FLAGS = {
  vrrp_sync_group: ["smtp_alert"],
  vrrp_instance: [
    "vmac_xmit_base",
    "native_ipv6",
    "accept",
    "dont_track_primary",
    "smtp_alert",
    "nopreempt",
    "use_vmac",
    "no_accept",
  ],
} as const;

const GLOBALS = [
  ...WORDS.globals,
  "enabled",
  "alt_config_file",
  "linkbeat_use_polling",
  "notification_email",
];
const TRACKED = ["name", "value", "weight"];

/** Options by the type of their section. Undefined: nothing of that is of interest here. */
const OPTIONS: Readonly<Record<string, readonly string[] | undefined>> = {
  globals: GLOBALS,
  global_defs: GLOBALS,
  ipaddress: ["name", "address", "device", "scope", "label_suffix"],
  route: ["name", "blackhole", "address", "src_addr", "gateway", "device", "scope", "table"],
  static_ipaddress: ["address"],
  static_routes: ["route"],
  interface_up_down_delays: ["device", "down_delay", "up_delay"],
  track_interface: TRACKED,
  track_script: [...TRACKED, "direction"],
  // Its other options are about copying files to it.
  peer: undefined,
  vrrp_script: ["name", ...WORDS.vrrp_script, "direction"],
  vrrp_sync_group: ["name", "group", "track_script", "global_tracking", ...FLAGS.vrrp_sync_group],
  vrrp_instance: [
    "name",
    ...WORDS.vrrp_instance,
    ...FLAGS.vrrp_instance,
    "auth_type",
    "auth_pass",
    "virtual_ipaddress",
    "virtual_ipaddress_excluded",
    "virtual_routes",
    "track_script",
    "track_interface",
    "track_bfd",
    "unicast_peer",
  ],
  bfd_instance: undefined,
  virtual_server: undefined,
  real_server: undefined,
  url: undefined,
};

/** A finding about an entry or a section. */
export const finding = (
  { at }: Pick<UciSection, "at"> | UciEntry["statement"],
  severity: Diagnostic["severity"],
  code: UciFindingCode,
  message: string,
): Diagnostic => ({ at, severity, code, message });

/** Types and options that the package does not know. */
export function findUnread(file: UciFile): readonly Diagnostic[] {
  return file.sections.flatMap((section) => {
    if (!Object.hasOwn(OPTIONS, section.type)) return [unknownType(section)];
    const known = OPTIONS[section.type];
    if (known === undefined) return [];
    return entriesOf(section)
      .filter(({ name }) => !known.includes(name))
      .map((entry) => unknownOption(entry, section, known));
  });
}

function unknownType(section: UciSection): Diagnostic {
  const advice = didYouMean(section.type, Object.keys(OPTIONS));
  const message = `OpenWrt's keepalived knows no sections of the type ${section.type}, and leaves this one out${advice}`;
  return finding(section, "warning", "uci-section-unread", message);
}

function unknownOption(
  { name, statement }: UciEntry,
  { type }: UciSection,
  known: readonly string[],
): Diagnostic {
  const message = `OpenWrt's keepalived knows no option ${name} in a section ${type}, and leaves it out${didYouMean(name, known)}`;
  return finding(statement, "warning", "uci-option-unread", message);
}
