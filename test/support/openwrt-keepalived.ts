/** keepalived.conf as the init script of OpenWrt's package makes it from /etc/config/keepalived, for the sections that Duet writes. */
import type { UciSection } from "../../src/config/uci/model.ts";
import { listOf, optionOf } from "../../src/config/uci/model.ts";
import { parseUci } from "../../src/config/uci/parse.ts";

type Find = (type: string, name: string) => readonly UciSection[];

const VALUES = [
  "state",
  "interface",
  "mcast_src_ip",
  "unicast_src_ip",
  "virtual_router_id",
  "version",
  "priority",
  "advert_int",
  "preempt_delay",
];
const BARE = ["native_ipv6", "nopreempt"];

export function keepalivedConfOf(uci: string): string {
  const { sections } = parseUci("keepalived", uci);
  const ofType = (type: string): readonly UciSection[] =>
    sections.filter((section) => section.type === type);
  const find: Find = (type, name) =>
    ofType(type).filter((section) => optionOf(section, "name") === name);
  return [
    ...ofType("globals").map((globals) =>
      braces("global_defs", [
        "script_user root",
        "enable_script_security",
        ...valued(globals, ["router_id"]),
      ]),
    ),
    ...ofType("vrrp_script").map((script) =>
      braces(
        `vrrp_script ${optionOf(script, "name")}`,
        valued(script, ["script", "interval", "weight", "fall", "rise"]),
      ),
    ),
    ...ofType("vrrp_sync_group").map((group) =>
      braces(`vrrp_sync_group ${optionOf(group, "name")}`, [
        braces("group", listOf(group, "group")),
      ]),
    ),
    ...ofType("vrrp_instance").map((instance) => virtualRouter(instance, find)),
  ].join("\n");
}

const braces = (head: string, lines: readonly string[]): string =>
  `${head} {\n${lines.join("\n")}\n}`;

/** Several words are put in quotation marks. */
const valued = (section: UciSection, names: readonly string[]): readonly string[] =>
  names.flatMap((name) => {
    const text = optionOf(section, name);
    if (text === undefined) return [];
    return [/[ \t\n\v\f\r]/.test(text.trim()) ? `${name} "${text}"` : `${name} ${text}`];
  });

function virtualRouter(instance: UciSection, find: Find): string {
  const listed = (
    option: string,
    type: string,
    line: (section: UciSection) => string,
  ): readonly string[] => {
    const lines = listOf(instance, option).flatMap((name) => find(type, name).map(line));
    return lines.length === 0 ? [] : [braces(option, lines)];
  };
  const get = (section: UciSection, name: string): string => optionOf(section, name) ?? "";
  const weighted = (section: UciSection): string =>
    [
      get(section, "value"),
      ...(get(section, "weight") === "" ? [] : ["weight", get(section, "weight")]),
    ].join(" ");
  return braces(`vrrp_instance ${optionOf(instance, "name")}`, [
    ...(optionOf(instance, "auth_type") === undefined
      ? []
      : [braces("authentication", valued(instance, ["auth_type", "auth_pass"]))]),
    ...valued(instance, VALUES),
    ...BARE.filter((name) => optionOf(instance, name) !== undefined),
    ...listed("virtual_ipaddress", "ipaddress", (entry) => get(entry, "address")),
    ...listed("virtual_ipaddress_excluded", "ipaddress", (entry) => get(entry, "address")),
    ...listed("virtual_routes", "route", (entry) => {
      const source = get(entry, "src_addr");
      const target = `${source === "" ? "" : `src ${source} `}${get(entry, "address")}`;
      return `${target} via ${get(entry, "gateway")} dev ${get(entry, "device")}`;
    }),
    ...listed("track_script", "track_script", weighted),
    ...listed("track_interface", "track_interface", weighted),
    ...listed("unicast_peer", "peer", (entry) => get(entry, "address")),
  ]);
}
