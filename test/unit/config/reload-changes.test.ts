import { expect, test } from "vitest";
import { describeReload } from "../../../src/config/reload-changes.ts";
import { modelOf } from "../../support/keepalived-files.ts";

const instance = (name: string, vrid: number, more: string): string =>
  `vrrp_instance ${name} {\n interface eth0\n virtual_router_id ${vrid}\n ${more}\n}\n`;
const BASE = instance("A", 1, "priority 100\n virtual_ipaddress { 192.0.2.1/24 }");

test("a comment, or another place in the file, is no change", () => {
  expect(describeReload(modelOf(BASE), modelOf(`# moved\n\n${BASE}`))).toEqual([]);
});

test("names what was changed about an instance, under its new name", () => {
  const after = instance("B", 1, "priority 90\n nopreempt\n virtual_ipaddress { 192.0.2.2/24 }");
  expect(describeReload(modelOf(BASE), modelOf(after))).toEqual([
    "instance A is now called B",
    "B: priority 100 -> 90",
    "B: address 192.0.2.1/24 dev eth0 removed",
    "B: address 192.0.2.2/24 dev eth0 added",
    "B: preempt changed",
  ]);
});

test("names instances that come and go", () => {
  const after = instance("C", 2, "virtual_ipaddress { 192.0.2.3/24 }");
  const lines = describeReload(modelOf(BASE), modelOf(after));
  expect(lines.slice(0, 2)).toEqual(["instance A removed", "instance C added"]);
});
