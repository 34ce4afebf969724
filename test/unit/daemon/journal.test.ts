import { expect, test } from "vitest";
import {
  EMPTY_JOURNAL,
  type Journal,
  type KernelSnapshot,
  leftovers,
  mergeJournals,
} from "../../../src/daemon/journal.ts";
import { DUET_PROTOCOL } from "../../../src/wire/objects.ts";
import type { RouteEntry } from "../../../src/wire/rtnetlink/entries.ts";
import { addressEntry, link, route, rule } from "../../support/daemon-parts.ts";
import { virtualAddress } from "../../support/vrrp-config.ts";

const { spec: ADDRESS } = virtualAddress("192.0.2.100/24");
const { spec: ROUTE } = route();
const { spec: RULE } = rule(100);

const kernel = (some: Partial<KernelSnapshot> = {}): KernelSnapshot => ({
  links: [link(2, "eth0"), link(3, "eth1")],
  addresses: [],
  routes: [],
  rules: [],
  ...some,
});

const routeEntry = (some: Partial<RouteEntry> = {}): RouteEntry => ({
  family: 4,
  type: "unicast",
  destination: ROUTE.destination,
  gateway: ROUTE.gateway as NonNullable<typeof ROUTE.gateway>,
  index: 2,
  metric: 0,
  table: 254,
  protocol: DUET_PROTOCOL,
  scope: 0,
  tos: 0,
  flags: 0,
  metrics: {},
  nexthops: [],
  ...some,
});

const subjects = (snapshot: KernelSnapshot, journal = JOURNAL): readonly string[] =>
  leftovers(journal, snapshot).map(({ type }) => type);

const JOURNAL: Journal = {
  ...EMPTY_JOURNAL,
  addresses: [ADDRESS],
  routes: [ROUTE],
  rules: [RULE],
  links: ["vrrp.51"],
};

test("nothing in the kernel leaves nothing to do", () => {
  expect(subjects(kernel())).toEqual([]);
});

test("everything of ours goes, rules and routes before addresses, interfaces last", () => {
  const ours = addressEntry(2, "192.0.2.100", { protocol: DUET_PROTOCOL, validLifetime: 1 });
  const snapshot = kernel({
    links: [link(2, "eth0"), link(9, "vrrp.51", { kind: "macvlan" })],
    addresses: [ours],
    routes: [routeEntry()],
    rules: [RULE],
  });
  expect(subjects(snapshot)).toEqual(["rule", "route", "address", "link"]);
});

test("what is not in the journal stays, even with our originator", () => {
  const snapshot = kernel({
    addresses: [addressEntry(2, "192.0.2.100", { protocol: DUET_PROTOCOL })],
    routes: [routeEntry()],
    rules: [RULE],
  });
  expect(subjects(snapshot, EMPTY_JOURNAL)).toEqual([]);
});

test.each([
  ["set by hand", addressEntry(2, "192.0.2.100")],
  ["of another originator", addressEntry(2, "192.0.2.100", { protocol: 18, validLifetime: 9 })],
  ["on another interface", addressEntry(3, "192.0.2.100", { protocol: DUET_PROTOCOL })],
  [
    "of another length",
    addressEntry(2, "192.0.2.100", { protocol: DUET_PROTOCOL, prefixLength: 32 }),
  ],
  ["on an interface that is gone", addressEntry(8, "192.0.2.100", { protocol: DUET_PROTOCOL })],
])("an address of the journal that is %s stays", (_, entry) => {
  expect(subjects(kernel({ addresses: [entry] }))).toEqual([]);
});

test("on a kernel without originators a finite lifetime marks ours", () => {
  const entry = addressEntry(2, "192.0.2.100", { protocol: 0, validLifetime: 2 });
  expect(subjects(kernel({ addresses: [entry] }))).toEqual(["address"]);
});

test.each<readonly [string, Partial<RouteEntry>]>([
  ["another originator", { protocol: 4 }],
  ["another table", { table: 100 }],
  ["another interface", { index: 3 }],
  ["another destination", { destination: { ...ROUTE.destination, length: 1 } }],
])("a route with %s stays", (_, some) => {
  expect(subjects(kernel({ routes: [routeEntry(some)] }))).toEqual([]);
});

test("a rule of another originator stays", () => {
  expect(subjects(kernel({ rules: [{ ...RULE, protocol: 0 }] }))).toEqual([]);
});

test("an interface of that name that is no macvlan stays", () => {
  expect(subjects(kernel({ links: [link(9, "vrrp.51", { kind: "dummy" })] }))).toEqual([]);
});

test("merging keeps everything once", () => {
  const other = {
    ...EMPTY_JOURNAL,
    addresses: [ADDRESS, { ...ADDRESS, interface: "eth1" }],
    tables: ["t"],
  };
  const merged = mergeJournals(JOURNAL, other);
  expect(merged.addresses.map((spec) => spec.interface)).toEqual(["eth0", "eth1"]);
  expect(merged.routes).toEqual([ROUTE]);
  expect(merged.tables).toEqual(["t"]);
});
