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

  test("an election in UCI is not passed over in silence", () => {
    const files = {
      ...some(ALPHA, "network", "dhcp"),
      "etc/config/keepalived": "config vrrp_instance 'lan'\n  option interface 'lan'\n",
    };
    expect(places(files)).toEqual(["alpha/etc/config/keepalived:1:1 warning election-not-given"]);
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

describe("both routers' files", () => {
  test.each([
    [
      "a virtual address on one router only",
      KEEPALIVED,
      "    192.168.1.4/24\n",
      "    192.168.1.4/24\n    192.168.1.5/24\n",
      ["beta/etc/keepalived/keepalived.conf:15:5 error virtual-lists-differ"],
    ],
    [
      "another length",
      KEEPALIVED,
      "192.168.1.4/24",
      "192.168.1.4/25",
      ["beta/etc/keepalived/keepalived.conf:14:5 warning virtual-length-differs"],
    ],
    [
      "another VRID",
      KEEPALIVED,
      "virtual_router_id 51",
      "virtual_router_id 61",
      ["beta/etc/keepalived/keepalived.conf:10:3 error vrid-differs"],
    ],
    [
      "another interval",
      KEEPALIVED,
      "  nopreempt\n",
      "  nopreempt\n  advert_int 2\n",
      ["beta/etc/keepalived/keepalived.conf:13:3 error interval-differs"],
    ],
    [
      "another version",
      KEEPALIVED,
      "  nopreempt\n",
      "  nopreempt\n  version 3\n",
      ["beta/etc/keepalived/keepalived.conf:13:3 error version-differs"],
    ],
    [
      "authentication on one side",
      KEEPALIVED,
      "  nopreempt\n",
      "  nopreempt\n  authentication {\n    auth_type PASS\n    auth_pass s3cret\n  }\n",
      ["beta/etc/keepalived/keepalived.conf:13:3 error authentication-differs"],
    ],
    [
      "unicast on one side",
      KEEPALIVED,
      "  nopreempt\n",
      "  nopreempt\n  unicast_peer {\n    192.168.1.2\n  }\n",
      ["beta/etc/keepalived/keepalived.conf:13:3 error transport-differs"],
    ],
    [
      "preemption on one side",
      KEEPALIVED,
      "  nopreempt\n",
      "",
      ["beta/etc/keepalived/keepalived.conf:8:1 warning preempt-differs"],
    ],
    [
      "another route",
      KEEPALIVED,
      "metric 5",
      "metric 6",
      ["beta/etc/keepalived/keepalived.conf:25:3 warning routes-differ"],
    ],
    [
      "a link that leads elsewhere",
      CONNTRACKD,
      "IPv4_Destination_Address 10.255.0.1",
      "IPv4_Destination_Address 10.255.0.3",
      ["beta/etc/conntrackd/conntrackd.conf:6:5 error link-peer-differs"],
    ],
    [
      "another port",
      CONNTRACKD,
      "Port 3780",
      "Port 3781",
      [
        "beta/etc/config/firewall:14:3 error firewall-replication",
        "beta/etc/conntrackd/conntrackd.conf:4:3 error link-transport-differs",
      ],
    ],
    [
      "another mode",
      CONNTRACKD,
      "Mode FTFW",
      "Mode NOTRACK",
      ["beta/etc/conntrackd/conntrackd.conf:2:3 error replication-mode-differs"],
    ],
    [
      "another filter",
      CONNTRACKD,
      "    Address Ignore {",
      "    Protocol Accept {\n      TCP\n    }\n    Address Ignore {",
      ["beta/etc/conntrackd/conntrackd.conf:13:3 warning filter-differs"],
    ],
    [
      "the same own address",
      "network",
      "192.168.1.3",
      "192.168.1.2",
      ["beta/etc/config/network:4:3 error own-address-shared"],
    ],
    [
      "an address that only one of them advertises",
      KEEPALIVED,
      "    192.168.1.4/24\n  }\n",
      "    192.168.1.9/24\n  }\n  virtual_ipaddress_excluded {\n    192.168.1.4/24\n  }\n",
      [
        "beta/etc/keepalived/keepalived.conf:14:5 error virtual-lists-differ",
        "beta/etc/keepalived/keepalived.conf:17:5 error virtual-lists-differ",
      ],
    ],
    [
      "another pool",
      "config/dhcp",
      "option start '100'",
      "option start '120'",
      ["beta/etc/config/dhcp:3:3 warning dhcp-pool-differs"],
    ],
    [
      "a static lease that drifted",
      "config/dhcp",
      "192.168.1.30",
      "192.168.1.31",
      ["beta/etc/config/dhcp:8:1 warning dhcp-host-drift"],
    ],
    [
      "DHCP that is switched off on one side",
      "config/dhcp",
      "option force '1'",
      "option ignore '1'",
      ["alpha/etc/config/dhcp:1:1 warning dhcp-one-sided"],
    ],
    [
      "a rule on one side",
      "config/firewall",
      "config rule\n",
      "config rule\n  option src 'wan'\n  option proto 'icmp'\n  option target 'ACCEPT'\nconfig rule\n",
      ["beta/etc/config/firewall:20:1 warning firewall-drift"],
    ],
  ])("%s", (...[, name, from, to, expected]) => {
    expect(places(ALPHA, spoilt(BETA, name, [from, to]))).toEqual(expected);
  });

  test("another interval is a warning with VRRPv3", () => {
    const third = (files: Files, interval: string): Files =>
      spoilt(files, KEEPALIVED, [
        "  nopreempt\n",
        `  nopreempt\n  version 3\n  advert_int ${interval}\n`,
      ]);
    const codes = places(third(ALPHA, "1"), third(BETA, "0.5"));
    expect(codes).toEqual(["beta/etc/keepalived/keepalived.conf:14:3 warning interval-differs"]);
  });

  test("one priority for both without nopreempt", () => {
    const tie = (files: Files): Files =>
      spoilt(files, KEEPALIVED, ["  nopreempt\n", ""], ["  nopreempt\n", ""]);
    const beta = spoilt(tie(BETA), KEEPALIVED, ["priority 100", "priority 150"]);
    expect(places(tie(ALPHA), beta)).toEqual([
      "beta/etc/keepalived/keepalived.conf:11:3 warning priority-tie",
    ]);
  });

  test("both own the addresses", () => {
    const owner = (files: Files, priority: string): Files =>
      spoilt(files, KEEPALIVED, [priority, "priority 255"], ["  nopreempt\n", ""]);
    const codes = places(owner(ALPHA, "priority 150"), owner(BETA, "priority 100"));
    expect(codes).toEqual(["beta/etc/keepalived/keepalived.conf:11:3 error priority-owners"]);
  });

  test("weights that never move the role", () => {
    const weigh = (files: Files): Files =>
      spoilt(
        files,
        KEEPALIVED,
        ["  notify_master", "  track_interface {\n    eth5 weight 20\n  }\n  notify_master"],
        ["  nopreempt\n", ""],
        ["  nopreempt\n", ""],
      );
    expect(new Set(places(weigh(ALPHA), weigh(BETA)).map((text) => text.split(" ")[2]))).toEqual(
      new Set(["weight-no-effect"]),
    );
  });

  test("a unicast peer that is no address of the other router", () => {
    const unicast = (files: Files, peer: string): Files =>
      spoilt(files, KEEPALIVED, [
        "  nopreempt\n",
        `  nopreempt\n  unicast_peer {\n    ${peer}\n  }\n`,
      ]);
    expect(places(unicast(ALPHA, "192.168.1.3"), unicast(BETA, "192.168.1.2"))).toEqual([]);
    expect(places(unicast(ALPHA, "192.168.1.3"), unicast(BETA, "192.168.1.9"))).toEqual([
      "beta/etc/keepalived/keepalived.conf:14:5 error unicast-peer-unknown",
    ]);
  });

  test("groups with other members", () => {
    const alone = (files: Files): Files => spoilt(files, KEEPALIVED, ["    E1\n", ""]);
    expect(places(ALPHA, alone(BETA))).toEqual([
      "beta/etc/keepalived/keepalived.conf:16:1 warning group-absent",
      "beta/etc/keepalived/keepalived.conf:7:1 warning groups-differ",
    ]);
  });

  test("an instance that only one of them has", () => {
    const beta = spoilt(BETA, KEEPALIVED, [
      "vrrp_instance E1",
      "vrrp_instance X1 {\n  interface eth4\n  virtual_router_id 7\n  virtual_ipaddress {\n    192.0.2.4/24\n  }\n}\nvrrp_instance E1",
    ]);
    const grouped = spoilt(beta, KEEPALIVED, ["    E1\n", "    E1\n    X1\n"]);
    expect(places(ALPHA, grouped)).toContain(
      "beta/etc/keepalived/keepalived.conf:18:1 error instance-unmatched",
    );
  });

  test("the same conntrackd.conf on both", () => {
    const beta = {
      ...BETA,
      "etc/conntrackd/conntrackd.conf": ALPHA["etc/conntrackd/conntrackd.conf"] ?? "",
    };
    expect(places(ALPHA, beta)).toContain(
      "beta/etc/conntrackd/conntrackd.conf:4:3 error link-same-address",
    );
  });

  test("replication on one router", () => {
    const { "etc/conntrackd/conntrackd.conf": _, ...beta } = BETA;
    expect(places(ALPHA, beta)).toEqual([
      "alpha/etc/conntrackd/conntrackd.conf:1:1 warning replication-one-sided",
    ]);
  });

  test("rules that name each other's addresses are alike", () => {
    const alpha = some(ALPHA, "firewall", "network");
    expect(places(alpha, some(BETA, "firewall", "network"))).toEqual([]);
  });
});
