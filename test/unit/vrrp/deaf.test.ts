import { expect, test } from "vitest";
import { seconds } from "../../../src/base/time.ts";
import { instanceConfig, routerConfig } from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

const rig = (): Rig => new Rig(routerConfig({ instances: [instanceConfig()] }));

test("who cannot listen is in fault, says why, and never becomes Active", () => {
  const bench = rig();
  bench.event({ type: "deaf", instance: "VI", reason: "cannot listen: no such device" });
  bench.pass(seconds(60));
  expect(bench.state).toBe("fault");
  expect(bench.instance().faults).toEqual([
    { code: "deaf", text: "cannot listen: no such device" },
  ]);
});

test("an Active router that loses its hearing resigns, and listens first when it is back", () => {
  const bench = rig();
  bench.pass(seconds(4));
  expect(bench.state).toBe("active");
  bench.event({ type: "deaf", instance: "VI", reason: "cannot listen" });
  expect(bench.sent().at(-1)).toBe(0);
  bench.event({ type: "deaf", instance: "VI", reason: undefined });
  expect(bench.state).toBe("backup");
});
