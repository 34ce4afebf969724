/** The keywords of global_defs. They are read before everything else, wherever they stand. */
import type { IpAddress } from "../../base/ip.ts";
import { ipFamily, isMulticast } from "../../base/ip.ts";
import type { Duration } from "../../base/time.ts";
import { NO_TIME, seconds } from "../../base/time.ts";
import type { VrrpVersion } from "../../vrrp/config.ts";
import type { Command, Fifo } from "../model.ts";
import type { AnnouncementDraft } from "./announcements.ts";
import { announcementKeywords } from "./announcements.ts";
import { checkCommand, readCommand, readOwner } from "./commands.ts";
import type { Keyword, Reading, Table } from "./reading.ts";
import { implied, keyword, unsupported } from "./reading.ts";
import type { Statement } from "./tree.ts";
import {
  INTERFACE_NAME_MAX,
  quote,
  readAddress,
  readBoolean,
  readChoice,
  readInteger,
  readSeconds,
} from "./values.ts";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

export interface Globals {
  routerId?: string;
  version: VrrpVersion;
  group4: IpAddress;
  group6: IpAddress;
  readonly announcements: AnnouncementDraft;
  minimalAnnouncements: boolean;
  arpInterval: Duration;
  naInterval: Duration;
  advertiseToLower: boolean;
  advertiseToHigher: boolean;
  downAdverts: number;
  ownerIgnoresAdverts: boolean;
  payloadChecksum: boolean;
  checkUnicastSource: boolean;
  skipAddressCheck: boolean;
  strict: boolean;
  startupDelay: Duration;
  delayAfterBoot: Duration;
  logUnknownVrids: boolean;
  defaultInterface: string;
  dynamicInterfaces: boolean;
  scriptUser?: string;
  scriptGroup?: string;
  scriptSecurity: boolean;
  reportPriorityChanges: boolean;
  nice?: number;
  realtimePriority?: number;
  vmacPrefix: string;
  /** Statements that run programs: read when it is known as whom. */
  startupScript?: Statement;
  startupTimeout: Duration;
  shutdownScript?: Statement;
  shutdownTimeout: Duration;
  readonly fifos: Map<string, Writable<Fifo>>;
  readonly fifoScripts: Map<string, Statement>;
}

export const newGlobals = (): Globals => ({
  version: 2,
  group4: "224.0.0.18" as IpAddress,
  group6: "ff02::12" as IpAddress,
  announcements: {},
  minimalAnnouncements: false,
  arpInterval: NO_TIME,
  naInterval: NO_TIME,
  advertiseToLower: true,
  advertiseToHigher: false,
  downAdverts: 3,
  ownerIgnoresAdverts: false,
  payloadChecksum: false,
  checkUnicastSource: false,
  skipAddressCheck: false,
  strict: false,
  startupDelay: NO_TIME,
  delayAfterBoot: NO_TIME,
  logUnknownVrids: false,
  defaultInterface: "eth0",
  dynamicInterfaces: false,
  scriptSecurity: false,
  reportPriorityChanges: false,
  vmacPrefix: "vrrp",
  startupTimeout: seconds(10),
  shutdownTimeout: seconds(10),
  fifos: new Map(),
  fifoScripts: new Map(),
});

type GlobalKeyword = Keyword<Globals>;

type Flags = {
  [Key in keyof Globals]-?: Globals[Key] extends boolean ? Key : never;
}[keyof Globals];

function flag(name: string, field: Flags, doc: string, when = true): GlobalKeyword {
  const initial = "off";
  return keyword(name, "[BOOLEAN]", { doc, initial }, (reading, statement, globals) => {
    const value = readBoolean(reading, statement);
    if (value !== undefined) globals[field] = value === when;
  });
}

type Spans = {
  [Key in keyof Globals]-?: Globals[Key] extends Duration ? Key : never;
}[keyof Globals];

function span(
  name: string,
  field: Spans,
  { doc, initial, min, max }: { doc: string; initial: string; min: number; max: number },
): GlobalKeyword {
  return keyword(name, "SECONDS", { doc, initial }, (reading, { words: [word] }, globals) => {
    const value = word && readSeconds(reading, word, name, { min, max });
    if (value !== undefined) globals[field] = value;
  });
}

function group(name: string, field: "group4" | "group6", initial: string): GlobalKeyword {
  const family = field === "group4" ? 4 : 6;
  const doc = `Multicast group that IPv${family} advertisements are sent to.`;
  return keyword(name, "ADDRESS", { doc, initial }, (reading, { words: [word] }, globals) => {
    const address = word && readAddress(reading, word, name);
    if (word === undefined || address === undefined) return;
    if (ipFamily(address) === family && isMulticast(address)) globals[field] = address;
    else {
      const message = `${name} must be an IPv${family} multicast address, not ${address}`;
      reading.findings.error(word.at, "address-invalid", message);
    }
  });
}

function number(
  name: string,
  field: "nice" | "realtimePriority" | "downAdverts",
  { doc, initial, min, max }: { doc: string; initial?: string; min: number; max: number },
): GlobalKeyword {
  const options = { doc, initial: initial ?? "" };
  return keyword(name, "NUMBER", options, (reading, { words: [word] }, globals) => {
    const value = word && readInteger(reading, word, name, { min, max });
    if (value !== undefined) globals[field] = value;
  });
}

function script(name: "startup_script" | "shutdown_script", when: string): GlobalKeyword {
  const doc = `Program that runs ${when}.`;
  return keyword(name, "COMMAND [USER [GROUP]]", { doc }, (_, statement, globals) => {
    globals[name === "startup_script" ? "startupScript" : "shutdownScript"] = statement;
  });
}

function fifo(name: string): readonly GlobalKeyword[] {
  const doc = "Named pipe that gets one line for each change of state.";
  const scriptDoc = `Program that is started with the path of ${name} appended.`;
  return [
    keyword(
      name,
      "PATH [USER [GROUP]]",
      { doc },
      (reading, { words: [path, ...owner] }, globals) => {
        if (path === undefined) return;
        globals.fifos.set(name, { path: path.text, ...readOwner(reading, owner) });
      },
    ),
    keyword(
      `${name}_script`,
      "COMMAND [USER [GROUP]]",
      { doc: scriptDoc },
      (_, statement, globals) => {
        globals.fifoScripts.set(name, statement);
      },
    ),
  ];
}

const SUPPORTED: Table<Globals> = [
  keyword(
    "router_id",
    "NAME",
    { doc: "Name of this router.", initial: "host name" },
    (_, { words: [word] }, globals) => {
      if (word !== undefined) globals.routerId = word.text;
    },
  ),
  keyword(
    "vrrp_version",
    "2|3",
    { doc: "Version of VRRP for IPv4 instances; IPv6 is always version 3.", initial: "2" },
    (reading, { words: [word] }, globals) => {
      const version = word && readChoice(reading, word, "vrrp_version", ["2", "3"]);
      if (version !== undefined) globals.version = version === "2" ? 2 : 3;
    },
  ),
  group("vrrp_mcast_group4", "group4", "224.0.0.18"),
  group("vrrp_mcast_group6", "group6", "ff02::12"),
  ...announcementKeywords<Globals>("vrrp_"),
  flag(
    "vrrp_min_garp",
    "minimalAnnouncements",
    "One frame per burst and no second burst, where nothing else is configured.",
  ),
  span("vrrp_garp_interval", "arpInterval", {
    doc: "Least time between two gratuitous ARPs on an interface.",
    initial: "0",
    min: 0,
    max: 86_400,
  }),
  span("vrrp_gna_interval", "naInterval", {
    doc: "Least time between two unsolicited neighbour advertisements on an interface.",
    initial: "0",
    min: 0,
    max: 86_400,
  }),
  flag(
    "vrrp_lower_prio_no_advert",
    "advertiseToLower",
    "A MASTER that hears a lower priority does not answer at once.",
    false,
  ),
  flag(
    "vrrp_higher_prio_send_advert",
    "advertiseToHigher",
    "A MASTER that hears a higher priority advertises once more before it yields.",
  ),
  number("vrrp_down_timer_adverts", "downAdverts", {
    doc: "Advertisements that may be missed before the MASTER counts as down.",
    initial: "3",
    min: 1,
    max: 100,
  }),
  flag(
    "vrrp_owner_ignore_adverts",
    "ownerIgnoresAdverts",
    "An address owner (priority 255) ignores advertisements.",
  ),
  flag(
    "v3_checksum_as_v2",
    "payloadChecksum",
    "The checksum of version 3 over IPv4 leaves the pseudo-header out when sending.",
  ),
  flag(
    "vrrp_check_unicast_src",
    "checkUnicastSource",
    "Accept unicast advertisements from configured peers only.",
  ),
  flag(
    "vrrp_skip_check_adv_addr",
    "skipAddressCheck",
    "Do not compare the addresses of an advertisement when its sender was heard before.",
  ),
  flag("vrrp_strict", "strict", "Hold to the RFC: see strict mode."),
  span("vrrp_startup_delay", "startupDelay", {
    doc: "Quiet time after start: nothing is sent or heard.",
    initial: "0",
    min: 0.001,
    max: 4294.967295,
  }),
  span("vrrp_delay_after_boot", "delayAfterBoot", {
    doc: "Quiet time after the boot of the router.",
    initial: "0",
    min: 0.001,
    max: 4294.967295,
  }),
  flag(
    "log_unknown_vrids",
    "logUnknownVrids",
    "Log advertisements of virtual routers that are not configured.",
  ),
  keyword(
    "default_interface",
    "INTERFACE",
    { doc: "Interface of static addresses that name none.", initial: "eth0" },
    (_, { words: [word] }, globals) => {
      if (word !== undefined) globals.defaultInterface = word.text;
    },
  ),
  keyword(
    "dynamic_interfaces",
    "[allow_if_changes]",
    { doc: "Interfaces may be missing now and come later.", initial: "off" },
    (_, __, globals) => {
      globals.dynamicInterfaces = true;
    },
  ),
  keyword(
    "script_user",
    "USER [GROUP]",
    {
      doc: "As whom scripts run.",
      initial: "keepalived_script if there is such a user, else the daemon's own",
    },
    (reading, { words }, globals) => {
      const { user, group: scriptGroup } = readOwner(reading, words);
      if (user !== undefined) globals.scriptUser = user;
      if (scriptGroup !== undefined) globals.scriptGroup = scriptGroup;
    },
  ),
  flag(
    "enable_script_security",
    "scriptSecurity",
    "Refuse programs that run as root and that others may change.",
  ),
  script("startup_script", "before anything else"),
  span("startup_script_timeout", "startupTimeout", {
    doc: "How long startup_script may take.",
    initial: "10",
    min: 1,
    max: 1000,
  }),
  script("shutdown_script", "after everything else"),
  span("shutdown_script_timeout", "shutdownTimeout", {
    doc: "How long shutdown_script may take.",
    initial: "10",
    min: 1,
    max: 1000,
  }),
  ...fifo("notify_fifo"),
  ...fifo("vrrp_notify_fifo"),
  flag(
    "vrrp_notify_priority_changes",
    "reportPriorityChanges",
    "Write changes of priority to the named pipes.",
  ),
  number("vrrp_priority", "nice", { doc: "Nice value of the VRRP thread.", min: -20, max: 19 }),
  number("vrrp_rt_priority", "realtimePriority", {
    doc: "Real-time priority (SCHED_RR) of the VRRP thread.",
    min: 1,
    max: 99,
  }),
  keyword(
    "vmac_prefix",
    "PREFIX",
    { doc: "Beginning of the names of virtual MAC interfaces.", initial: "vrrp" },
    (reading, { words: [word] }, globals) => {
      if (word === undefined) return;
      // ".255" and one digit to tell two apart must still fit.
      if (word.text !== "" && word.text.length <= INTERFACE_NAME_MAX - 5)
        globals.vmacPrefix = word.text;
      else {
        const message = `vmac_prefix has 1 to ${INTERFACE_NAME_MAX - 5} characters, not ${quote(word.text)}`;
        reading.findings.error(word.at, "interface-name", message);
      }
    },
  ),
];

const IMPLIED: Table<Globals> = [
  implied(
    "reload_check_config",
    "[LOG]",
    "A new configuration is always checked before it is taken over.",
  ),
  implied("vrrp_no_swap", "[BOOLEAN]", "Memory is locked where that is permitted."),
  implied("random_seed", "NUMBER", "Nothing is left to chance."),
  implied("process_names", "[BOOLEAN]", "Threads have names."),
  implied("vrrp_rlimit_rttime", "[NUMBER]", "The real-time thread is limited by its own watchdog."),
  implied("disable_local_igmp", "[BOOLEAN]", "Group membership is left to the kernel."),
];

/** Keywords whose names begin alike and that all have no effect here. */
const MAIL = [
  "notification_email_from",
  "smtp_server",
  "smtp_helo_name",
  "smtp_connect_timeout",
  "smtp_alert",
  "smtp_alert_vrrp",
  "smtp_alert_checker",
  "no_email_faults",
  "no_checker_emails",
];
const FILES = [
  "data_use_instance",
  "state_dump_file",
  "stats_dump_file",
  "json_dump_file",
  "state_dump_file_location",
  "stats_dump_file_location",
  "json_dump_file_location",
  "json_version",
  "tmp_config_directory",
  "config_save_dir",
  "umask",
  "reload_time_file",
  "reload_repeat",
  "reload_file",
  "use_symlink_paths",
  "iproute_usr_dir",
  "iproute_etc_dir",
  "include_check",
  "set_supplementary_groups",
  "fifo_write_vrrp_states_on_reload",
];
const PROCESSES = [
  "process_name",
  "vrrp_process_name",
  "bfd_process_name",
  "checker_process_name",
  "vrrp_cpu_affinity",
  "max_auto_priority",
  "min_auto_priority_delay",
  "process_priority",
  "process_no_swap",
  "process_rt_priority",
  "process_cpu_affinity",
  "process_rlimit_rttime",
  "bfd_priority",
  "bfd_no_swap",
  "bfd_rt_priority",
  "bfd_cpu_affinity",
  "bfd_rlimit_rttime",
  "checker_priority",
  "checker_no_swap",
  "checker_rt_priority",
  "checker_cpu_affinity",
  "checker_rlimit_rttime",
];
const FIREWALL = [
  "vrrp_iptables",
  "vrrp_ipsets",
  "nftables",
  "nftables_priority",
  "nftables_counters",
  "nftables_ifindex",
  "nftables_ipvs",
  "nftables_ipvs_priority",
  "nftables_ipvs_start_fwmark",
];
const BUFFERS = [
  "vrrp_netlink_cmd_rcv_bufs",
  "vrrp_netlink_cmd_rcv_bufs_force",
  "vrrp_netlink_monitor_rcv_bufs",
  "vrrp_netlink_monitor_rcv_bufs_force",
  "process_monitor_rcv_bufs",
  "process_monitor_rcv_bufs_force",
  "lvs_netlink_cmd_rcv_bufs",
  "lvs_netlink_cmd_rcv_bufs_force",
  "lvs_netlink_monitor_rcv_bufs",
  "lvs_netlink_monitor_rcv_bufs_force",
  "vrrp_rx_bufs_policy",
  "vrrp_rx_bufs_multiplier",
];
const MANAGEMENT = [
  "enable_traps",
  "snmp_socket",
  "enable_snmp_vrrp",
  "enable_snmp_keepalived",
  "enable_snmp_checker",
  "enable_snmp_rfc",
  "enable_snmp_rfcv2",
  "enable_snmp_rfcv3",
  "snmp_vs_stats_update_interval",
  "snmp_rs_stats_update_interval",
  "enable_dbus",
  "dbus_service_name",
  "dbus_no_interface_name",
];
const LVS = [
  "lvs_sync_daemon",
  "lvs_timeouts",
  "lvs_flush",
  "lvs_flush_on_stop",
  "lvs_flush_onstop",
  "lvs_notify_fifo",
  "lvs_notify_fifo_script",
  "rs_init_notifies",
  "checker_log_all_failures",
];
const LINK = ["vrrp_garp_extra_if", "vrrp_vmac_garp_intvl", "vmac_addr_prefix"];

const unsupportedGroup = (doc: string, names: readonly string[]): Table<Globals> =>
  names.map((name) => unsupported(name, "[…]", doc));

export const GLOBALS: Table<Globals> = [
  ...SUPPORTED,
  ...IMPLIED,
  unsupported("notification_email", "{ … }", "Mail."),
  ...unsupportedGroup("Mail.", MAIL),
  ...unsupportedGroup("Files and directories of keepalived.", FILES),
  ...unsupportedGroup("Processes of keepalived.", PROCESSES),
  ...unsupportedGroup("The firewall rules of no_accept.", FIREWALL),
  ...unsupportedGroup("Kernel buffers.", BUFFERS),
  ...unsupportedGroup("SNMP and D-Bus.", MANAGEMENT),
  ...unsupportedGroup("LVS.", LVS),
  ...unsupportedGroup("Announcements on further interfaces.", LINK),
];

/** Programs and pipes, once it is known as whom they run. */
export interface GlobalPrograms {
  readonly fifos: readonly Fifo[];
  readonly startupScript?: { readonly command: Command; readonly timeout: Duration };
  readonly shutdownScript?: { readonly command: Command; readonly timeout: Duration };
}

export function readPrograms(reading: Reading, globals: Globals): GlobalPrograms {
  const read = (statement: Statement | undefined): Command | undefined => {
    const command = statement && readCommand(reading, statement);
    if (command !== undefined) checkCommand(reading, command);
    return command;
  };
  const startup = read(globals.startupScript);
  const shutdown = read(globals.shutdownScript);
  const fifos = [...globals.fifos].map(([name, pipe]) => {
    const command = read(globals.fifoScripts.get(name));
    return { ...pipe, ...(command !== undefined && { script: command }) };
  });
  reportScriptsWithoutFifo(reading, globals);
  return {
    fifos,
    ...(startup && { startupScript: { command: startup, timeout: globals.startupTimeout } }),
    ...(shutdown && { shutdownScript: { command: shutdown, timeout: globals.shutdownTimeout } }),
  };
}

function reportScriptsWithoutFifo({ findings }: Reading, { fifos, fifoScripts }: Globals): void {
  for (const [name, { keyword: word }] of fifoScripts) {
    if (fifos.has(name)) continue;
    findings.warn(word.at, "value-missing", `${word.text} needs ${name} PATH; it does not run`);
  }
}
