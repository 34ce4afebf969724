import { describe, expect, test } from "vitest";
import {
  ALPHA,
  BETA,
  type Files,
  findInSite,
  placesOf,
  some,
  spoilt,
} from "../../support/check-site.ts";

const KEEPALIVED = "keepalived/keepalived.conf";
const CONNTRACKD = "conntrackd.conf";

const places = (alpha: Files, beta?: Files): readonly string[] => placesOf(findInSite(alpha, beta));

test("a pair whose files agree has no finding", () => {
  expect(findInSite(ALPHA, BETA)).toEqual({ read: [], found: [] });
});

test("one router of it alone has none, either", () => {
  expect(findInSite(BETA)).toEqual({ read: [], found: [] });
});

test("every finding says why it matters and what to do", () => {
  const beta = spoilt(BETA, KEEPALIVED, ["192.168.1.4", "192.168.1.5"]);
  const { found } = findInSite(ALPHA, beta);
  expect(found.length).toBeGreaterThan(0);
  for (const { why, fix, message } of found) {
    expect(why).toMatch(/\.$/);
    expect(fix).not.toBe("");
    expect(message).not.toMatch(/undefined|\[object/);
  }
});

describe("one router's files", () => {
  const tell = (name: string, from: string, to: string): readonly string[] =>
    places(spoilt(ALPHA, name, [from, to]));

  test("a virtual address outside the network of its interface", () => {
    expect(tell(KEEPALIVED, "192.168.1.4/24", "10.9.8.4/24")[0]).toBe(
      "alpha/etc/keepalived/keepalived.conf:14:5 error virtual-outside-subnet",
    );
  });

  test("a virtual address in a network of its own that has the gateway is meant so", () => {
    const files = spoilt(
      some(ALPHA, KEEPALIVED, "network", "primary.sh"),
      KEEPALIVED,
      ["192.168.0.4/24", "203.0.113.4/29"],
      ["src 192.168.0.4", "src 203.0.113.4"],
      ["via 192.168.0.1", "via 203.0.113.1"],
    );
    expect(places(files)).toEqual([]);
  });

  test.each([
    [
      "a virtual address that is the router's own",
      "network",
      "192.168.1.2",
      "192.168.1.4",
      ["alpha/etc/keepalived/keepalived.conf:14:5 error virtual-is-own"],
    ],
    [
      "a route whose source is no virtual address",
      KEEPALIVED,
      "src 192.168.0.4",
      "src 192.168.0.5",
      ["alpha/etc/keepalived/keepalived.conf:26:9 error route-source"],
    ],
    [
      "instances that are not in one group",
      KEEPALIVED,
      "    E1\n",
      "",
      ["alpha/etc/keepalived/keepalived.conf:16:1 warning group-absent"],
    ],
    [
      "a notify script that commits nothing",
      "primary.sh",
      "conntrackd -c",
      "logger primary",
      ["alpha/etc/keepalived/keepalived.conf:1:1 warning state-never-committed"],
    ],
    [
      "no notify script at all",
      KEEPALIVED,
      '  notify_master "/etc/keepalived/primary.sh primary"\n',
      "",
      ["alpha/etc/keepalived/keepalived.conf:1:1 warning state-never-committed"],
    ],
    [
      "a dedicated link with hosts on it",
      CONNTRACKD,
      "Interface eth3",
      "Interface br-lan",
      ["alpha/etc/conntrackd/conntrackd.conf:8:5 warning link-shared"],
    ],
    [
      "own addresses that are replicated",
      CONNTRACKD,
      "      IPv4_address 10.255.0.0/30\n",
      "",
      ["alpha/etc/conntrackd/conntrackd.conf:14:5 warning own-flows-replicated"],
    ],
    [
      "a table that is smaller than the kernel's",
      CONNTRACKD,
      "HashLimit 131072",
      "HashLimit 32768",
      ["alpha/etc/conntrackd/conntrackd.conf:12:3 warning hash-limit-low"],
    ],
    [
      "a gateway that is not the virtual address",
      "config/dhcp",
      "'3,192.168.1.4'",
      "'3,192.168.1.2'",
      ["alpha/etc/config/dhcp:6:3 error dhcp-option-not-virtual"],
    ],
    [
      "a name server that is not the virtual address",
      "config/dhcp",
      "'6,192.168.1.4'",
      "'6,192.168.1.2'",
      ["alpha/etc/config/dhcp:7:3 error dhcp-option-not-virtual"],
    ],
    ["a name server elsewhere is meant so", "config/dhcp", "'6,192.168.1.4'", "'6,192.0.2.53'", []],
    [
      "no option 3",
      "config/dhcp",
      "  list dhcp_option '3,192.168.1.4'\n",
      "",
      ["alpha/etc/config/dhcp:1:1 error dhcp-option-missing"],
    ],
    [
      "no force",
      "config/dhcp",
      "  option force '1'\n",
      "",
      ["alpha/etc/config/dhcp:1:1 warning dhcp-force-missing"],
    ],
    [
      "a pool over the routers' addresses",
      "config/dhcp",
      "option start '100'",
      "option start '2'",
      ["alpha/etc/config/dhcp:3:3 error dhcp-pool-covers"],
    ],
    [
      "two static leases of one address",
      "config/dhcp",
      "config host\n",
      "config host\n  option name 'scanner'\n  option mac '02:00:00:00:00:02'\n  option ip '192.168.1.30'\nconfig host\n",
      ["alpha/etc/config/dhcp:12:1 error dhcp-host-duplicate"],
    ],
    [
      "masquerading on the WAN side",
      "config/firewall",
      "config nat\n  option src 'wan'\n  option proto 'all'\n  option target 'SNAT'\n  option snat_ip '192.168.0.4'\n",
      "config nat\n  option src 'wan'\n  option target 'MASQUERADE'\n",
      ["alpha/etc/config/firewall:17:3 error masquerade-own-address"],
    ],
    [
      "translation to the router's own address",
      "config/firewall",
      "snat_ip '192.168.0.4'",
      "snat_ip '192.168.0.2'",
      ["alpha/etc/config/firewall:19:3 error reply-address-lost"],
    ],
    [
      "a firewall that refuses advertisements",
      "config/firewall",
      "option proto '112'",
      "option proto 'icmp'",
      ["alpha/etc/config/firewall:10:3 error firewall-vrrp"],
    ],
    [
      "a firewall that refuses replication",
      "config/firewall",
      "option dest_port '3780'",
      "option dest_port '3781'",
      ["alpha/etc/config/firewall:14:3 error firewall-replication"],
    ],
    [
      "a file that an upgrade loses",
      "sysupgrade.conf",
      "/etc/conntrackd/\n",
      "",
      ["alpha/etc/sysupgrade.conf:1:1 warning sysupgrade-missing"],
    ],
    [
      "a keepalived that starts from UCI",
      "config/keepalived",
      "option alt_config_file",
      "option other",
      ["alpha/etc/config/keepalived:1:1 error keepalived-conf-unused"],
    ],
    [
      "a comment about another virtual address",
      "config/dhcp",
      "config dhcp 'lan'\n",
      "# the VIP is 192.168.0.4\nconfig dhcp 'lan'\n",
      ["alpha/etc/config/dhcp:1:14 warning comment-address"],
    ],
  ])("%s", (...[, name, from, to, expected]) => {
    expect(tell(name, from, to)).toEqual(expected);
  });

  test("two interfaces in one network with one VRID", () => {
    const files = spoilt(
      some(ALPHA, KEEPALIVED, "primary.sh", "network"),
      KEEPALIVED,
      ["virtual_router_id 52", "virtual_router_id 51"],
      ["192.168.0.4/24\n", "192.168.1.5/24\n"],
      ["    src 192.168.0.4 to 0.0.0.0/0 via 192.168.0.1 dev eth0.2 metric 5\n", ""],
    );
    const bridged = spoilt(files, "network", ["192.168.0.2/24", "192.168.1.6/24"]);
    expect(places(bridged)).toEqual([
      "alpha/etc/keepalived/keepalived.conf:19:3 error vrid-segment",
    ]);
  });

  test("without the network file nothing is said about subnets", () => {
    const files = spoilt(some(ALPHA, KEEPALIVED, "primary.sh"), KEEPALIVED, [
      "192.168.1.4/24",
      "10.9.8.4/24",
    ]);
    expect(places(files)).toEqual([]);
  });

  const NFT = `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    icmp type echo-request accept
    iifname { "br-lan", "eth0.2" } meta l4proto vrrp accept
    iifname "eth3" ip saddr 10.255.0.2 udp dport 3780 accept
  }
}
`;
  const nftables = (text: string): readonly string[] =>
    places({
      ...some(ALPHA, KEEPALIVED, CONNTRACKD, "primary.sh", "network"),
      "etc/nftables.conf": text,
    });

  test.each([
    ["an nftables script that lets everything in that it should", "", "", []],
    [
      "one that forgets VRRP on an interface",
      ', "eth0.2"',
      "",
      ["alpha/etc/nftables.conf:3:5 error firewall-vrrp"],
    ],
    [
      "one that opens another port",
      "3780",
      "3781-3790",
      ["alpha/etc/nftables.conf:3:5 error firewall-replication"],
    ],
    ["one that accepts by policy", "policy drop", "policy accept", []],
    ["one that leads to another chain is not judged", "    icmp", "    jump more\n    icmp", []],
    [
      "one that masquerades",
      "}\n}\n",
      '}\nchain out {\n  type nat hook postrouting priority srcnat;\n  oifname "eth0.2" masquerade\n}\n}\n',
      ["alpha/etc/nftables.conf:12:20 error masquerade-own-address"],
    ],
    [
      "one that translates to the virtual address",
      "}\n}\n",
      '}\nchain out {\n  type nat hook postrouting priority srcnat;\n  oifname "eth0.2" snat ip to 192.168.0.4\n}\n}\n',
      [],
    ],
  ])("%s", (_, from, to, expected) => {
    expect(nftables(NFT.replace(from, () => to))).toEqual(expected);
  });

  const DNSMASQ = `dhcp-range=set:lan,192.168.1.100,192.168.1.200,12h
dhcp-option=tag:lan,option:router,192.168.1.4
dhcp-option=tag:lan,6,192.168.1.4
dhcp-host=02:00:00:00:00:01,printer,192.168.1.30
`;

  test.each([
    ["a dnsmasq.conf that names the virtual address", "", "", []],
    [
      "one that names another gateway",
      "router,192.168.1.4",
      "router,192.168.1.1",
      ["alpha/etc/dnsmasq.conf:2:1 error dhcp-option-not-virtual"],
    ],
    [
      "one without a name server",
      "dhcp-option=tag:lan,6,192.168.1.4\n",
      "",
      ["alpha/etc/dnsmasq.conf:1:1 error dhcp-option-missing"],
    ],
    [
      "one whose pool has the virtual address",
      "192.168.1.100",
      "192.168.1.4",
      ["alpha/etc/dnsmasq.conf:1:1 error dhcp-pool-covers"],
    ],
    [
      "one with a host twice",
      "dhcp-host=",
      "dhcp-host=02:00:00:00:00:01,scanner,192.168.1.31\ndhcp-host=",
      ["alpha/etc/dnsmasq.conf:5:1 error dhcp-host-duplicate"],
    ],
    [
      "a host in two networks is one in each",
      "dhcp-host=",
      "dhcp-host=02:00:00:00:00:01,printer,192.168.0.31\ndhcp-host=",
      [],
    ],
  ])("%s", (_, from, to, expected) => {
    const files = {
      ...some(ALPHA, KEEPALIVED, "primary.sh", "network"),
      "etc/dnsmasq.conf": DNSMASQ.replace(from, () => to),
    };
    expect(places(files)).toEqual(expected);
  });

  test("one broken file does not keep the others from being checked", () => {
    const broken = spoilt(ALPHA, KEEPALIVED, ["priority 150", "priority 999"]);
    const files = spoilt(broken, CONNTRACKD, ["HashLimit 131072", "HashLimit 32768"]);
    const found = findInSite(files);
    expect(found.read).toEqual(["alpha/etc/keepalived/keepalived.conf:11 number-range"]);
    expect(placesOf(found)).toContain(
      "alpha/etc/conntrackd/conntrackd.conf:12:3 warning hash-limit-low",
    );
  });
});
