import { describe, expect, test } from "vitest";
import { formatPrefix, ipFamily, prefixContains } from "../../../src/base/ip.ts";
import {
  isLabName,
  namespaceName,
  otherRouter,
  planLab,
  ROLES,
  ROUTER_INTERFACES,
  ROUTER_MACS,
  routerOfMac,
  VIRTUAL_ADDRESSES,
} from "../../../src/lab/topology.ts";

const plan = planLab("t");
const namespaceOf = (role: string) => plan.namespaces.find((namespace) => namespace.role === role)!;

describe("planLab", () => {
  test("plans one namespace per role, named after lab and role", () => {
    expect(plan.namespaces.map(({ role }) => role).toSorted()).toEqual([...ROLES].toSorted());
    expect(namespaceOf("alpha").name).toBe("duet-t-alpha");
    expect(namespaceName("t", "lansw")).toBe("duet-t-lansw");
  });

  test("gives both routers the how-to's interface names and addresses", () => {
    for (const [router, host] of [
      ["alpha", 2],
      ["beta", 3],
    ] as const) {
      const addresses = namespaceOf(router).addresses.map(
        ({ interface: name, prefix }) => `${name} ${formatPrefix(prefix)}`,
      );
      expect(addresses).toContain(`br-lan 192.168.1.${host}/24`);
      expect(addresses).toContain(`eth0.2 192.168.0.${host}/24`);
    }
  });

  test("gives nobody a virtual address: that is the daemons' work", () => {
    const addresses = plan.namespaces.flatMap((namespace) => namespace.addresses);
    for (const { prefix } of addresses)
      expect(Object.values(VIRTUAL_ADDRESSES)).not.toContain(prefix.address);
  });

  test("uses every address once", () => {
    const addresses = plan.namespaces
      .flatMap((namespace) => namespace.addresses)
      .map(({ prefix }) => prefix.address);
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  test("lets every next hop be reached on a connected network", () => {
    for (const { addresses, routes } of plan.namespaces)
      for (const { via } of routes)
        expect(addresses.some(({ prefix }) => prefixContains(prefix, via))).toBe(true);
  });

  test("keeps the upstream ignorant of the LAN, so that answers prove translation", () => {
    const { routes } = namespaceOf("upstream");
    expect(routes.filter(({ destination }) => ipFamily(destination.address) === 4)).toEqual([]);
  });

  test("plugs every bridge port into a cable", () => {
    for (const { role, bridges } of plan.namespaces) {
      const ends = plan.cables.flat().filter((end) => end.role === role);
      const plugged = ends.map((end) => end.interface);
      for (const port of bridges.flatMap(({ ports }) => ports)) expect(plugged).toContain(port);
    }
  });

  test("keeps interface names within the kernel's 15 characters and unique in a namespace", () => {
    for (const role of ROLES) {
      const names = [
        ...plan.cables
          .flat()
          .filter((end) => end.role === role)
          .map((end) => end.interface),
        ...namespaceOf(role).bridges.map(({ name }) => name),
      ];
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name.length).toBeLessThanOrEqual(15);
    }
  });

  test("never tracks VRRP and translates to the WAN's virtual address", () => {
    const { ruleset } = namespaceOf("beta");
    expect(ruleset).toContain("ip protocol { 112, 51 } notrack");
    expect(ruleset).toContain(
      `ip saddr 192.168.1.0/24 oifname "${ROUTER_INTERFACES.wan}" snat to 192.168.0.4`,
    );
  });
});

describe("names", () => {
  test.each(["home", "a", "drill-2", "x".repeat(24)])("%s is a lab name", (name) => {
    expect(isLabName(name)).toBe(true);
  });

  test.each(["", "-a", "A", "a b", "../x", "x".repeat(25), "a_b"])("%j is not", (name) => {
    expect(isLabName(name)).toBe(false);
    expect(() => planLab(name)).toThrow("not a lab name");
  });

  test("a router is known by its hardware address on either side", () => {
    expect(routerOfMac(ROUTER_MACS.alpha.lan)).toBe("alpha");
    expect(routerOfMac(ROUTER_MACS.beta.wan)).toBe("beta");
    expect(routerOfMac("02:00:00:00:00:01" as never)).toBeUndefined();
    expect(otherRouter("alpha")).toBe("beta");
    expect(otherRouter("beta")).toBe("alpha");
  });
});
