/**
 * What changes state as one: a VRRP sync group, or an instance that is in none.
 *
 * A unit becomes Active only when every member wants to be, Backup as soon as one member yields, and fails as soon as one
 * member fails (keepalived's sync group rules). Becoming Active is a transaction: every member advertises, then one batch
 * installs everything, then everything is announced; when the batch fails the unit resigns and goes to fault.
 */
import {
  after,
  between,
  type Duration,
  earliest,
  formatDuration,
  type Instant,
  microseconds,
  NO_TIME,
} from "../base/time.ts";
import {
  dueAnnouncements,
  NO_ANNOUNCEMENTS,
  reschedule,
  scheduleAnnouncements,
  scheduleSecond,
  scheduleSecondAnswer,
} from "./announcements.ts";
import { type GroupConfig, PRIORITY_RESIGN } from "./config.ts";
import type { Burst, Cause, TransitionStep, UnitState } from "./events.ts";
import { assess, type Surroundings } from "./faults.ts";
import { Installation } from "./installation.ts";
import {
  type Backup,
  follow,
  hearAsActive,
  hearAsBackup,
  isOwner,
  listening,
  type Member,
  memberDeadline,
  nextAdvertisement,
  outlasts,
  retire,
  setPriority,
  shortPatience,
  waitOn,
} from "./member.ts";
import {
  differences,
  FAULT_CLEARED,
  type Hearing,
  healed,
  heldBack,
  type Notice,
  priorityChanged,
  STARTED,
  sameSource,
  stalledLoop,
  stateOverdue,
  takeoverCause,
  twoActive,
  yieldCause,
} from "./notices.ts";
import { advertise, burstsOf, claim, notification, notifyAll, resign } from "./orders.ts";
import type { Remarks } from "./remarks.ts";
import { StateTransfer } from "./state-transfer.ts";
import { OpenTransition } from "./transition.ts";
import type { Turn, UnitContext } from "./turn.ts";

export class Unit {
  readonly name: string;
  readonly group: GroupConfig | undefined;
  readonly members: readonly Member[];
  readonly #remarks: Remarks;
  #state: UnitState = "init";
  #since: Instant;
  #cause: Cause = { code: "start", text: "starting" };
  readonly #installation = new Installation();
  readonly #transfer: StateTransfer;
  #pending: OpenTransition | undefined;
  #faults: readonly Cause[] = [];

  constructor(
    name: string,
    members: readonly Member[],
    group: GroupConfig | undefined,
    context: UnitContext,
  ) {
    this.name = name;
    this.members = members;
    this.group = group;
    this.#remarks = context.remarks;
    this.#since = context.now;
    this.#transfer = new StateTransfer(context.stateTransfer, name);
  }

  get state(): UnitState {
    return this.#state;
  }
  get since(): Instant {
    return this.#since;
  }
  get cause(): Cause {
    return this.#cause;
  }
  get faults(): readonly Cause[] {
    return this.#faults;
  }
  /** Active, but its addresses wait for its connections. */
  get loads(): boolean {
    return this.#transfer.waits;
  }
  /** Active, with its addresses in the kernel. */
  get installed(): boolean {
    return this.#installation.held;
  }

  deadline(): Instant | undefined {
    const isBackup = this.#state === "backup";
    let deadline = earliest(
      this.#installation.retryAt,
      this.#transfer.deadline(this.members, isBackup),
    );
    for (const member of this.members) deadline = earliest(deadline, memberDeadline(member));
    return deadline;
  }

  /** Looks again at everything that could keep the unit from being Active, and acts on what changed. */
  assess(around: Surroundings, turn: Turn): void {
    if (this.#state === "stopped") return;
    const faults: Cause[] = [];
    if (this.#installation.fault !== undefined) faults.push(this.#installation.fault);
    let waiting = false;
    for (const member of this.members) {
      const verdict = assess(member, this.group, around);
      faults.push(...verdict.faults);
      waiting ||= verdict.waiting !== undefined;
      member.source = verdict.source;
      this.#takePriority(member, verdict.priority, turn);
    }
    this.#faults = faults;
    const [first] = faults;
    if (first !== undefined) {
      if (this.#state !== "fault") this.#fail(first, turn);
    } else if (!waiting && (this.#state === "fault" || this.#state === "init")) this.#join(turn);
    this.#watch(turn);
  }

  /** An admitted advertisement for `member`. */
  hear(member: Member, hearing: Hearing, turn: Turn): void {
    const { source, heard } = hearing;
    if (member.state.name === "idle") return;
    member.counters.advertisementsReceived += 1;
    if (heard.priority === PRIORITY_RESIGN) member.counters.priorityZeroReceived += 1;
    for (const notice of differences(member, hearing)) this.#remark(notice, turn);
    if (member.state.name === "backup") {
      member.state = hearAsBackup(member, member.state, hearing, turn.now);
      this.#watch(turn);
      return;
    }
    switch (hearAsActive(member, source, heard)) {
      case "answer-resignation":
        advertise(member, member.priority, turn.out);
        break;
      case "same-source":
        this.#remark(sameSource(member, hearing), turn);
        break;
      case "yield":
        this.#yieldTo(member, hearing, turn);
        break;
      case "defend":
        this.#defend(member, hearing, turn);
        break;
    }
  }

  /** Judges all deadlines. True when a fault that time heals may be over, so that `assess` must look again. */
  wake(turn: Turn): boolean {
    if (this.#state === "active") {
      for (const member of this.members) this.#wakeActive(member, turn);
      if (this.#transfer.overdue(turn.now)) {
        this.#remark(stateOverdue(this.name, this.#transfer.took), turn);
        this.#stateLoaded("gave up waiting", turn);
      }
    } else if (this.#state === "backup") {
      this.#watch(turn);
      this.#wakeBackup(turn);
    }
    return this.#installation.pauseOver(turn.now);
  }

  /**
   * The loop did not run from `since` to now. If that is longer than the peers wait before they take over, what we
   * believe about our role is stale: listen first. Queued advertisements are heard after this and before any timer.
   */
  stalled(since: Instant, turn: Turn): void {
    const gap = between(since, turn.now);
    if (!this.members.some((member) => outlasts(gap, member))) return;
    const text = `the loop did not run for ${formatDuration(gap)}, longer than the peers wait`;
    if (this.#state === "active") {
      this.#begin("backup", { code: "loop-stalled", text }, turn.now);
      this.#stepDown((member) => listening(member, turn.now, shortPatience(member)), turn);
    } else if (this.#state === "backup") {
      for (const member of this.members) member.state = listening(member, turn.now);
      this.#remark(stalledLoop(this.name, text), turn);
    }
  }

  stateLoaded(took: Duration, detail: string, turn: Turn): void {
    if (this.#transfer.loaded(took)) this.#stateLoaded(detail, turn);
  }

  installedNow(took: Duration, objects: number, turn: Turn): void {
    if (this.#state !== "active") return;
    const first = !this.#installation.held;
    this.#installation.succeeded();
    if (!first) {
      if (objects > 0) this.#announceAdded(turn);
      return;
    }
    if (!this.#transfer.isConfigured) this.#claimed(took, turn);
    this.#step("install", took, `${objects} addresses, routes and rules`);
    for (const member of this.members)
      member.announcements = scheduleAnnouncements(member.config.announcements, turn.now);
    this.#announce(burstsOf(this.members, "repeat"), turn);
    notifyAll(this.members, this.group?.name, "MASTER", turn.out);
  }

  installFailed(reason: string, took: Duration, turn: Turn): void {
    if (this.#state !== "active") return;
    this.#step("install", took, `failed and rolled back: ${reason}`);
    this.#report(turn);
    const fault = this.#installation.failed(reason, turn.now);
    this.#faults = [...this.#faults, fault];
    this.#fail(fault, turn);
  }

  withdrawn(took: Duration, objects: number, turn: Turn): void {
    // Of an instance that a reload removed, and whose name is ours now.
    if (this.#state === "active") return;
    this.#step("withdraw", took, `${objects} addresses, routes and rules`);
    this.#report(turn);
  }

  announced(took: Duration, frames: number, turn: Turn): void {
    if (this.#pending === undefined) return;
    this.#step("announce", took, `${frames} frames`);
    this.#report(turn);
  }

  objectLost(member: Member, object: string, turn: Turn): void {
    if (this.#state !== "active" || !this.installed) return;
    member.counters.objectsHealed += 1;
    turn.out.push({ type: "heal", instance: member.config.name });
    this.#remark(healed(member, object), turn);
  }

  resign(by: string, turn: Turn): void {
    if (this.#state !== "active") return;
    this.#begin("backup", { code: "resign-asked", text: `asked to resign by ${by}` }, turn.now);
    resign(this.members, turn.out);
    this.#stepDown((member) => listening(member, turn.now), turn);
  }

  shutdown(turn: Turn): void {
    if (this.#state === "stopped") return;
    const wasActive = this.#state === "active";
    this.#begin("stopped", { code: "shutdown", text: "shutting down" }, turn.now);
    if (wasActive) {
      resign(this.members, turn.out);
      this.#withdraw(turn);
    }
    retire(this.members);
    notifyAll(this.members, this.group?.name, "STOP", turn.out);
    if (!wasActive) this.#report(turn);
  }

  /**
   * Goes on after a reload, all members in one role, new ones too: Active tells the world its new parameters, Backup listens anew, and
   * all of them find out whether the new configuration still lets them.
   */
  resume(role: "active" | "loading" | "backup" | "fault", around: Surroundings, turn: Turn): void {
    const state = role === "loading" ? "active" : role;
    this.#state = state;
    this.#cause = { code: "reload", text: `stays ${state} through a reload` };
    if (role === "active") this.#installation.succeeded();
    for (const member of this.members) {
      const { announcements, config, counters } = member;
      // A member that a reload added takes part in the role of the others.
      if (state === "active" && member.state.name !== "active") counters.becameActive += 1;
      if (state === "backup") member.state = listening(member, turn.now);
      if (state === "active")
        member.announcements = reschedule(announcements, config.announcements, turn.now);
    }
    this.assess(around, turn);
    if (this.#state !== "active") return;
    claim(this.members, turn.now, turn.out);
    if (role === "active" || !this.#transfer.begin(turn.now, turn.out)) this.#install(turn);
  }

  // --- transitions -----------------------------------------------------------------------------------------------

  #fail(cause: Cause, turn: Turn): void {
    const wasActive = this.#state === "active";
    this.#begin("fault", cause, turn.now);
    if (wasActive) {
      resign(this.members, turn.out);
      this.#withdraw(turn);
    } else this.#transfer.end(false, turn.out);
    retire(this.members);
    notifyAll(this.members, this.group?.name, "FAULT", turn.out);
    if (!wasActive) this.#report(turn);
  }

  /** From init or fault into the election. */
  #join(turn: Turn): void {
    const fromFault = this.#state === "fault";
    const owners = this.members.every((member) => member.config.startsActive && isOwner(member));
    if (owners && !fromFault) {
      this.#becomeActive({ code: "owner-start", text: "owner of the addresses" }, NO_TIME, turn);
      return;
    }
    this.#begin("backup", fromFault ? FAULT_CLEARED : STARTED, turn.now);
    for (const member of this.members) {
      member.state = owners
        ? listening(member, turn.now, shortPatience(member))
        : listening(member, turn.now);
      if (fromFault && member.config.transport.type === "unicast")
        turn.out.push({ type: "announce-source", instance: member.config.name });
    }
    notifyAll(this.members, this.group?.name, "BACKUP", turn.out);
    this.#report(turn);
  }

  #becomeActive(cause: Cause, silence: Duration, turn: Turn): void {
    this.#begin("active", cause, turn.now);
    this.#step("detect", silence, cause.text);
    for (const member of this.members) {
      member.counters.becameActive += 1;
      member.announcements = NO_ANNOUNCEMENTS;
    }
    claim(this.members, turn.now, turn.out);
    if (!this.#transfer.begin(turn.now, turn.out)) this.#install(turn);
  }

  #watch({ now, out }: Turn): void {
    if (this.#state === "backup") this.#transfer.watch(this.members, now, out);
  }

  #stateLoaded(detail: string, turn: Turn): void {
    this.#claimed(this.#transfer.took, turn);
    this.#step("load", this.#transfer.took, detail);
    this.#install(turn);
  }

  /** What the claim took: all the time since it began but that of the step after it. */
  #claimed(next: Duration, { now }: Turn): void {
    const took = microseconds(Math.max(0, between(this.#since, now) - next));
    this.#step("claim", took, `${this.members.length} advertised`);
  }

  #install(turn: Turn): void {
    turn.out.push({ type: "install", unit: this.name, instances: this.#names() });
  }

  #yieldTo(member: Member, hearing: Hearing, turn: Turn): void {
    if (member.config.advertiseToHigher) advertise(member, member.priority, turn.out);
    this.#begin("backup", yieldCause(member, hearing), turn.now);
    const next = (other: Member): Backup =>
      other === member ? follow(member, hearing, turn.now, undefined) : listening(other, turn.now);
    this.#stepDown(next, turn);
  }

  /** RFC 9568 section 6.4.3: answer a lower priority at once, and repair the neighbours' caches. */
  #defend(member: Member, hearing: Hearing, turn: Turn): void {
    const { name, advertiseToLower } = member.config;
    this.#remark(twoActive(member, hearing), turn);
    if (advertiseToLower) {
      advertise(member, member.priority, turn.out);
      member.state = { name: "active", advertiseAt: after(turn.now, member.config.interval) };
    }
    if (this.installed) this.#announce(burstsOf(this.members, "lowerPriorityRepeat"), turn);
    for (const other of this.members) {
      const { announcements, config } = other;
      other.announcements = scheduleSecondAnswer(announcements, config.announcements, turn.now);
    }
    turn.out.push(notification("INSTANCE", name, "MASTER_RX_LOWER_PRI", member.priority));
  }

  #stepDown(next: (member: Member) => Backup, turn: Turn): void {
    this.#withdraw(turn);
    for (const member of this.members) {
      member.state = next(member);
      member.announcements = NO_ANNOUNCEMENTS;
    }
    notifyAll(this.members, this.group?.name, "BACKUP", turn.out);
    this.#watch(turn);
  }

  #wakeActive(member: Member, turn: Turn): void {
    if (member.state.name !== "active") return;
    if (turn.now >= member.state.advertiseAt) {
      const advertiseAt = nextAdvertisement(member.state, member.config.interval, turn.now);
      member.state = { name: "active", advertiseAt };
      advertise(member, member.priority, turn.out);
    }
    const { name, announcements } = member.config;
    const due = dueAnnouncements(member.announcements, announcements, turn.now);
    member.announcements = due.schedule;
    if (due.rounds > 0) this.#announce([{ instance: name, rounds: due.rounds }], turn);
  }

  #wakeBackup(turn: Turn): void {
    let last: Member | undefined;
    for (const member of this.members) {
      const { state } = member;
      if (state.name !== "backup" || turn.now < state.downAt) continue;
      const notice = state.wantsActive ? heldBack(this.name, member, this.members) : undefined;
      if (notice !== undefined) this.#remark(notice, turn);
      last = member;
      member.state = { ...state, wantsActive: true };
    }
    if (last === undefined) return;
    if (this.members.every(({ state }) => state.name === "backup" && state.wantsActive)) {
      const { cause, silence } = takeoverCause(last, this.#since, turn.now);
      this.#becomeActive(cause, silence, turn);
      return;
    }
    waitOn(this.members, turn.now);
  }

  // --- parts -----------------------------------------------------------------------------------------------------

  #begin(to: UnitState, cause: Cause, now: Instant): void {
    this.#pending = new OpenTransition({
      at: now,
      unit: this.name,
      kind: this.group === undefined ? "instance" : "group",
      members: this.#names(),
      from: this.#state,
      to,
      cause,
    });
    if (this.#state === "active")
      for (const member of this.members) member.counters.releasedActive += 1;
    this.#state = to;
    this.#since = now;
    this.#cause = cause;
    this.#installation.released();
    for (const name of [this.name, ...this.#names()]) this.#remarks.forget(name);
  }

  #step(name: TransitionStep["name"], took: Duration, detail: string): void {
    this.#pending?.step(name, took, detail);
  }

  #report(turn: Turn): void {
    if (this.#pending !== undefined) turn.out.push(this.#pending.report());
    this.#pending = undefined;
  }

  #withdraw(turn: Turn): void {
    turn.out.push({ type: "withdraw", unit: this.name, instances: this.#names() });
    this.#transfer.end(true, turn.out);
  }

  #announce(bursts: readonly Burst[], turn: Turn): void {
    if (bursts.length > 0) turn.out.push({ type: "announce", unit: this.name, bursts });
  }

  #announceAdded(turn: Turn): void {
    for (const member of this.members) {
      const { announcements, config } = member;
      member.announcements = scheduleSecond(announcements, config.announcements, turn.now);
    }
    this.#announce(burstsOf(this.members, "repeat"), turn);
  }

  #takePriority(member: Member, priority: number, turn: Turn): void {
    if (priority === member.priority) return;
    const before = member.priority;
    setPriority(member, priority);
    // What trackers say before the unit takes part is where it starts from, not a change.
    if (this.#state === "init") return;
    const { name, reportPriorityChanges } = member.config;
    this.#remark(priorityChanged(member, before, priority), turn);
    if (!reportPriorityChanges && this.group?.reportPriorityChanges !== true) return;
    if (this.#state === "active")
      turn.out.push(notification("INSTANCE", name, "MASTER_PRIORITY", priority));
    if (this.#state === "backup")
      turn.out.push(notification("INSTANCE", name, "BACKUP_PRIORITY", priority));
  }

  #remark(notice: Notice, { now, out }: Turn): void {
    this.#remarks.add({ ...notice, at: now }, out);
  }

  #names(): string[] {
    return this.members.map(({ config }) => config.name);
  }
}
