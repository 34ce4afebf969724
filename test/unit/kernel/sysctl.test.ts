import { expect, test } from "vitest";
import { readSysctl, writeSysctl } from "../../../src/kernel/sysctl.ts";

test("reads a kernel parameter without its line end", () => {
  expect(readSysctl("kernel/ostype")).toBe("Linux");
});

test("says which parameter does not exist or does not take the value", () => {
  expect(() => readSysctl("net/ipv4/conf/eth9.2/forwarding")).toThrow(
    "read sysctl net/ipv4/conf/eth9.2/forwarding: ENOENT: no such file or directory",
  );
  expect(() => {
    writeSysctl("net/ipv4/conf/eth9.2/forwarding", 1);
  }).toThrow("write sysctl net/ipv4/conf/eth9.2/forwarding = 1: ENOENT");
});

test("refuses a path that leaves /proc/sys", () => {
  expect(() => readSysctl("../version")).toThrow(TypeError);
  expect(() => readSysctl("/etc/passwd")).toThrow(TypeError);
});
