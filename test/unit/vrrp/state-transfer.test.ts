import { expect, test } from "vitest";
import { milliseconds, seconds } from "../../../src/base/time.ts";
import type { RouterAction } from "../../../src/vrrp/events.ts";
import { lanAndWan } from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

const CONFIG = { ...lanAndWan({ preempt: false }), stateTransfer: { wait: seconds(2) } };

const rig = (): Rig => new Rig(CONFIG);
const orders = ({ log }: Rig): RouterAction["type"][] =>
  log.map(({ action }) => action.type).filter((type) => type !== "report" && type !== "notify");

function hearBoth(bench: Rig): void {
  for (const { name } of CONFIG.instances) bench.hear(100, { on: name });
}

test("one missed advertisement begins to load, and the next one heard stops it", () => {
  const bench = rig();
  hearBoth(bench);
  bench.log.length = 0;
  bench.pass(milliseconds(1_700));
  expect(orders(bench)).toEqual(["preload-state"]);
  hearBoth(bench);
  expect(orders(bench)).toEqual(["preload-state", "cancel-preload"]);
});

test("one member that still hears the Active router is no reason to load", () => {
  const bench = rig();
  hearBoth(bench);
  bench.log.length = 0;
  for (let second = 0; second < 3; second += 1) {
    bench.pass(seconds(1));
    bench.hear(100, { on: CONFIG.instances[0]!.name });
  }
  expect(orders(bench)).toEqual([]);
});

test("the claim goes out at once, and the addresses follow when the state is loaded", () => {
  const bench = rig();
  hearBoth(bench);
  bench.log.length = 0;
  bench.pass(milliseconds(3_620));
  expect(orders(bench)).toEqual(["preload-state", "advertise", "advertise", "load-state"]);
  bench.event({
    type: "state-loaded",
    unit: CONFIG.groups[0]!.name,
    took: milliseconds(15),
    detail: "100 flows",
  });
  expect(orders(bench).slice(4)).toEqual(["install", "announce"]);
  const { steps } = bench.transitions().at(-1)!;
  expect(steps.map(({ name }) => name)).toEqual(["detect", "claim", "load", "install", "announce"]);
  expect(steps[2]).toMatchObject({ took: milliseconds(15), detail: "100 flows" });
});

test("a state that does not come holds the addresses back for the configured time and no longer", () => {
  const bench = rig();
  bench.pass(milliseconds(3_620));
  expect(orders(bench)).not.toContain("install");
  bench.pass(milliseconds(1_990));
  expect(orders(bench)).toContain("install");
  expect(bench.remarks().map(({ code }) => code)).toContain("state-overdue");
});

test("who yields while the state is being loaded installs nothing, and gives the state back", () => {
  const bench = rig();
  bench.pass(milliseconds(3_620));
  bench.log.length = 0;
  bench.hear(200, { on: CONFIG.instances[0]!.name });
  bench.event({ type: "state-loaded", unit: CONFIG.groups[0]!.name, took: seconds(0), detail: "" });
  expect(orders(bench)).toEqual(["withdraw", "release-state"]);
});

test("without replication nothing is loaded and nothing waits", () => {
  const bench = new Rig(lanAndWan());
  bench.pass(milliseconds(3_620));
  expect(orders(bench)).toEqual(["advertise", "advertise", "install", "announce"]);
});
