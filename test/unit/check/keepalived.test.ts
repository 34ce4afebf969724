import { expect, test } from "vitest";
import { checkKeepalived } from "../../../src/check/keepalived.ts";
import { codesOf, instanceText, loadText } from "../../support/keepalived-files.ts";

const GROUP = "vrrp_sync_group G { group { V W } }\n";
const W = { vrid: 6, interface: "eth1" };
const other = (lines: string): string =>
  instanceText(`virtual_ipaddress { 192.0.2.2 }\n${lines}`, "W", W);

test("a file without an instance is told at its beginning", () => {
  expect(checkKeepalived(loadText("global_defs {\n}\n"))).toMatchObject([
    { code: "instance-none", severity: "warning", at: { line: 1, column: 1 } },
  ]);
});

test.each([
  [
    "a PASS password is said to be clear text",
    instanceText("authentication {\nauth_type PASS\nauth_pass x\n}"),
    "clear-text-password",
  ],
  [
    "an address of two instances is found",
    instanceText() + instanceText("", "W", W),
    "address-shared",
  ],
  [
    "different priorities in a group are found",
    `${GROUP}${instanceText("priority 50")}${other("priority 60")}`,
    "group-priority",
  ],
  [
    "different intervals in a group are found",
    `${GROUP}${instanceText("advert_int 2")}${other("")}`,
    "group-interval",
  ],
  [
    "different preemption in a group is found",
    `${GROUP}${instanceText("nopreempt")}${other("")}`,
    "group-preempt",
  ],
])("%s", (_, text, code) => {
  expect(codesOf(checkKeepalived(loadText(text)))).toEqual([`warning ${code}`]);
});

test("a pair of equal members without a password gives no finding", () => {
  expect(checkKeepalived(loadText(GROUP + instanceText() + other("")))).toEqual([]);
});

test("a file with errors is not checked further", () => {
  const text = instanceText("priority 300\nauthentication {\nauth_type PASS\nauth_pass x\n}");
  expect(checkKeepalived(loadText(text))).toEqual([]);
});

test("a finding about a group points at the group", () => {
  const text = `\n\n${GROUP}${instanceText("priority 50")}${other("priority 60")}`;
  expect(checkKeepalived(loadText(text))[0]?.at.line).toBe(3);
});
