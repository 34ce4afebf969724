/**
 * What a keepalived.conf says and a router that runs from the pair would do otherwise. The imported pair is derived again
 * and held against what was read, field by field, so that nothing can be left out in silence.
 */
import type { GroupConfig, InstanceConfig } from "../../vrrp/config.ts";
import type { Position } from "../diagnostics.ts";
import type { Model } from "../model.ts";
import type { NotCarried } from "../pair/model.ts";
import { same } from "../plan.ts";

type Field = keyof InstanceConfig;

/** How keepalived.conf calls what an instance is made of. Fields that have no word here are not compared. */
const WORDS: Readonly<Partial<Record<Field, string>>> = {
  priority: "priority",
  startsActive: "state MASTER",
  interval: "advert_int",
  downAdverts: "down_timer_adverts",
  preempt: "preempt",
  preemptDelay: "preempt_delay",
  accept: "accept",
  transport: "unicast_peer or mcast_dst_ip",
  trackSource: "track_src_ip",
  authentication: "authentication",
  checksum: "vrrp_v3_checksum_as_v2",
  oldUnicastChecksum: "old_unicast_checksum",
  skipAddressCheck: "skip_check_adv_addr",
  addresses: "what stands behind addresses in virtual_ipaddress (dev, label, scope and the like)",
  excluded: "what stands behind addresses in virtual_ipaddress_excluded",
  routes: "virtual_routes",
  rules: "virtual_rules",
  announcements: "garp_master_… and vrrp_garp_…",
  advertiseToLower: "lower_prio_no_advert",
  advertiseToHigher: "higher_prio_send_advert",
  ownerIgnoresAdverts: "owner_ignore_adverts",
  strict: "strict_mode",
  trackInterface: "dont_track_primary",
  virtualMac: "use_vmac",
  promoteSecondaries: "promote_secondaries",
  reportPriorityChanges: "notify_priority_changes",
};

/** `wanted` was read, `got` is what the pair comes to on the same router. In the order of the instances. */
export function differences(wanted: Model, got: Model, file: string): readonly NotCarried[] {
  const start: Position = { file, line: 1, column: 1 };
  const at = (name: string): Position => wanted.positions[name] ?? start;
  const notes: NotCarried[] = [];
  for (const instance of wanted.vrrp.instances) {
    const twin = got.vrrp.instances.find((one) => isTwin(one, instance));
    if (twin === undefined)
      notes.push({
        at: at(instance.name),
        text: `vrrp_instance ${instance.name}`,
        reason: `the pair has one virtual router for each network and family, and ${instance.interface} has another one: make a network of its own of it by hand`,
      });
    else notes.push(...fieldNotes(instance, twin, at(instance.name)));
  }
  return [...notes, ...trackingNotes(wanted, got, start), ...globalNotes(wanted, start)];
}

const isTwin = (one: InstanceConfig, two: InstanceConfig): boolean =>
  one.interface === two.interface && one.family === two.family && one.vrid === two.vrid;

function fieldNotes(
  wanted: InstanceConfig,
  got: InstanceConfig,
  at: Position,
): readonly NotCarried[] {
  return (Object.keys(WORDS) as Field[]).flatMap((field) => {
    if (same(wanted[field], got[field])) return [];
    // Nobody preempts where preemption is off, so its delay does not matter.
    if (field === "preemptDelay" && !wanted.preempt && !got.preempt) return [];
    const text = `${WORDS[field]} of vrrp_instance ${wanted.name}`;
    return [{ at, text, reason: REASONS[field] ?? NO_WORD }];
  });
}

const REASONS: Readonly<Partial<Record<Field, string>>> = {
  authentication:
    "a pair has no authentication, PASS with version 2, or HMAC with a key made from its secret file: choose one under vrrp",
  routes:
    "only default routes by a gateway go with the role: add others to the interface they belong to, or keep keepalived.conf",
  startsActive:
    "no router of a pair begins as master: it listens first, and the better priority wins",
  priority: "all networks of a router have one priority, which the first one gives",
};

const NO_WORD =
  "the pair's file has no word for it: Duet's default holds, or go on with keepalived.conf";

/** Who follows what; in a group it makes no difference which member does. */
function trackingNotes(wanted: Model, got: Model, start: Position): readonly NotCarried[] {
  const followed = new Set(trackersOf(got));
  const own = new Set(wanted.vrrp.instances.map((one) => `interface:${one.interface}`));
  const lost = new Set(
    trackersOf(wanted).filter((one) => !followed.has(one) && !own.has(one.split(" ")[0] ?? "")),
  );
  return [...lost].map((text) => ({
    at: start,
    text: `track ${text}`,
    reason:
      "what is tracked in a pair is tracked for all its networks, with one weight, and never in reverse",
  }));
}

const trackersOf = ({ vrrp }: Model): readonly string[] =>
  [...vrrp.groups, ...vrrp.instances].flatMap((one: GroupConfig | InstanceConfig) =>
    one.tracking.map(
      ({ tracker, weight, reverse }) => `${tracker} weight ${weight}${reverse ? " reverse" : ""}`,
    ),
  );

function globalNotes(model: Model, at: Position): readonly NotCarried[] {
  const { statics, vrrp } = model;
  const found: readonly (readonly [boolean, string, string])[] = [
    [statics.addresses.length > 0, "static_ipaddress", KEEP_STATIC],
    [statics.routes.length > 0, "static_routes", KEEP_STATIC],
    [statics.rules.length > 0, "static_rules", KEEP_STATIC],
    [model.fifos.length > 0, "notify_fifo", "follow duet events --follow --json instead"],
    [model.startupScript !== undefined, "startup_script", KEEP_UNIT],
    [model.shutdownScript !== undefined, "shutdown_script", KEEP_UNIT],
    [vrrp.startupDelay > 0, "vrrp_startup_delay", "Duet listens before it claims anyway"],
    [vrrp.linkDelays.length > 0, "interface_up_down_delays", "links count as they are"],
    [model.scheduling.realtimePriority !== undefined, "vrrp_rt_priority", SCHEDULED],
    [model.scheduling.nice !== undefined, "vrrp_priority", SCHEDULED],
    [model.logUnknownVrids, "log_unknown_vrids", "duet doctor tells of foreign routers"],
  ];
  return found.flatMap(([isThere, text, reason]) => (isThere ? [{ at, text, reason }] : []));
}

const KEEP_STATIC = "write it where the system's own addresses and routes are configured";
const KEEP_UNIT = "run it from the service manager's unit";
const SCHEDULED = "Duet asks for real-time scheduling by itself";
