import { expect, test } from "vitest";
import { planReload } from "../../../src/config/plan.ts";
import { instanceText, modelOf } from "../../support/keepalived-files.ts";

const plan = (before: string, after: string): ReturnType<typeof planReload> =>
  planReload(modelOf(before), modelOf(after));

const EMPTY = { kept: [], added: [], removed: [] };

test("a file that did not change changes nothing", () => {
  const text = instanceText("notify /bin/true");
  const { instances, ...rest } = plan(text, `# a comment that moves everything\n${text}`);
  expect(instances).toMatchObject({ kept: [{ changed: false }], added: [], removed: [] });
  expect(rest).toEqual({
    groups: EMPTY,
    trackers: EMPTY,
    notificationChanged: false,
    staticsChanged: false,
    settingsChanged: false,
  });
});

test("an instance under another name is the same one", () => {
  const { instances } = plan(instanceText(), instanceText("", "W"));
  expect(instances).toMatchObject({
    kept: [{ before: { name: "V" }, after: { name: "W" }, changed: true }],
    added: [],
    removed: [],
  });
});

test.each([
  ["VRID", instanceText("", "V", { vrid: 6, interface: "eth0" })],
  ["interface", instanceText("", "V", { vrid: 5, interface: "eth1" })],
  ["family", instanceText("virtual_ipaddress { fe80::1 }")],
  ["transport", instanceText("unicast_peer { 192.0.2.9 }")],
])("an instance with another %s is another one", (_, after) => {
  const { instances } = plan(instanceText(), after);
  expect([instances.kept.length, instances.added.length, instances.removed.length]).toEqual([
    0, 1, 1,
  ]);
});

test("groups and trackers are kept by name", () => {
  const text = (members: string, interval: number): string =>
    `vrrp_sync_group G { group { ${members} } }\nvrrp_script s {\nscript /bin/x\ninterval ${interval}\n}\n${instanceText("track_script {\ns\n}")}${instanceText("", "W", { vrid: 6, interface: "eth0" })}`;
  const { groups, trackers } = plan(text("V W", 1), text("W V", 2));
  expect(groups.kept).toMatchObject([{ after: { name: "G" }, changed: true }]);
  expect(trackers.kept).toMatchObject([{ after: { name: "s" }, changed: true }]);
});

test("what stands outside instances is told apart", () => {
  const before = instanceText();
  expect(plan(before, instanceText("notify /bin/true")).notificationChanged).toBe(true);
  expect(plan(before, `${before}static_routes {\ndefault dev eth0\n}`).staticsChanged).toBe(true);
  expect(plan(before, `${before}global_defs {\nvrrp_startup_delay 1\n}`).settingsChanged).toBe(
    true,
  );
});
