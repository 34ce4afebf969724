/**
 * The VRRP thread: one synchronous reactor that owns the protocol core, its sockets and its part of the kernel. It never
 * returns to an event loop while it runs, so there is no promise, no timer and no console here; messages from the main
 * thread are read when their eventfd fires.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { between, earliest, type Instant } from "../base/time.ts";
import { monotonicNow } from "../kernel/clock.ts";
import { EventFd } from "../kernel/event-fd.ts";
import { PacketSocket } from "../kernel/packet-socket.ts";
import { Reactor } from "../kernel/reactor.ts";
import { RouteMonitor } from "../kernel/route-monitor.ts";
import { RouteNetlink } from "../kernel/route-netlink.ts";
import { endRealtimePriority, nameThread } from "../kernel/scheduling.ts";
import type { InstanceConfig } from "../vrrp/config.ts";
import type { RouterAction, RouterEvent } from "../vrrp/events.ts";
import { VrrpRouter } from "../vrrp/router.ts";
import type { Change } from "../wire/rtnetlink/change.ts";
import { Announcer } from "./announcer.ts";
import { Effects } from "./effects.ts";
import { Farewell } from "./farewell.ts";
import { nodeHmac } from "./hmac.ts";
import { Installer } from "./installer.ts";
import { interfacesOf } from "./interface-names.ts";
import { InterfaceTable } from "./interface-table.ts";
import { leftovers } from "./journal.ts";
import { KernelWatch } from "./kernel-watch.ts";
import { Lateness } from "./lateness.ts";
import { askForRealtime } from "./realtime.ts";
import { Speakers } from "./speakers.ts";
import { StaticObjects } from "./static-objects.ts";
import { type LineEnd, type StateLoaded, type StateOrder, TakeoverLine } from "./takeover-line.ts";
import type { FromVrrpThread, ToVrrpThread, Trouble, VrrpThreadStart } from "./thread-messages.ts";
import { VirtualMacs } from "./virtual-macs.ts";

/** Messages read from the main thread before the sockets get their turn. */
const MESSAGES_MAX = 32;

class VrrpThread {
  readonly #reactor = new Reactor();
  readonly #netlink = RouteNetlink.open();
  readonly #monitor = RouteMonitor.open(["link", "address", "route", "rule"]);
  readonly #packets = PacketSocket.open();
  readonly #interfaces = new InterfaceTable();
  readonly #wakeFd: EventFd;
  readonly #lateness: Lateness;
  readonly #tell: (message: FromVrrpThread) => void;
  readonly #installer: Installer;
  readonly #announcer: Announcer;
  readonly #statics: StaticObjects;
  readonly #virtualMacs: VirtualMacs;
  readonly #router: VrrpRouter;
  readonly #speakers: Speakers;
  readonly #effects: Effects;
  readonly #watch: KernelWatch;

  constructor(start: VrrpThreadStart, tell: (message: FromVrrpThread) => void) {
    const { model } = start;
    this.#tell = tell;
    this.#wakeFd = EventFd.adopt(start.wakeFd);
    this.#lateness = Lateness.over(start.lateness);
    const complain = (trouble: Trouble): void => tell({ type: "trouble", trouble });
    const lookup = (name: string): number | undefined => this.#interfaces.indexOf(name);
    const memberOf = (name: string): ReturnType<VrrpRouter["memberOf"]> =>
      this.#router.memberOf(name);
    this.#installer = new Installer(this.#netlink, lookup, complain);
    this.#announcer = new Announcer(this.#packets, this.#interfaces, complain);
    this.#statics = new StaticObjects(this.#netlink, lookup, complain);
    this.#virtualMacs = new VirtualMacs(this.#netlink, this.#interfaces, complain);
    this.#router = new VrrpRouter(model.vrrp, monotonicNow());
    this.#speakers = new Speakers({
      reactor: this.#reactor,
      interfaces: this.#interfaces,
      hmac: nodeHmac,
      memberOf,
      deliver: (event) => this.#dispatch(event),
      unknownVrid: (vrid, source) => {
        if (this.#logUnknownVrids) tell({ type: "unknown-vrid", vrid, source });
      },
      complain,
      now: monotonicNow,
      wallClock: () => Date.now() * 1_000,
    });
    this.#effects = new Effects({
      speakers: this.#speakers,
      installer: this.#installer,
      announcer: this.#announcer,
      memberOf,
      tell,
      orderState: (order) => this.#orderState(order),
      now: monotonicNow,
    });
    this.#watch = new KernelWatch({
      netlink: this.#netlink,
      monitor: this.#monitor,
      interfaces: this.#interfaces,
      installer: this.#installer,
      statics: this.#statics,
      deliver: (event) => this.#dispatch(event),
      interfacesChanged: (names) => this.#interfacesChanged(names),
      tell,
    });
  }

  #logUnknownVrids = false;
  #farewell: Farewell | undefined;
  #instances: readonly InstanceConfig[] = [];
  #line: TakeoverLine<StateLoaded, StateOrder> | undefined;

  /** Until the main thread asks to shut down. */
  run(start: VrrpThreadStart): void {
    const realtime = askForRealtime(start.model.scheduling);
    this.#watch.reload();
    const swept = this.#sweep(start);
    this.#configure(start);
    this.#watch.feedAll();
    this.#speakers.refresh();
    this.#reactor.watch(this.#monitor.fd, () => this.#watch.drain());
    this.#reactor.watch(this.#wakeFd.fd, () => this.#readMessages());
    this.#tell({ type: "listening", ...realtime, swept });
    this.#reactor.run({
      deadline: () => this.#deadline(),
      stalled: (since) => this.#dispatch({ type: "stalled", since }),
      judge: (now) => this.#judge(now),
    });
    this.close();
  }

  /** Resigns and takes everything back without waiting for anybody. */
  shutdown(): void {
    this.#dispatch({ type: "shutdown" });
    this.#takeBack();
  }

  /** Resigns, and takes everything back once a successor is heard. */
  #beginFarewell(): void {
    const now = monotonicNow();
    const orders = this.#router.handle({ type: "shutdown" }, now);
    const { atOnce, farewell } = Farewell.divide(orders, now);
    this.#perform(atOnce);
    this.#farewell = farewell;
    if (farewell === undefined) this.#endFarewell([]);
  }

  #endFarewell(orders: readonly RouterAction[]): void {
    this.#farewell = undefined;
    this.#perform(orders);
    this.#takeBack();
    this.#tell({ type: "stopped" });
    this.#reactor.stop();
  }

  #takeBack(): void {
    this.#statics.removeAll();
    this.#virtualMacs.removeAll();
  }

  close(): void {
    this.#speakers.close();
    for (const socket of [this.#monitor, this.#netlink, this.#packets, this.#reactor])
      socket.close();
  }

  #sweep({ journal }: VrrpThreadStart): readonly string[] {
    const changes = leftovers(journal, {
      links: this.#netlink.links(),
      addresses: this.#netlink.addresses(),
      routes: this.#netlink.routes(),
      rules: this.#netlink.rules(),
    });
    if (changes.length === 0) return [];
    const results = this.#netlink.apply(changes);
    this.#watch.reload();
    return changes.filter((_, index) => results[index]?.ok === true).map(describeChange);
  }

  #configure({ model }: Pick<VrrpThreadStart, "model">): void {
    const { instances, fencing } = model.vrrp;
    this.#logUnknownVrids = model.logUnknownVrids;
    this.#instances = instances;
    if (this.#virtualMacs.configure(instances)) this.#watch.reload();
    this.#statics.configure(model.statics);
    this.#interfaces.setStanding(new Set(this.#statics.held().map(({ key }) => key)));
    this.#installer.configure(instances, fencing);
    this.#announcer.configure(instances);
    this.#watch.setInterest(interfacesOf(model));
    this.#speakers.configure(instances);
  }

  #deadline(): Instant | undefined {
    const core = earliest(this.#router.deadline(), this.#announcer.deadline());
    return earliest(earliest(core, this.#speakers.deadline()), this.#farewell?.until);
  }

  #judge(now: Instant): void {
    const deadline = this.#deadline();
    if (deadline === undefined || now < deadline) return;
    this.#lateness.record(between(deadline, now));
    this.#dispatch({ type: "wake" });
    this.#announcer.wake(now);
    this.#speakers.wake(now);
    if (this.#farewell !== undefined && now >= this.#farewell.until)
      this.#endFarewell(this.#farewell.orders);
  }

  #dispatch(event: RouterEvent): void {
    this.#perform(this.#router.handle(event, monotonicNow()));
    if (this.#farewell?.hear(event) === true) this.#endFarewell(this.#farewell.orders);
  }

  /** Performs orders and lets the core hear their outcomes, until it has nothing more to order. */
  #perform(orders: readonly RouterAction[]): void {
    let actions = orders;
    while (actions.length > 0) {
      const answers = actions.flatMap((action) => this.#effects.perform(action) ?? []);
      actions = answers.flatMap((answer) => this.#router.handle(answer, monotonicNow()));
    }
  }

  #interfacesChanged(names: readonly string[]): void {
    if (this.#virtualMacs.configure(this.#instances)) this.#watch.reload();
    for (const name of names) this.#speakers.rejoin(name);
    this.#speakers.refresh();
    this.#statics.install();
  }

  #orderState(order: StateOrder): boolean {
    this.#line?.tell(order);
    return this.#line !== undefined;
  }

  /** A replication thread is there, or is not any more; whatever was asked of an earlier one is not answered. */
  #connect(end: LineEnd | null): void {
    if (this.#line !== undefined) this.#reactor.unwatch(this.#line.fd);
    this.#line = undefined;
    if (end === null) return;
    const line = new TakeoverLine<StateLoaded, StateOrder>(end);
    this.#line = line;
    this.#reactor.watch(line.fd, () => {
      line.hear((loaded) => this.#dispatch(loaded));
      return true;
    });
    // One that replaces a lost one does not know whose the flows are. Nobody waits for its answer.
    for (const { name, state } of this.#router.view(monotonicNow()).units)
      if (state === "active") line.tell({ type: "load-state", unit: name });
  }

  #readMessages(): boolean {
    this.#wakeFd.drain();
    for (let count = 0; count < MESSAGES_MAX; count += 1) {
      const received = parentPort === null ? undefined : receiveMessageOnPort(parentPort);
      if (received === undefined) return true;
      this.#take(received.message as ToVrrpThread);
    }
    this.#wakeFd.signal();
    return false;
  }

  #take(message: ToVrrpThread): void {
    switch (message.type) {
      case "tracker":
        this.#dispatch(message);
        break;
      case "view":
        this.#tell({
          type: "answer",
          request: message.request,
          view: this.#router.view(monotonicNow()),
        });
        break;
      case "resign":
        this.#dispatch(message);
        break;
      case "takeover-line":
        this.#connect(message.end);
        break;
      case "reload":
        this.#reload(message.model);
        this.#tell({ type: "answer", request: message.request, view: null });
        break;
      case "shutdown":
        this.#beginFarewell();
        break;
    }
  }

  #reload(model: VrrpThreadStart["model"]): void {
    const { before, after } = this.#router.reconfigure(model.vrrp, monotonicNow());
    this.#perform(before);
    this.#configure({ model });
    this.#perform(after);
    this.#watch.feedAll();
    this.#speakers.refresh();
  }
}

function describeChange(change: Change): string {
  switch (change.type) {
    case "address":
      return `address ${change.spec.address}/${change.spec.prefixLength} on ${change.spec.interface}`;
    case "route":
      return `route to ${change.spec.destination.address}/${change.spec.destination.length}`;
    case "rule":
      return `rule with preference ${change.spec.preference}`;
    case "link":
      return `interface ${change.interface}`;
  }
}

function main(port: NonNullable<typeof parentPort>): void {
  nameThread("duet-vrrp");
  const start = workerData as VrrpThreadStart;
  const thread = new VrrpThread(start, (message) => port.postMessage(message));
  try {
    thread.run(start);
  } catch (error) {
    // Whatever is wrong, do not take the addresses along: say goodbye as far as that is still possible.
    try {
      thread.shutdown();
    } catch {
      // The first error is the one to report; the kernel removes the addresses by itself when nobody renews them.
    }
    throw error;
  } finally {
    endRealtimePriority();
  }
  port.close();
}

if (parentPort !== null) main(parentPort);
