import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SyscallError } from "../../src/kernel/errno.ts";
import {
  enterNetworkNamespace,
  unshareNetworkNamespace,
  withNetworkNamespace,
} from "../../src/kernel/namespace.ts";
import { RouteNetlink } from "../../src/kernel/route-netlink.ts";
import { readSysctl, writeSysctl } from "../../src/kernel/sysctl.ts";
import { isRoot, type TestNamespace, TestNet } from "../support/netns.ts";

const here = (): string => readlinkSync("/proc/thread-self/ns/net");

describe.skipIf(!isRoot)("network namespaces", () => {
  let net: TestNet;
  let other: TestNamespace;

  beforeAll(() => {
    net = new TestNet();
    other = net.namespace("other");
    other.ip("link add br7 type bridge");
  });
  afterAll(() => {
    net.close();
  });

  test("a socket that is opened inside stays inside, and the thread comes back", () => {
    const home = here();
    const netlink = withNetworkNamespace(other.path, () => RouteNetlink.open());
    expect(here()).toBe(home);
    expect(netlink.indexOf("br7")).toBe(other.indexOf("br7"));
    netlink.close();
  });

  test("the thread comes back after a failure, too", () => {
    const home = here();
    expect(() =>
      withNetworkNamespace(other.path, () => {
        throw new RangeError("no");
      }),
    ).toThrow(RangeError);
    expect(here()).toBe(home);
  });

  test("a thread moves to a new namespace, and to one by its path", () => {
    const home = here();
    withNetworkNamespace(other.path, () => {
      unshareNetworkNamespace();
      expect(here()).not.toBe(home);
      const netlink = RouteNetlink.open();
      expect(netlink.links().map(({ name }) => name)).toEqual(["lo"]);
      netlink.close();
      enterNetworkNamespace(other.path);
      expect(readFileSync("/proc/thread-self/net/dev", "latin1")).toContain("br7:");
    });
    expect(here()).toBe(home);
  });

  test("what is no namespace is refused", () => {
    expect(() => withNetworkNamespace("/dev/null", () => 0)).toThrow(SyscallError);
  });

  test("kernel parameters are those of the thread's namespace", () => {
    withNetworkNamespace(other.path, () => {
      writeSysctl("net/ipv4/conf/br7/accept_local", 1);
      expect(readSysctl("net/ipv4/conf/br7/accept_local")).toBe("1");
      expect(() => {
        writeSysctl("net/ipv4/conf/br7/accept_local", "much");
      }).toThrow("write sysctl net/ipv4/conf/br7/accept_local = much: EINVAL: invalid argument");
    });
  });

  test("namespaces of a test run that was killed are removed by the next one", async () => {
    const child = spawn("true");
    await once(child, "exit");
    const stale = `duet-t${child.pid}-stale`;
    execFileSync("ip", ["netns", "add", stale]);
    new TestNet().close();
    expect(readdirSync(path.dirname(other.path))).not.toContain(stale);
    expect(readdirSync(path.dirname(other.path))).toContain(other.name);
  });
});
