import { beforeEach, expect, test } from "vitest";
import { milliseconds } from "../../../src/base/time.ts";
import { Installer } from "../../../src/daemon/installer.ts";
import type { Trouble } from "../../../src/daemon/thread-messages.ts";
import type { InstanceConfig } from "../../../src/vrrp/config.ts";
import { FakeKernel, lookUp, route, rule } from "../../support/daemon-parts.ts";
import { instanceConfig, virtualAddress } from "../../support/vrrp-config.ts";

const FENCING = { lifetimeSeconds: 2, renewal: milliseconds(500) };

const A = "address 192.0.2.100/24 eth0";
const B = "address 192.0.2.101/24 eth0";
const ROUTE = "route 0.0.0.0/0";
const RULE = "rule 100";

let kernel: FakeKernel;
let troubles: Trouble[];
let installer: Installer;

beforeEach(() => {
  kernel = new FakeKernel();
  troubles = [];
  installer = new Installer(kernel, lookUp, (trouble) => troubles.push(trouble));
});

const full = (some: Partial<InstanceConfig> = {}): InstanceConfig =>
  instanceConfig({
    addresses: [virtualAddress("192.0.2.100/24"), virtualAddress("192.0.2.101/24")],
    routes: [route()],
    rules: [rule(100)],
    ...some,
  });

test("installs addresses, then routes, then rules, in one batch, and counts them", () => {
  installer.configure([full()], FENCING);
  expect(installer.install(["VI"])).toEqual({ ok: true, added: 4 });
  expect(kernel.requests).toEqual([
    `replace ${A}`,
    `replace ${B}`,
    `prepend ${ROUTE}`,
    `add ${RULE}`,
  ]);
  expect(kernel.batches).toBe(1);
});

test("withdraws in the reverse order, and what is already gone is no trouble", () => {
  installer.configure([full()], FENCING);
  installer.install(["VI"]);
  kernel.holds.delete(B);
  kernel.requests.length = 0;
  expect(installer.withdraw(["VI"])).toBe(4);
  expect(kernel.requests).toEqual([
    `delete ${RULE}`,
    `delete ${ROUTE}`,
    `delete ${B}`,
    `delete ${A}`,
  ]);
  expect(troubles).toEqual([]);
  expect(installer.withdraw(["VI"])).toBe(0);
});

test("a failure half-way takes back what was added and gives the kernel's reason", () => {
  installer.configure([full()], FENCING);
  kernel.refusals.set(ROUTE, { code: "ENETUNREACH", message: "route default: ENETUNREACH" });
  expect(installer.install(["VI"])).toEqual({ ok: false, reason: "route default: ENETUNREACH" });
  expect([...kernel.holds]).toEqual([]);
  expect(installer.held()).toEqual([]);
});

test("a failure in one member of a group takes the other members' objects back, too", () => {
  const other = full({
    name: "OTHER",
    vrid: 52,
    addresses: [virtualAddress("192.0.2.7/24")],
    routes: [],
    rules: [],
  });
  installer.configure([other, full()], FENCING);
  kernel.refusals.set(RULE, { code: "EINVAL", message: "no" });
  expect(installer.install(["OTHER", "VI"]).ok).toBe(false);
  expect([...kernel.holds]).toEqual([]);
});

test("a route that somebody else has already is no failure", () => {
  installer.configure([full()], FENCING);
  kernel.holds.add(ROUTE);
  expect(installer.install(["VI"]).ok).toBe(true);
});

test("after a reload, installing adds what is new and removes what is gone", () => {
  installer.configure([full()], FENCING);
  installer.install(["VI"]);
  installer.configure(
    [
      full({
        addresses: [virtualAddress("192.0.2.101/24"), virtualAddress("192.0.2.102/24")],
        rules: [],
      }),
    ],
    FENCING,
  );
  expect(installer.install(["VI"])).toEqual({ ok: true, added: 1 });
  expect([...kernel.holds].toSorted()).toEqual(
    [B, "address 192.0.2.102/24 eth0", ROUTE].toSorted(),
  );
});

test("a reload that fails takes back only what it added", () => {
  installer.configure([full()], FENCING);
  installer.install(["VI"]);
  const refused = "address 192.0.2.103/24 eth0";
  kernel.refusals.set(refused, { code: "EINVAL", message: "no" });
  installer.configure(
    [
      full({
        addresses: [
          virtualAddress("192.0.2.100/24"),
          virtualAddress("192.0.2.102/24"),
          virtualAddress("192.0.2.103/24"),
        ],
      }),
    ],
    FENCING,
  );
  expect(installer.install(["VI"]).ok).toBe(false);
  expect(kernel.holds.has("address 192.0.2.102/24 eth0")).toBe(false);
  expect(installer.withdraw(["VI"])).toBe(4);
  expect([...kernel.holds]).toEqual([]);
});

test("a renamed instance holds what it held", () => {
  installer.configure([full()], FENCING);
  installer.install(["VI"]);
  installer.configure([full({ name: "NEW" })], FENCING);
  expect(installer.held().map(({ instance }) => instance)).toEqual(["NEW", "NEW", "NEW", "NEW"]);
  expect(installer.install(["NEW"])).toEqual({ ok: true, added: 0 });
  expect(installer.withdraw(["NEW"])).toBe(4);
});

test("renews the addresses and nothing else", () => {
  installer.configure([full()], FENCING);
  installer.install(["VI"]);
  kernel.requests.length = 0;
  installer.renew(["VI"]);
  expect(kernel.requests).toEqual([`replace ${A}`, `replace ${B}`]);
});

test("renews nothing for an instance that holds nothing", () => {
  installer.configure([full()], FENCING);
  installer.renew(["VI"]);
  expect(kernel.requests).toEqual([]);
});

test("heals what is missing and the routes of every instance, which go with an address without a word", () => {
  const other = full({
    name: "OTHER",
    vrid: 52,
    addresses: [virtualAddress("192.0.2.7/24")],
    rules: [],
  });
  installer.configure([full({ routes: [] }), other], FENCING);
  installer.install(["VI"]);
  installer.install(["OTHER"]);
  kernel.holds.delete(A);
  kernel.holds.delete(ROUTE);
  installer.heal("VI");
  expect(kernel.holds.has(A)).toBe(true);
  expect(kernel.holds.has(ROUTE)).toBe(true);
  expect(troubles).toEqual([]);
});

test("trouble while withdrawing is told and does not stop the rest", () => {
  const stubborn = new Installer(
    {
      apply: (changes) =>
        changes.map(({ type }) =>
          type === "rule"
            ? { ok: false, errno: 1, code: "EPERM", message: "rule: EPERM" }
            : { ok: true },
        ),
    },
    lookUp,
    (trouble) => troubles.push(trouble),
  );
  stubborn.configure([full({ rules: [] })], FENCING);
  stubborn.install(["VI"]);
  stubborn.configure([full()], FENCING);
  expect(stubborn.install(["VI"]).ok).toBe(false);
  expect(stubborn.withdraw(["VI"])).toBe(3);
});

test("addresses carry the lifetime of self-fencing, and a shorter preferred lifetime of their own", () => {
  const specs: unknown[] = [];
  const recorder = new Installer(
    {
      apply: (changes) =>
        changes.map((change) => {
          if (change.type === "address")
            specs.push([change.spec.validLifetime, change.spec.preferredLifetime]);
          return { ok: true };
        }),
    },
    lookUp,
    () => {},
  );
  const usual = virtualAddress("192.0.2.100/24");
  const never = { ...usual, spec: { ...usual.spec, preferredLifetime: 0 } };
  recorder.configure([instanceConfig({ addresses: [usual] })], FENCING);
  recorder.install(["VI"]);
  recorder.configure([instanceConfig({ addresses: [never] })], FENCING);
  recorder.install(["VI"]);
  recorder.configure([instanceConfig({ addresses: [usual] })], undefined);
  recorder.install(["VI"]);
  expect(specs).toEqual([
    [2, 2],
    [2, 0],
    ["forever", "forever"],
  ]);
});
