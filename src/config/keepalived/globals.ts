/** The keywords of global_defs. They are read before everything else, wherever they stand. */
import type { IpAddress } from "../../base/ip.ts";
import { ipFamily, isMulticast } from "../../base/ip.ts";
import type { Duration } from "../../base/time.ts";
import { NO_TIME, seconds } from "../../base/time.ts";
import type { VrrpVersion } from "../../vrrp/config.ts";
import type { Fifo } from "../model.ts";
import type { AnnouncementDraft } from "./announcements.ts";
import { announcementKeywords } from "./announcements.ts";
import { readOwner } from "./commands.ts";
import { globalsWithoutEffect } from "./globals-without-effect.ts";
import type { Keyword, Table } from "./reading.ts";
import { keyword } from "./reading.ts";
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

export const GLOBALS: Table<Globals> = [...SUPPORTED, ...globalsWithoutEffect<Globals>()];
