/** What the schema takes and refuses. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { loadPairText } from "../../../support/pair-files.ts";
import { schemaFaults } from "../../../support/pair-validation.ts";

const EXAMPLES = path.join(import.meta.dirname, "../../../../examples");
const files = readdirSync(EXAMPLES, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith("duet.yaml"),
);
const read = (name: string): string => readFileSync(path.join(EXAMPLES, name), "utf8");
const HOME = read("home/duet.yaml");

test("there are examples", () => {
  expect(files).toEqual(expect.arrayContaining(["home/duet.yaml", "three-networks/duet.yaml"]));
});

test.each(files)("examples/%s is without findings, for the reader and for the schema", (name) => {
  expect(loadPairText(read(name)).diagnostics).toEqual([]);
  expect(schemaFaults(read(name))).toEqual([]);
});

test("the example with three networks fits on one screen", () => {
  const lines = read("three-networks/duet.yaml").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(40);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
});

test.each([
  ["an unknown key of the file", `${HOME}track-all: true\n`],
  ["an unknown key of a network", HOME.replace("dhcp: true", "dhpc: true")],
  ["an unknown key of a section", `${HOME}vrrp: { prempt: true }\n`],
  ["one router", HOME.replace(/^ {2}beta.*$/m, "")],
  ["a missing key", HOME.replace("pair: home", "")],
  ["a number without its unit", `${HOME}fencing: 2\n`],
  ["a number out of its range", `${HOME}vrrp: { version: 4 }\n`],
  ["a text instead of true", HOME.replace("dhcp: true", "dhcp: yes")],
  ["an address without its length", HOME.replace("192.168.1.4/24", "192.168.1.4")],
  ["a name that is none", HOME.replaceAll("alpha", "2-alpha")],
  ["an interface name that is too long", HOME.replace("br-lan", "an-interface-name")],
])("%s is refused by the schema and by the reader", (_, text) => {
  expect(schemaFaults(text)).not.toEqual([]);
  expect(loadPairText(text).pair).toBeUndefined();
});
