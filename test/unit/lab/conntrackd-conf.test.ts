import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { conntrackdConf } from "../../../src/lab/conntrackd-conf.ts";
import { HOW_TO_CONNTRACKD_FILE } from "../../../src/lab/demo.ts";

const howTo = readFileSync(HOW_TO_CONNTRACKD_FILE, "utf8");
const linesOf = (text: string): string[] => text.split("\n").map((line) => line.trim());

test("beta gets the two ends of the link the other way round", () => {
  const lines = linesOf(conntrackdConf(howTo, "beta", "/lab/beta"));
  expect(lines).toContain("IPv4_Destination_Address 10.255.0.1");
  expect(lines).toContain("IPv4_address 10.255.0.2");
});

test("alpha differs only in the files that it does not share", () => {
  const changed = linesOf(conntrackdConf(howTo, "alpha", "/lab/alpha"));
  const before = linesOf(howTo);
  expect(changed.filter((line, index) => line !== before[index])).toEqual([
    "LogFile /lab/alpha/conntrackd.log",
    "Syslog off",
    "LockFile /lab/alpha/conntrackd.lock",
    "Path /lab/alpha/conntrackd.ctl",
  ]);
});

test("addresses of a filter stay as they are", () => {
  expect(linesOf(conntrackdConf(howTo, "beta", "/lab/beta"))).toContain(
    "IPv4_address 127.0.0.1 # loopback",
  );
});
