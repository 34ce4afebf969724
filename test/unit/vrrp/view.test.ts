import { expect, test } from "vitest";
import { seconds } from "../../../src/base/time.ts";
import { describeRoute } from "../../../src/vrrp/views.ts";
import {
  defaultRoute,
  instanceConfig,
  ip,
  lanAndWan,
  routerConfig,
  virtualAddress,
} from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

test("shows what an instance is, whom it follows and when it acts", () => {
  const config = instanceConfig({
    excluded: [virtualAddress("203.0.113.1/32")],
    routes: [defaultRoute("192.0.2.1", "eth0", "192.0.2.100")],
  });
  const rig = new Rig(routerConfig({ instances: [config] }));
  rig.pass(seconds(1));
  rig.hear(150);
  expect(rig.instance()).toEqual({
    name: "VI",
    unit: "VI",
    interface: "eth0",
    vrid: 51,
    family: 4,
    version: 2,
    state: "backup",
    basePriority: 100,
    effectivePriority: 100,
    intervalUs: 1_000_000,
    source: "192.0.2.2",
    active: { source: "192.0.2.3", priority: 150, heardAt: rig.now },
    deadline: rig.now + 3_609_375,
    addresses: ["192.0.2.100/24 dev eth0", "203.0.113.1/32 dev eth0"],
    routes: ["default via 192.0.2.1 dev eth0 src 192.0.2.100"],
    faults: [],
    counters: {
      advertisementsReceived: 1,
      advertisementsSent: 0,
      priorityZeroReceived: 0,
      priorityZeroSent: 0,
      becameActive: 0,
      releasedActive: 0,
      objectsHealed: 0,
      refused: {},
    },
  });
});

test("is plain JSON that nobody can change the core through", () => {
  const rig = new Rig(lanAndWan());
  const view = rig.router.view(rig.now);
  expect(JSON.parse(JSON.stringify(view))).toEqual(view);
  rig.event({ type: "refused", instance: "LAN", reason: "bad-ttl", source: ip("192.0.2.9") });
  expect(view.instances[0]?.counters.refused).toEqual({});
});

test("shows groups as one unit with its members, state, time and cause", () => {
  const rig = new Rig(lanAndWan());
  rig.pass(seconds(10));
  const { units } = rig.router.view(rig.now);
  expect(units).toMatchObject([
    {
      name: "G",
      kind: "group",
      state: "active",
      members: ["LAN", "WAN"],
      since: rig.now - 10_000_000 + 3_609_375,
      cause: { code: "active-down" },
    },
  ]);
});

test("routes are written as ip-route(8) would take them", () => {
  const { spec } = defaultRoute("192.0.2.1", "eth0");
  expect(describeRoute({ ...spec, metric: 5, table: 100 })).toBe(
    "default via 192.0.2.1 dev eth0 metric 5 table 100",
  );
  const { gateway: _, interface: __, ...bare } = spec;
  const destination = { address: ip("198.51.100.0"), length: 24 };
  expect(describeRoute({ ...bare, type: "blackhole", destination })).toBe(
    "blackhole 198.51.100.0/24",
  );
  expect(
    describeRoute({
      ...bare,
      destination,
      nexthops: [
        { gateway: ip("192.0.2.1"), interface: "eth0", weight: 1, onlink: false },
        { interface: "ppp0", weight: 2, onlink: false },
      ],
    }),
  ).toBe("198.51.100.0/24 nexthop via 192.0.2.1 dev eth0 weight 1 nexthop dev ppp0 weight 2");
});
