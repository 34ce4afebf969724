import { beforeEach, expect, test } from "vitest";
import { milliseconds } from "../../../src/base/time.ts";
import { Installer } from "../../../src/daemon/installer.ts";
import { InterfaceTable } from "../../../src/daemon/interface-table.ts";
import { KernelWatch } from "../../../src/daemon/kernel-watch.ts";
import { StaticObjects } from "../../../src/daemon/static-objects.ts";
import type { FromVrrpThread } from "../../../src/daemon/thread-messages.ts";
import type { RouteMonitor } from "../../../src/kernel/route-monitor.ts";
import type { RouterEvent } from "../../../src/vrrp/events.ts";
import { DUET_PROTOCOL } from "../../../src/wire/objects.ts";
import type { AddressEntry, LinkEntry, Notification } from "../../../src/wire/rtnetlink/entries.ts";
import { addressEntry, FakeKernel, link, lookUp } from "../../support/daemon-parts.ts";
import { instanceConfig, virtualAddress } from "../../support/vrrp-config.ts";

const FENCING = { lifetimeSeconds: 2, renewal: milliseconds(500) };
const OURS = { protocol: DUET_PROTOCOL, validLifetime: 2, preferredLifetime: 2 };
const VIRTUAL = addressEntry(2, "192.0.2.100", OURS);

let notes: Notification[];
let overrun: boolean;
let links: LinkEntry[];
let addresses: AddressEntry[];
let delivered: RouterEvent[];
let told: FromVrrpThread[];
let changedNames: string[][];
let statics: StaticObjects;
let staticKernel: FakeKernel;
let watch: KernelWatch;

const monitor = (): RouteMonitor =>
  ({
    drain(handler: (note: Notification) => void) {
      if (overrun) {
        overrun = false;
        return "overrun";
      }
      for (const note of notes.splice(0)) handler(note);
      return "drained";
    },
  }) as unknown as RouteMonitor;

beforeEach(() => {
  [notes, overrun, delivered, told, changedNames] = [[], false, [], [], []];
  links = [link(2, "eth0"), link(3, "eth1")];
  addresses = [addressEntry(2, "192.0.2.2"), VIRTUAL];
  const interfaces = new InterfaceTable();
  const installer = new Installer(new FakeKernel(), lookUp, () => {});
  installer.configure([instanceConfig()], FENCING);
  installer.install(["VI"]);
  staticKernel = new FakeKernel();
  statics = new StaticObjects(staticKernel, lookUp, () => {});
  watch = new KernelWatch({
    netlink: {
      links: () => links,
      addresses: () => addresses,
      routes: () => [],
      rules: () => [],
    },
    monitor: monitor(),
    interfaces,
    installer,
    statics,
    deliver: (event) => delivered.push(event),
    interfacesChanged: (names) => changedNames.push([...names]),
    tell: (message) => told.push(message),
  });
  watch.setInterest(new Set(["eth0", "eth7"]));
  watch.reload();
  watch.feedAll();
  delivered.length = 0;
});

function hear(...heard: readonly Notification[]): void {
  notes.push(...heard);
  expect(watch.drain()).toBe(true);
}

const address = (entry: AddressEntry, gone = false): Notification => ({
  type: "address",
  gone,
  requester: 0,
  entry,
});
const linkNote = (entry: LinkEntry, gone = false): Notification => ({
  type: "link",
  gone,
  requester: 0,
  entry,
});

test("facts of every interface of interest come at the start, also of those that are missing", () => {
  watch.feedAll();
  expect(delivered).toMatchObject([
    { type: "interface", facts: { interface: "eth0", present: true, addresses: ["192.0.2.2"] } },
    { type: "interface", facts: { interface: "eth7", present: false } },
  ]);
  expect(told).toEqual([]);
});

test("the renewal of our own addresses is no news", () => {
  hear(address(VIRTUAL), address(VIRTUAL));
  expect(delivered).toEqual([]);
  expect(changedNames).toEqual([]);
});

test("a notification that changes nothing is no news, and neither is one of another interface", () => {
  hear(linkNote(link(2, "eth0")), linkNote(link(3, "eth1", { running: false })));
  expect(delivered).toEqual([]);
  expect(told).toEqual([]);
});

test("lost carrier is told to the core, to the sockets and to people, once", () => {
  hear(linkNote(link(2, "eth0", { running: false })));
  hear(linkNote(link(2, "eth0", { running: false })));
  expect(delivered).toMatchObject([{ type: "interface", facts: { running: false } }]);
  expect(changedNames).toEqual([["eth0"]]);
  expect(told).toEqual([{ type: "interface", interface: "eth0", state: "down" }]);
});

test("an interface that appears is told with what it is", () => {
  hear(linkNote(link(9, "eth7")));
  expect(delivered).toMatchObject([{ facts: { interface: "eth7", present: true, index: 9 } }]);
  expect(told).toEqual([{ type: "interface", interface: "eth7", state: "up" }]);
});

test("several changes of one drain are one change", () => {
  hear(linkNote(link(2, "eth0", { running: false })), address(addressEntry(2, "192.0.2.5")));
  expect(delivered).toHaveLength(1);
});

test("a lost address is reported when the kernel really does not have it", () => {
  addresses = addresses.filter((entry) => entry !== VIRTUAL);
  hear(address(VIRTUAL, true));
  expect(delivered).toEqual([
    { type: "object-lost", instance: "VI", object: "address 192.0.2.100/24 dev eth0" },
  ]);
});

test("the echo of a loss that was mended meanwhile is not believed", () => {
  hear(address(VIRTUAL, true));
  expect(delivered).toEqual([]);
});

test("an overrun reads everything anew and finds what went missing in it", () => {
  addresses = [];
  links = [link(2, "eth0", { running: false })];
  overrun = true;
  watch.drain();
  expect(told).toContainEqual({ type: "overrun" });
  expect(delivered).toMatchObject([
    { type: "interface", facts: { running: false, addresses: [] } },
    { type: "object-lost", instance: "VI" },
  ]);
});

test("a lost static address is put back at once", () => {
  statics.configure({ addresses: [virtualAddress("192.0.2.8/24")], routes: [], rules: [] });
  staticKernel.requests.length = 0;
  hear(address(addressEntry(2, "192.0.2.8", { protocol: DUET_PROTOCOL }), true));
  expect(staticKernel.requests).toEqual(["replace address 192.0.2.8/24 eth0"]);
  expect(delivered).toEqual([]);
});
