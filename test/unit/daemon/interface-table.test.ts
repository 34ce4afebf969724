import { beforeEach, expect, test } from "vitest";
import type { Mac } from "../../../src/base/mac.ts";
import { InterfaceTable } from "../../../src/daemon/interface-table.ts";
import { DUET_PROTOCOL } from "../../../src/wire/objects.ts";
import { addressEntry, link } from "../../support/daemon-parts.ts";

let table: InterfaceTable;

beforeEach(() => {
  table = new InterfaceTable();
  table.load(
    [link(1, "lo", { mac: "00:00:00:00:00:00" as Mac, flags: 0x49 }), link(2, "eth0")],
    [addressEntry(2, "192.0.2.2")],
  );
});

test("knows interfaces by name and by index", () => {
  expect(table.indexOf("eth0")).toBe(2);
  expect(table.nameOf(2)).toBe("eth0");
  expect(table.names()).toEqual(["lo", "eth0"]);
  expect(table.facts("eth0")).toMatchObject({
    present: true,
    running: true,
    addresses: ["192.0.2.2"],
  });
});

test("what is not there has facts that say so", () => {
  expect(table.facts("eth7")).toEqual({
    interface: "eth7",
    present: false,
    index: 0,
    running: false,
    mtu: 0,
    addresses: [],
  });
});

test("a deleted interface takes its addresses along, and a new one of that name starts without", () => {
  expect(table.take({ type: "link", gone: true, requester: 0, entry: link(2, "eth0") })).toEqual([
    "eth0",
  ]);
  expect(table.facts("eth0").present).toBe(false);
  table.take({ type: "link", gone: false, requester: 0, entry: link(5, "eth0") });
  expect(table.facts("eth0")).toMatchObject({ index: 5, addresses: [] });
});

test("the late farewell of an old interface does not remove its successor", () => {
  table.take({ type: "link", gone: false, requester: 0, entry: link(5, "eth0") });
  table.take({ type: "link", gone: true, requester: 0, entry: link(2, "eth0") });
  expect(table.indexOf("eth0")).toBe(5);
});

test("a rename concerns both names", () => {
  const note = { type: "link", gone: false, requester: 0, entry: link(2, "wan0") } as const;
  expect(table.take(note)).toEqual(["eth0", "wan0"]);
  expect(table.facts("eth0").present).toBe(false);
  expect(table.facts("wan0").addresses).toEqual(["192.0.2.2"]);
});

test("addresses come and go", () => {
  const entry = addressEntry(2, "192.0.2.9");
  expect(table.take({ type: "address", gone: false, requester: 0, entry })).toEqual(["eth0"]);
  expect(table.facts("eth0").addresses).toEqual(["192.0.2.2", "192.0.2.9"]);
  table.take({ type: "address", gone: true, requester: 0, entry });
  expect(table.facts("eth0").addresses).toEqual(["192.0.2.2"]);
});

test("virtual and tentative addresses do not count, static ones of ours do", () => {
  const ours = { protocol: DUET_PROTOCOL };
  table.setStanding(new Set(["address eth0 192.0.2.8/24"]));
  table.load(
    [link(2, "eth0")],
    [
      addressEntry(2, "192.0.2.7", ours),
      addressEntry(2, "192.0.2.8", ours),
      addressEntry(2, "fe80::1", { flags: 0x40 }),
    ],
  );
  expect(table.facts("eth0").addresses).toEqual(["192.0.2.8"]);
});

test("the loopback resolves no addresses, nor does a link without a MAC", () => {
  table.take({
    type: "link",
    gone: false,
    requester: 0,
    entry: link(3, "eth1", { mac: "02:00:00:00:00:01" as Mac }),
  });
  table.take({
    type: "link",
    gone: false,
    requester: 0,
    entry: link(4, "tun0", { mac: "02:00:00:00:00:02" as Mac, flags: 0x80 }),
  });
  expect(["eth0", "eth1", "tun0", "eth9"].map((name) => table.resolves(name))).toEqual([
    false,
    true,
    false,
    false,
  ]);
});
