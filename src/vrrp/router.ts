/**
 * The VRRP core of one router: all instances and sync groups, as one object that reads no clock and performs no I/O.
 *
 * There are four kinds of calls: `handle` takes events in and returns orders, in the order they must be carried out;
 * `deadline` says when the next "wake" is wanted (earlier ones are harmless); `reconfigure` replaces the configuration;
 * `view` looks. Given the same calls it returns the same orders.
 *
 * Supported standards: RFC 3768 (VRRPv2), RFC 5798 and RFC 9568 (VRRPv3), with keepalived's sync groups and tracking.
 */
import type { IpAddress } from "../base/ip.ts";
import { after, earliest, type Instant } from "../base/time.ts";
import type { RefusalReason } from "./admission.ts";
import { instanceKey, PRIORITY_RESIGN, type RouterConfig } from "./config.ts";
import type { NotifyState, RouterAction, RouterEvent, TrackerValue, UnitState } from "./events.ts";
import { assess, type Surroundings } from "./faults.ts";
import { Links } from "./links.ts";
import { type Member, newMember, retire } from "./member.ts";
import { notification } from "./orders.ts";
import { refusalNotice } from "./refusals.ts";
import { Remarks } from "./remarks.ts";
import type { Turn } from "./turn.ts";
import { Unit } from "./unit.ts";
import type { RouterView } from "./view.ts";
import { viewInstance, viewUnit } from "./views.ts";

/** What a new configuration asks for: orders that still speak of the old one, and orders that speak of the new one. */
export interface Reconfiguration {
  readonly before: readonly RouterAction[];
  readonly after: readonly RouterAction[];
}

interface Kept {
  readonly member: Member;
  /** What its unit was. */
  readonly role: Role;
}

/** A unit's state, and whether it still waits for its connections before it installs anything. */
type Role = UnitState | "loading";

type InstanceEvent = Extract<RouterEvent, { readonly instance: string }>;
type UnitEvent = Extract<RouterEvent, { readonly unit: string }>;

export class VrrpRouter {
  readonly #links = new Links();
  readonly #trackerValues = new Map<string, TrackerValue>();
  readonly #remarks = new Remarks();
  readonly #quietUntil: Instant;
  #config: RouterConfig;
  #units: readonly Unit[] = [];
  #byInstance = new Map<string, { readonly unit: Unit; readonly member: Member }>();
  #renewAt: Instant | undefined;
  #quiet = true;
  #stopped = false;

  constructor(config: RouterConfig, now: Instant) {
    this.#config = config;
    this.#quietUntil = after(now, config.startupDelay);
    this.#links.setDelays(config.linkDelays);
    this.#adopt(config, config.instances.map(newMember), now);
  }

  handle(event: RouterEvent, now: Instant): RouterAction[] {
    const turn: Turn = { now, out: [] };
    // After shutdown only the outcome of the last withdrawal matters: it completes the report.
    if (this.#stopped && event.type !== "withdrawn") return turn.out;
    if ("instance" in event) this.#instanceEvent(event, turn);
    else if ("unit" in event) this.#unitEvent(event, turn);
    else this.#routerEvent(event, turn);
    this.#armRenewal(turn);
    return turn.out;
  }

  /** When the next "wake" is wanted, or undefined while no timer is armed. */
  deadline(): Instant | undefined {
    if (this.#stopped) return undefined;
    if (this.#quiet) return this.#quietUntil;
    let deadline = earliest(this.#renewAt, this.#links.deadline());
    for (const unit of this.#units) deadline = earliest(deadline, unit.deadline());
    return deadline;
  }

  /** Replaces the configuration; instances that stay the same ones (see `instanceKey`) keep their role. */
  reconfigure(config: RouterConfig, now: Instant): Reconfiguration {
    if (this.#stopped) return { before: [], after: [] };
    const [before, afterwards]: [Turn, Turn] = [
      { now, out: [] },
      { now, out: [] },
    ];
    const kept = this.#keep(config, before);
    const held = new Map([...kept.values()].map(({ member }) => [member, member.config.name]));
    const members = config.instances.map((instance) => {
      const member = kept.get(instanceKey(instance))?.member ?? newMember(instance);
      member.config = instance;
      return member;
    });
    const roles = new Map([...kept.values()].map(({ member, role }) => [member, role]));
    const wereActive = this.#activeNames();
    const around = this.#around();
    this.#config = config;
    this.#links.setDelays(config.linkDelays);
    this.#adopt(config, members, now);
    for (const unit of this.#units) {
      const role = commonRole(unit, roles);
      if (role !== undefined) {
        unit.resume(role, around, afterwards);
        const state = role === "loading" ? "active" : role;
        if (unit.state === state) introduce(unit, state, roles, afterwards);
        continue;
      }
      for (const member of unit.members) {
        const name = held.get(member) ?? member.config.name;
        if (holdsRole(roles.get(member))) release(member, name, before);
      }
      retire(unit.members);
    }
    this.#assess(afterwards);
    this.#handOverState(wereActive, afterwards);
    this.#armRenewal(afterwards);
    return { before: before.out, after: afterwards.out };
  }

  view(now: Instant): RouterView {
    const around = this.#around();
    return {
      at: now,
      units: this.#units.map((unit) => viewUnit(unit, around)),
      instances: this.#units.flatMap((unit) =>
        unit.members.map((member) =>
          viewInstance(unit, member, assess(member, unit.group, around)),
        ),
      ),
    };
  }

  /** State and source that the admission of packets wants to know. */
  memberOf(instance: string): Member | undefined {
    return this.#byInstance.get(instance)?.member;
  }

  #adopt(config: RouterConfig, members: readonly Member[], now: Instant): void {
    const byName = new Map(members.map((member) => [member.config.name, member]));
    const { stateTransfer } = config;
    const context = { remarks: this.#remarks, now, stateTransfer };
    const grouped = new Set(config.groups.flatMap((group) => group.members));
    const groups = config.groups.map((group) => {
      const found = group.members.flatMap((name) => byName.get(name) ?? []);
      return new Unit(group.name, found, group, context);
    });
    const singles = members
      .filter((member) => !grouped.has(member.config.name))
      .map((member) => new Unit(unitName(member, config), [member], undefined, context));
    this.#units = [...groups, ...singles];
    this.#byInstance = new Map(
      this.#units.flatMap((unit) =>
        unit.members.map((member) => [member.config.name, { unit, member }] as const),
      ),
    );
  }

  /** The members that `config` goes on with, by key, and the role each had; all others give back what they held. */
  #keep(config: RouterConfig, turn: Turn): Map<string, Kept> {
    const wanted = new Set(config.instances.map(instanceKey));
    const kept = new Map<string, Kept>();
    for (const { member, unit } of this.#byInstance.values()) {
      const key = instanceKey(member.config);
      const role: Role = unit.loads ? "loading" : unit.state;
      if (wanted.has(key)) kept.set(key, { member, role });
      else removeMember(member, unit, turn);
    }
    return kept;
  }

  #activeNames(): ReadonlySet<string> {
    return new Set(this.#units.filter(({ state }) => state === "active").map(({ name }) => name));
  }

  /** Active units may have new names, and old ones may be gone: whoever replicates connections knows them by name. */
  #handOverState(wereActive: ReadonlySet<string>, { out }: Turn): void {
    if (this.#config.stateTransfer === undefined) return;
    const areActive = this.#activeNames();
    for (const unit of areActive) if (!wereActive.has(unit)) out.push({ type: "load-state", unit });
    for (const unit of wereActive)
      if (!areActive.has(unit)) out.push({ type: "release-state", unit });
  }

  #around(): Surroundings {
    return { links: this.#links, trackerValues: this.#trackerValues };
  }

  #assess(turn: Turn): void {
    if (turn.now < this.#quietUntil) return;
    this.#quiet = false;
    const around = this.#around();
    for (const unit of this.#units) unit.assess(around, turn);
  }

  #wake(turn: Turn): void {
    const wasQuiet = this.#quiet;
    let look = this.#links.wake(turn.now);
    for (const unit of this.#units) look = unit.wake(turn) || look;
    if (look || wasQuiet) this.#assess(turn);
    if (this.#renewAt === undefined || turn.now < this.#renewAt) return;
    this.#renewAt = undefined;
    const instances = this.#holders();
    if (instances.length > 0) turn.out.push({ type: "renew", instances });
  }

  #routerEvent(event: Exclude<RouterEvent, InstanceEvent | UnitEvent>, turn: Turn): void {
    switch (event.type) {
      case "interface":
        this.#links.update(event.facts, turn.now);
        this.#assess(turn);
        break;
      case "tracker":
        this.#trackerValues.set(event.tracker, event.value);
        this.#assess(turn);
        break;
      case "wake":
        this.#wake(turn);
        break;
      case "stalled":
        for (const unit of this.#units) unit.stalled(event.since, turn);
        break;
      case "shutdown":
        this.#stopped = true;
        for (const unit of this.#units) unit.shutdown(turn);
        break;
    }
  }

  #instanceEvent(event: InstanceEvent, turn: Turn): void {
    const found = this.#byInstance.get(event.instance);
    if (found === undefined) return;
    const { unit, member } = found;
    switch (event.type) {
      case "advertisement":
        unit.hear(member, { source: event.source, heard: event.heard }, turn);
        break;
      case "refused":
        this.#refused(member, event.source, event.reason, turn);
        break;
      case "deaf":
        member.deaf = event.reason;
        this.#assess(turn);
        break;
      case "object-lost":
        unit.objectLost(member, event.object, turn);
        break;
    }
  }

  #unitEvent(event: UnitEvent, turn: Turn): void {
    const unit = this.#units.find(({ name }) => name === event.unit);
    if (unit === undefined) return;
    switch (event.type) {
      case "state-loaded":
        unit.stateLoaded(event.took, event.detail, turn);
        break;
      case "installed":
        unit.installedNow(event.took, event.objects, turn);
        break;
      case "install-failed":
        unit.installFailed(event.reason, event.took, turn);
        break;
      case "withdrawn":
        unit.withdrawn(event.took, event.objects, turn);
        break;
      case "announced":
        unit.announced(event.took, event.frames, turn);
        break;
      case "resign":
        unit.resign(event.by, turn);
        break;
    }
  }

  #refused(member: Member, source: IpAddress, reason: RefusalReason, { now, out }: Turn): void {
    const { refused } = member.counters;
    refused[reason] = (refused[reason] ?? 0) + 1;
    const notice = refusalNotice(member, source, reason);
    if (notice !== undefined) this.#remarks.add({ ...notice, at: now }, out);
  }

  /** Instances whose addresses the kernel holds on our behalf. */
  #holders(): string[] {
    return this.#units
      .filter((unit) => unit.installed)
      .flatMap(({ members }) => members.map(({ config }) => config.name));
  }

  #armRenewal({ now }: Turn): void {
    const { fencing } = this.#config;
    if (fencing === undefined || this.#stopped) this.#renewAt = undefined;
    else if (this.#units.some((unit) => unit.installed))
      this.#renewAt ??= after(now, fencing.renewal);
  }
}

/**
 * The role that all members of a unit had, and in which it goes on; a unit without one has to start over. Members that are
 * new take part in the role of the others: adding a network is no reason to fail over.
 */
function commonRole(
  { members }: Unit,
  roles: ReadonlyMap<Member, Role>,
): "active" | "loading" | "backup" | "fault" | undefined {
  const found = members.map((member) => roles.get(member)).filter((role) => role !== undefined);
  if (found.length === 0) return undefined;
  if (found.every(holdsRole)) return found.includes("loading") ? "loading" : "active";
  for (const role of ["backup", "fault"] as const)
    if (found.every((one) => one === role)) return role;
  return undefined;
}

/** Scripts of new members hear the role that they were taken into. */
function introduce(
  { members }: Unit,
  state: keyof typeof NOTIFY_WORDS,
  roles: ReadonlyMap<Member, Role>,
  { out }: Turn,
): void {
  for (const member of members) {
    const { config, priority } = member;
    if (!roles.has(member))
      out.push(notification("INSTANCE", config.name, NOTIFY_WORDS[state], priority));
  }
}

const NOTIFY_WORDS = {
  active: "MASTER",
  backup: "BACKUP",
  fault: "FAULT",
} as const satisfies Partial<Record<UnitState, NotifyState>>;

const holdsRole = (role: Role | undefined): boolean => role === "active" || role === "loading";

/** A lone instance may be called what a group is called: answers must still find the right one. */
const unitName = ({ config: { name } }: Member, { groups }: RouterConfig): string =>
  groups.some((group) => group.name === name) ? `${name} (instance)` : name;

/** Resigns and gives back what `member` held under the name `instance`. */
function release(member: Member, instance: string, turn: Turn): void {
  member.counters.advertisementsSent += 1;
  member.counters.priorityZeroSent += 1;
  member.counters.releasedActive += 1;
  turn.out.push({ type: "advertise", instance, priority: PRIORITY_RESIGN });
  turn.out.push({ type: "withdraw", unit: instance, instances: [instance] });
}

function removeMember(member: Member, unit: Unit, turn: Turn): void {
  const { name } = member.config;
  if (member.state.name === "active") release(member, name, turn);
  turn.out.push({
    type: "notify",
    scope: "INSTANCE",
    name,
    state: "DELETED",
    priority: member.priority,
  });
  turn.out.push({
    type: "report",
    report: {
      type: "transition",
      at: turn.now,
      unit: name,
      kind: "instance",
      members: [name],
      from: unit.state,
      to: "stopped",
      cause: { code: "removed", text: "no longer in the configuration" },
      steps: [],
    },
  });
}
