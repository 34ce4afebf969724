/** /etc/config/keepalived: instances, groups and checks, with the named sections that they refer to put in their places. */
import { type IpAddress, parseIp, parsePrefix } from "../../base/ip.ts";
import { NO_TIME } from "../../base/time.ts";
import type { UciFile, UciSection } from "../uci/model.ts";
import { isOn, listOf, optionOf, valueOf } from "../uci/model.ts";
import type { Found, GroupFacts, InstanceFacts, RouterFacts } from "./facts.ts";
import { readChecks } from "./uci-checks.ts";
import type { UciNotes } from "./uci-notes.ts";
import { found } from "./uci-notes.ts";
import { placeOf, References, readNumber, readTime } from "./uci-values.ts";

type KeepalivedFacts = Pick<RouterFacts, "name" | "instances" | "groups" | "checks">;

const NOTHING: KeepalivedFacts = { name: undefined, instances: [], groups: [], checks: [] };
const READ_OF_GLOBALS = new Set(["enabled", "alt_config_file", "router_id"]);
const READ_OF_GROUP = new Set(["name", "group", "global_tracking"]);
const READ_OF_INSTANCE = new Set([
  "name",
  "state",
  "interface",
  "version",
  "virtual_router_id",
  "priority",
  "advert_int",
  "nopreempt",
  "preempt_delay",
  "native_ipv6",
  "auth_type",
  "auth_pass",
  "mcast_src_ip",
  "unicast_src_ip",
  "unicast_peer",
  "virtual_ipaddress",
  "virtual_ipaddress_excluded",
  "virtual_routes",
  "track_interface",
  "track_script",
]);
const READ_TYPES = new Set([
  "globals",
  "ipaddress",
  "route",
  "peer",
  "track_interface",
  "track_script",
  "vrrp_script",
  "vrrp_instance",
  "vrrp_sync_group",
]);
const NO_WORD = "the pair's file has no word for it, and nothing takes its place";

/** Values that the file does not give are those of keepalived. */
export function readKeepalived(file: UciFile, notes: UciNotes): KeepalivedFacts {
  const globals = file.sections.find(({ type, name }) => type === "globals" && name === "globals");
  if (globals !== undefined && optionOf(globals, "alt_config_file") !== undefined) {
    const reason =
      "keepalived reads that file and nothing of this one: import it with --keepalived";
    notes.option(globals, "alt_config_file", reason);
    return NOTHING;
  }
  if (globals !== undefined) {
    if (!isOn(globals, "enabled", true))
      notes.option(
        globals,
        "enabled",
        "keepalived does not run here; the rest is read all the same",
      );
    notes.others(globals, READ_OF_GLOBALS, NO_WORD);
  }
  notes.otherTypes(file, READ_TYPES, NO_WORD);
  const references = new References(file, notes);
  const checks = readChecks(file, references, notes);
  const instances = file.sections.flatMap((section) =>
    section.type === "vrrp_instance" ? readInstance(section, references, notes) : [],
  );
  const groups = file.sections.flatMap((section) =>
    section.type === "vrrp_sync_group" ? readGroup(section, { instances, checks }, notes) : [],
  );
  references.noteUnused();
  const routerId = globals === undefined ? undefined : optionOf(globals, "router_id");
  const name =
    globals === undefined || routerId === undefined
      ? undefined
      : found(routerId, placeOf(globals, "router_id"));
  return { name, instances, groups, checks };
}

function readGroup(
  section: UciSection,
  { instances, checks }: Pick<RouterFacts, "instances" | "checks">,
  notes: UciNotes,
): readonly GroupFacts[] {
  const name = optionOf(section, "name");
  if (name === undefined) {
    notes.section(section, "a sync group without a name: OpenWrt leaves it out, too");
    return [];
  }
  notes.others(section, READ_OF_GROUP, NO_WORD);
  const names = new Set(instances.map((instance) => instance.name));
  const members = listOf(section, "group").filter((member) => names.has(member));
  if (members.length < listOf(section, "group").length)
    notes.option(section, "group", "it names instances that do not exist; OpenWrt leaves them out");
  const weighted = new Set(checks.flatMap(({ value }) => (value.weight === 0 ? [] : value.name)));
  const hasWeights = instances.some(
    (instance) =>
      members.includes(instance.name) &&
      (instance.trackedInterfaces.some(({ value }) => value.weight !== 0) ||
        instance.checks.some((check) => weighted.has(check))),
  );
  if (hasWeights && optionOf(section, "global_tracking") === undefined)
    notes.section(
      section,
      "without global_tracking keepalived ignores the weights of what its members follow; in the pair's file they count",
    );
  return [{ name, at: section.at, members }];
}

function readInstance(
  section: UciSection,
  references: References,
  notes: UciNotes,
): readonly InstanceFacts[] {
  const name = optionOf(section, "name");
  if (name === undefined) {
    notes.section(section, "an instance without a name: OpenWrt leaves it out, too");
    return [];
  }
  notes.others(section, READ_OF_INSTANCE, NO_WORD);
  const device = optionOf(section, "interface");
  const number = (option: string, max: number, fallback?: number): Found<number> | undefined =>
    readNumber(section, option, { max, ...(fallback !== undefined && { fallback }) }, notes);
  const version = number("version", 3, 2);
  return [
    {
      name,
      at: section.at,
      interface: device,
      version: version && { ...version, value: version.value === 3 ? 3 : 2 },
      vrid: number("virtual_router_id", 255),
      priority: number("priority", 255, 100),
      interval: readTime(section, "advert_int", 1, notes),
      // The package writes the bare keyword for whatever value there is.
      preempt: found(valueOf(section, "nopreempt") === undefined, placeOf(section, "nopreempt")),
      preemptDelay: readTime(section, "preempt_delay", NO_TIME, notes),
      authentication: readAuthentication(section),
      source: readSource(section, notes),
      unicastPeers: readPeers(section, references, notes),
      addresses: readAddresses(section, "virtual_ipaddress", references, notes),
      unadvertised: readAddresses(section, "virtual_ipaddress_excluded", references, notes),
      gateways: readRoutes(section, references, notes),
      trackedInterfaces: references
        .of(section, "track_interface", "track_interface")
        .map((entry) => {
          const weight = readNumber(entry, "weight", { min: -253, max: 253, fallback: 0 }, notes);
          return found(
            { name: optionOf(entry, "value") ?? "", weight: weight?.value ?? 0 },
            entry.at,
          );
        }),
      // Packages since April 2026 name the check itself.
      checks: references
        .of(section, "track_script", "track_script", "vrrp_script")
        .map((entry) => optionOf(entry, entry.type === "vrrp_script" ? "name" : "value") ?? ""),
    },
  ];
}

function readAuthentication(section: UciSection): InstanceFacts["authentication"] {
  const type = optionOf(section, "auth_type");
  const text = optionOf(section, "auth_pass");
  const at = placeOf(section, "auth_type");
  if (type === undefined || text === undefined)
    return found({ type: "none", password: undefined }, at);
  if (type.toUpperCase() !== "PASS") return found({ type: "other", password: undefined }, at);
  // keepalived gets the value with its quotation marks, and takes them off.
  return found({ type: "pass", password: text.replace(/^"(.*)"$/, "$1") }, at);
}

function readSource(section: UciSection, notes: UciNotes): InstanceFacts["source"] {
  const option =
    optionOf(section, "unicast_src_ip") === undefined ? "mcast_src_ip" : "unicast_src_ip";
  return readAddress(section, option, notes);
}

function readAddress(
  section: UciSection,
  option: string,
  notes: UciNotes,
): Found<IpAddress> | undefined {
  const text = optionOf(section, option);
  if (text === undefined) return undefined;
  const address = parseIp(text);
  if (address !== undefined) return found(address, placeOf(section, option));
  notes.option(section, option, `${JSON.stringify(text)} is no address`);
  return undefined;
}

const readPeers = (
  section: UciSection,
  references: References,
  notes: UciNotes,
): InstanceFacts["unicastPeers"] =>
  listOf(section, "unicast_peer").flatMap((name) => {
    const address = parseIp(name);
    // OpenWrt up to 22.03 takes addresses.
    if (address !== undefined && !references.has("peer", name))
      return [found(address, placeOf(section, "unicast_peer"))];
    return references
      .named(section, "unicast_peer", name, ["peer"])
      .map((peer) => readAddress(peer, "address", notes))
      .filter((peer) => peer !== undefined);
  });

const readAddresses = (
  section: UciSection,
  option: string,
  references: References,
  notes: UciNotes,
): InstanceFacts["addresses"] =>
  references.of(section, option, "ipaddress").flatMap((entry) => {
    const text = optionOf(entry, "address") ?? "";
    const prefix = parsePrefix(text);
    if (prefix === undefined) {
      notes.section(entry, `${JSON.stringify(text)} is no address with a prefix length`);
      return [];
    }
    const device = optionOf(entry, "device");
    if (device !== undefined && device !== optionOf(section, "interface"))
      notes.option(
        entry,
        "device",
        `${text} would be on another interface than its instance: give ${device} a network of its own`,
      );
    notes.others(entry, new Set(["name", "address", "device", "label_suffix"]), NO_WORD);
    return [found(prefix, placeOf(entry, "address"))];
  });

const DEFAULT_ROUTES = new Set(["0.0.0.0/0", "::/0", "default", "default6"]);

const readRoutes = (
  section: UciSection,
  references: References,
  notes: UciNotes,
): InstanceFacts["gateways"] =>
  references.of(section, "virtual_routes", "route").flatMap((entry) => {
    if (isOn(entry, "blackhole", false) || !DEFAULT_ROUTES.has(optionOf(entry, "address") ?? "")) {
      notes.section(
        entry,
        "only default routes go with the role: add this one to the network's static routes, on both routers",
      );
      return [];
    }
    const gateway = readAddress(entry, "gateway", notes);
    if (gateway === undefined) {
      notes.section(entry, "a default route without a gateway: the pair's file needs one");
      return [];
    }
    notes.others(
      entry,
      new Set(["name", "address", "src_addr", "gateway", "device", "blackhole"]),
      NO_WORD,
    );
    return [found({ address: gateway.value, metric: undefined }, gateway.at)];
  });
