/**
 * /etc/config/keepalived as the keepalived.conf that OpenWrt's init script makes of it, so that one reader has one set of
 * rules for both. The words of all releases since 21.02 are understood. Notify scripts are left out: they are the package's own.
 */
import type { Diagnostic, Position } from "../diagnostics.ts";
import { FLAGS, finding, findUnread, WORDS } from "./keepalived-options.ts";
import type { UciFile, UciSection } from "./model.ts";
import { entryOf, isOn, listOf, optionOf } from "./model.ts";
import { SectionNames } from "./section-names.ts";

export interface KeepalivedText {
  readonly text: string;
  /** Where each line of the text comes from. */
  readonly places: readonly Position[];
  /** What does not get into the text. */
  readonly diagnostics: readonly Diagnostic[];
}

const GLOBALS = new Set(["globals", "global_defs"]);

/** Whether it is the file of keepalived: others have a section `globals`, too. */
export const isAboutKeepalived = ({ file, sections }: UciFile): boolean =>
  file.endsWith("keepalived") || sections.some(({ type }) => type.startsWith("vrrp_"));

/** The sections that say how keepalived is started, and with which settings for all instances. */
export const globalsOf = (file: UciFile): readonly UciSection[] =>
  isAboutKeepalived(file) ? file.sections.filter(({ type }) => GLOBALS.has(type)) : [];

export const hasInstances = ({ sections }: UciFile): boolean =>
  sections.some(({ type }) => type === "vrrp_instance");

/** Of an option, or of its section where there is none. */
const placeOf = (section: UciSection, option: string): Position =>
  entryOf(section, option)?.statement.at ?? section.at;

/** Reads a file without errors of syntax. */
export const keepalivedText = (file: UciFile): KeepalivedText => new Writer(file).write();

class Writer {
  readonly #file: UciFile;
  readonly #names: SectionNames;
  readonly #lines: string[] = [];
  readonly #places: Position[] = [];
  readonly #diagnostics: Diagnostic[];
  #depth = 0;

  constructor(file: UciFile) {
    this.#file = file;
    this.#diagnostics = [...findUnread(file)];
    this.#names = new SectionNames(file, this.#diagnostics);
  }

  write(): KeepalivedText {
    for (const section of globalsOf(this.#file)) this.#globals(section);
    this.#statics();
    this.#delays();
    this.#each("vrrp_script", (section) => this.#words(section, WORDS.vrrp_script));
    this.#each("bfd_instance", () => undefined);
    this.#groups();
    this.#each("vrrp_instance", (section) => this.#instance(section));
    this.#servers();
    this.#names.findUnnamed();
    return {
      text: `${this.#lines.join("\n")}\n`,
      places: this.#places,
      diagnostics: this.#diagnostics,
    };
  }

  /** A value with line ends is as many lines, as it is for the init script. */
  #line(text: string, at: Position): void {
    for (const line of text.split("\n")) {
      this.#lines.push(`${"  ".repeat(this.#depth)}${line}`);
      this.#places.push(at);
    }
  }

  #block(head: string, at: Position, write: () => void): void {
    this.#line(`${head} {`, at);
    this.#depth += 1;
    write();
    this.#depth -= 1;
    this.#line("}", at);
  }

  #sections(type: string): readonly UciSection[] {
    return this.#file.sections.filter((section) => section.type === type);
  }

  /** A block for every section of a type that has a name. */
  #each(type: string, write: (section: UciSection) => void): void {
    for (const section of this.#sections(type)) {
      const name = this.#names.nameOf(section);
      if (name !== undefined) this.#block(`${type} ${name}`, section.at, () => write(section));
    }
  }

  #words(section: UciSection, options: readonly string[]): void {
    for (const option of options) {
      const value = optionOf(section, option);
      if (value === undefined) continue;
      const written = /\S\s+\S/.test(value) ? `"${value}"` : value;
      this.#line(`${option} ${written}`, placeOf(section, option));
    }
  }

  #flags(section: UciSection, options: readonly string[]): void {
    for (const option of options)
      if (optionOf(section, option) !== undefined) this.#line(option, placeOf(section, option));
  }

  #globals(section: UciSection): void {
    this.#block("global_defs", section.at, () => {
      this.#line("script_user root", section.at);
      this.#line("enable_script_security", section.at);
      const mails = listOf(section, "notification_email");
      const at = placeOf(section, "notification_email");
      if (mails.length > 0)
        this.#block("notification_email", at, () => {
          for (const mail of mails) this.#line(mail, at);
        });
      this.#words(section, WORDS.globals);
    });
    if (isOn(section, "linkbeat_use_polling", false))
      this.#line("linkbeat_use_polling", placeOf(section, "linkbeat_use_polling"));
  }

  #statics(): void {
    for (const section of this.#sections("static_ipaddress"))
      this.#block("static_ipaddress", section.at, () => this.#addresses(section, "address"));
    for (const section of this.#sections("static_routes"))
      this.#block("static_routes", section.at, () => this.#routes(section, "route"));
  }

  #delays(): void {
    for (const section of this.#sections("interface_up_down_delays")) {
      const parts = ["device", "down_delay", "up_delay"].map(
        (name) => optionOf(section, name) ?? "",
      );
      if (parts[0] === "" || parts[1] === "") {
        const message = "it needs a device and a down_delay; OpenWrt leaves it out";
        this.#diagnostics.push(finding(section, "warning", "uci-section-unread", message));
        continue;
      }
      const text = parts.join(" ").trimEnd();
      this.#block("interface_up_down_delays", section.at, () => this.#line(text, section.at));
    }
  }

  #groups(): void {
    for (const section of this.#sections("vrrp_sync_group")) {
      const name = this.#names.nameOf(section);
      const members = this.#names.find(section, "group", "vrrp_instance");
      if (name === undefined) continue;
      if (members.length === 0) {
        const message = `vrrp_sync_group ${name} has no members; OpenWrt leaves it out`;
        this.#diagnostics.push(finding(section, "warning", "uci-section-unread", message));
        continue;
      }
      const at = placeOf(section, "group");
      this.#block(`vrrp_sync_group ${name}`, section.at, () => {
        this.#block("group", at, () => {
          for (const member of members) this.#line(optionOf(member, "name") ?? "", at);
        });
        this.#flags(section, FLAGS.vrrp_sync_group);
        // keepalived has a new name for it, and the package has not.
        if (optionOf(section, "global_tracking") !== undefined)
          this.#line("sync_group_tracking_weight", placeOf(section, "global_tracking"));
        this.#list(section, "track_script", () => this.#scripts(section));
      });
    }
  }

  #instance(section: UciSection): void {
    const [type, password] = [optionOf(section, "auth_type"), optionOf(section, "auth_pass")];
    if (type !== undefined && password !== undefined)
      this.#block("authentication", placeOf(section, "auth_type"), () => {
        this.#line(`auth_type ${type}`, placeOf(section, "auth_type"));
        this.#line(`auth_pass ${password}`, placeOf(section, "auth_pass"));
      });
    this.#words(section, WORDS.vrrp_instance);
    this.#flags(section, FLAGS.vrrp_instance);
    for (const option of ["virtual_ipaddress", "virtual_ipaddress_excluded"])
      this.#list(section, option, () => this.#addresses(section, option));
    this.#list(section, "virtual_routes", () => this.#routes(section, "virtual_routes"));
    this.#list(section, "track_script", () => this.#scripts(section));
    this.#list(section, "track_interface", () => this.#interfaces(section));
    this.#list(section, "unicast_peer", () => this.#peers(section));
  }

  #list(section: UciSection, option: string, write: () => void): void {
    if (listOf(section, option).length > 0) this.#block(option, placeOf(section, option), write);
  }

  #addresses(section: UciSection, option: string): void {
    for (const entry of this.#names.find(section, option, "ipaddress")) {
      const address = this.#required(entry, "address");
      if (address === undefined) continue;
      const device = optionOf(entry, "device");
      const scope = optionOf(entry, "scope");
      const label = `${device}:${optionOf(entry, "label_suffix") ?? "vip"}`;
      const more =
        device === undefined
          ? ""
          : ` dev ${device} label ${label}${scope === undefined ? "" : ` scope ${scope}`}`;
      this.#line(`${address}${more}`, placeOf(entry, "address"));
    }
  }

  #routes(section: UciSection, option: string): void {
    for (const entry of this.#names.find(section, option, "route")) {
      const address = this.#required(entry, "address");
      if (address === undefined) continue;
      const at = placeOf(entry, "address");
      if (isOn(entry, "blackhole", false)) this.#line(`blackhole ${address}`, at);
      else if (this.#required(entry, "device") !== undefined)
        this.#line(routeText(entry, address), at);
    }
  }

  #scripts(section: UciSection): void {
    for (const entry of this.#names.find(section, "track_script", "track_script", "vrrp_script")) {
      // Since 2026 a check is named directly, and brings its weight along.
      const isCheck = entry.type === "vrrp_script";
      if (isCheck) this.#tellNewer(section, optionOf(entry, "name") ?? "");
      const name = this.#required(entry, isCheck ? "name" : "value");
      if (name === undefined) continue;
      const direction = optionOf(entry, "direction");
      const turned = direction === "reverse" || direction === "noreverse" ? ` ${direction}` : "";
      const weight = optionOf(entry, "weight");
      const more = weight === undefined ? "" : ` weight ${weight}${turned}`;
      this.#line(`${name}${more}`, placeOf(entry, isCheck ? "name" : "value"));
    }
  }

  #tellNewer(section: UciSection, name: string): void {
    const at = { at: placeOf(section, "track_script") };
    const message = `only packages since April 2026 take the vrrp_script ${name} here; earlier ones, up to OpenWrt 25.12, need a track_script section of that name`;
    this.#diagnostics.push(finding(at, "warning", "uci-reference-newer", message));
  }

  #interfaces(section: UciSection): void {
    for (const entry of this.#names.find(section, "track_interface", "track_interface")) {
      const name = this.#required(entry, "value");
      const weight = optionOf(entry, "weight");
      const more = weight === undefined ? "" : ` weight ${weight}`;
      if (name !== undefined) this.#line(`${name}${more}`, placeOf(entry, "value"));
    }
  }

  /** Up to OpenWrt 22.03 addresses, and names of sections since. */
  #peers(section: UciSection): void {
    for (const name of listOf(section, "unicast_peer")) {
      if (this.#names.isAddress(name, "peer")) {
        this.#line(name, placeOf(section, "unicast_peer"));
        continue;
      }
      for (const entry of this.#names.findOne(section, "unicast_peer", name, ["peer"])) {
        const address = this.#required(entry, "address");
        if (address !== undefined) this.#line(address, placeOf(entry, "address"));
      }
    }
  }

  /** Real servers are not read: it takes the block to say that there are no virtual servers here. */
  #servers(): void {
    for (const section of this.#sections("virtual_server")) {
      if (!isOn(section, "enabled", true)) continue;
      const address = optionOf(section, "ipaddr");
      const port = optionOf(section, "port");
      if (address !== undefined && port !== undefined)
        this.#block(`virtual_server ${address} ${port}`, section.at, () => undefined);
    }
  }

  #required(entry: UciSection, option: string): string | undefined {
    const value = optionOf(entry, option);
    if (value !== undefined) return value;
    const message = `${entry.type} ${optionOf(entry, "name")} has no option ${option}; OpenWrt leaves it out`;
    this.#diagnostics.push(finding(entry, "error", "uci-section-unread", message));
    return undefined;
  }
}

function routeText(entry: UciSection, address: string): string {
  const source = optionOf(entry, "src_addr");
  const pairs = [
    ["via", "gateway"],
    ["dev", "device"],
    ["scope", "scope"],
    ["table", "table"],
  ] as const;
  const words = pairs.flatMap(([word, option]) => {
    const value = optionOf(entry, option);
    return value === undefined ? [] : [`${word} ${value}`];
  });
  return [...(source === undefined ? [] : [`src ${source}`]), address, ...words].join(" ");
}
