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
      "a tracked interface on one side",
      KEEPALIVED,
      "  nopreempt\n",
      "  nopreempt\n  track_interface {\n    eth5\n  }\n",
      ["beta/etc/keepalived/keepalived.conf:13:3 warning tracking-differs"],
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
