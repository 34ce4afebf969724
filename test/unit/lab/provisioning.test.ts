import { describe, expect, test } from "vitest";
import {
  cabling,
  configuration,
  creation,
  inNamespace,
  settings,
} from "../../../src/lab/provisioning.ts";
import { planLab } from "../../../src/lab/topology.ts";

const plan = planLab("t");
const namespaceOf = (role: string) => plan.namespaces.find((namespace) => namespace.role === role)!;

test("a command inside a namespace is run by ip netns exec", () => {
  const words = inNamespace("duet-t-alpha", ["ping", "::1"]);
  expect(words.join(" ")).toBe("ip netns exec duet-t-alpha ping ::1");
});

test("creation names every namespace", () => {
  expect(creation(plan).argv).toEqual(["ip", "-batch", "-"]);
  expect(creation(plan).input?.split("\n").toSorted()).toEqual([
    "",
    "netns add duet-t-alpha",
    "netns add duet-t-beta",
    "netns add duet-t-client",
    "netns add duet-t-lansw",
    "netns add duet-t-upstream",
    "netns add duet-t-wansw",
  ]);
});

describe("cabling", () => {
  const lines = cabling(plan).input!.trim().split("\n");

  test("is one veth pair per cable, with each end in its namespace", () => {
    expect(lines).toHaveLength(plan.cables.length);
    expect(lines[0]).toBe(
      "link add name eth0 index 100 address 02:d0:e7:01:00:64 netns duet-t-client " +
        "type veth peer name client index 101 netns duet-t-lansw",
    );
  });

  test("gives no two interfaces the same index", () => {
    const indexes = lines.flatMap((line) => [...line.matchAll(/index (\d+)/g)].map(([, n]) => n));
    expect(indexes).toHaveLength(2 * plan.cables.length);
    expect(new Set(indexes).size).toBe(indexes.length);
  });

  test("refuses a cable into a namespace that is not planned", () => {
    const namespaces = plan.namespaces.filter(({ role }) => role !== "upstream");
    expect(() => cabling({ ...plan, namespaces })).toThrow("no namespace for upstream");
  });
});

describe("configuration", () => {
  test("of a router bridges its LAN, brings interfaces up, adds addresses, then loads rules", () => {
    const { argv, input } = configuration(plan, namespaceOf("alpha"));
    expect(argv).toEqual(inNamespace("duet-t-alpha", ["sh", "-eu"]));
    const order = [
      "link add br-lan address 02:d0:e7:01:00:02 type bridge",
      "link set lan1 master br-lan",
      "link set eth0.2 up",
      "link set br-lan up",
      "address add 192.168.1.2/24 dev br-lan",
      "test ! -d /proc/sys/net/ipv6 || ip -batch -",
      "address add fd0d:e7:1::2/64 dev br-lan nodad",
      "nft -f -",
      "nf_conntrack_tcp_be_liberal",
    ].map((text) => input!.indexOf(text));
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("of the client routes through the virtual addresses", () => {
    const { input } = configuration(plan, namespaceOf("client"));
    expect(input).toContain("route add 0.0.0.0/0 via 192.168.1.4\n");
    expect(input).toContain("route add ::/0 via fd0d:e7:1::4\n");
    expect(input).not.toContain("nft");
  });
});

describe("settings", () => {
  const script = settings(namespaceOf("beta")).input!;

  test("what a router cannot do without fails loudly", () => {
    expect(script).toContain("\necho 1 > /proc/sys/net/ipv4/ip_forward\n");
  });

  test("what a kernel may lack is skipped where it is missing", () => {
    expect(script).toContain("test ! -w /proc/sys/net/ipv6/conf/all/accept_dad || echo 0 >");
  });
});
