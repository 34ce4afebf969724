import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { isPairFile, recogniseConfiguration } from "../../../src/check/recognition.ts";

const conf = (name: string): string =>
  readFileSync(path.join(import.meta.dirname, "../config", name), "utf8");

test("the configurations of the how-to are told apart", () => {
  expect(recogniseConfiguration(conf("how-to.conf"))).toBe("keepalived");
  expect(recogniseConfiguration(conf("conntrackd/how-to.conf"))).toBe("conntrackd");
});

test.each([
  ["Sync {", "conntrackd"],
  ["Sync{ Mode FTFW { } }", "conntrackd"],
  ["General # all the rest\n{", "conntrackd"],
  ["# vrrp_instance X {\n\nStats\n{\n}", "conntrackd"],
  ["sync {", "conntrackd"],
  ["vrrp_instance I1 {\n sync {", "keepalived"],
  ["include other.conf\nSync {", "keepalived"],
  ["@alpha vrrp_sync_group G {", "keepalived"],
  ["Synchronous {", "keepalived"],
  ["", "keepalived"],
])("%j is for %s", (text, kind) => {
  expect(recogniseConfiguration(text)).toBe(kind);
});

test.each([
  ["/etc/duet/duet.yaml", "", true],
  ["home.yml", "vrrp_instance I1 {", true],
  ["some.conf", "# the pair\npair: home\n", true],
  ["some.conf", "networks:\n  lan: {}\n", true],
  ["keepalived.conf", "vrrp_instance I1 {\n  track_interface {\n", false],
  ["conntrackd.conf", "Sync {\n  pair: 1\n", false],
  ["network", "config interface 'lan'\n", false],
])("%s with %j is a pair's file: %s", (file, text, expected) => {
  expect(isPairFile(file, text)).toBe(expected);
});
