/** Elections that are written in OpenWrt's own words are compared and checked like those of keepalived.conf. */
import { describe, expect, test } from "vitest";
import { ELECTION_ENTRIES } from "../../../src/check/catalogue/election.ts";
import { renderUciFiles } from "../../../src/render/uci-files.ts";
import { ALPHA, BETA, type Files, findInSite, placesOf, spoilt } from "../../support/check-site.ts";
import { APART, HOME, OFFICE } from "../../support/rendered-pairs.ts";

const UCI = "config/keepalived";

const written = (priority: number): string => `config globals 'globals'
  option enabled '1'
config ipaddress
  option name 'lan_vip'
  option address '192.168.1.4/24'
config ipaddress
  option name 'wan_vip'
  option address '192.168.0.4/24'
config route
  option name 'out'
  option address '0.0.0.0/0'
  option src_addr '192.168.0.4'
  option gateway '192.168.0.1'
  option device 'eth0.2'
config track_interface
  option name 'uplink'
  option value 'eth5'
config vrrp_instance
  option name 'I1'
  option interface 'br-lan'
  option virtual_router_id '51'
  option priority '${priority}'
  option nopreempt '1'
  option advert_int '1'
  list virtual_ipaddress 'lan_vip'
  list track_interface 'uplink'
config vrrp_instance
  option name 'E1'
  option interface 'eth0.2'
  option virtual_router_id '52'
  option priority '${priority}'
  option nopreempt '1'
  option advert_int '1'
  list virtual_ipaddress 'wan_vip'
  list virtual_routes 'out'
config vrrp_sync_group
  option name 'G1'
  list group 'I1'
  list group 'E1'
`;

const COMMIT = '#!/bin/sh\n[ "$ACTION" = NOTIFY_MASTER ] && conntrackd -c\n';

/** The files of a router whose election is in UCI. */
function inUci(files: Files, priority: number): Files {
  const kept = Object.entries(files).filter(
    ([path]) => !/keepalived\/(?:keepalived\.conf|primary\.sh)$/.test(path),
  );
  return {
    ...Object.fromEntries(kept),
    "etc/config/keepalived": written(priority),
    "etc/keepalived.user": COMMIT,
    "etc/sysupgrade.conf": "/etc/keepalived.user\n/etc/conntrackd/\n",
  };
}

const A = inUci(ALPHA, 150);
const B = inUci(BETA, 100);
const PASS =
  "  option auth_type 'PASS'\n  option auth_pass 's3cret'\n  option interface 'br-lan'\n";

test("a pair whose files agree has no finding", () => {
  expect(findInSite(A, B)).toEqual({ read: [], found: [] });
});

describe("both routers' files", () => {
  test.each([
    ["VRID", "'51'", "'61'", ["21:3 error vrid-differs"]],
    ["interval", "advert_int '1'", "advert_int '2'", ["24:3 error interval-differs"]],
    ["preemption", "  option nopreempt '1'\n", "", ["18:1 warning preempt-differs"]],
    [
      "version",
      "  option nopreempt",
      "  option version '3'\n  option nopreempt",
      ["23:3 error version-differs"],
    ],
    [
      "authentication",
      "  option interface 'br-lan'\n",
      PASS,
      ["20:3 error authentication-differs"],
    ],
    [
      "length of an address",
      "192.168.1.4/24",
      "192.168.1.4/25",
      ["5:3 warning virtual-length-differs"],
    ],
    ["address", "192.168.1.4/24", "192.168.1.5/24", ["5:3 error virtual-lists-differ"]],
    [
      "tracked interface",
      "  list track_interface 'uplink'\n",
      "",
      ["18:1 warning tracking-differs"],
    ],
    ["route", "'192.168.0.1'", "'192.168.0.9'", ["35:3 warning routes-differ"]],
    ["group", "  list group 'E1'\n", "", ["18:1 warning groups-differ"]],
  ])("another %s", (_, from, to, expected) => {
    const places = placesOf(findInSite(A, spoilt(B, UCI, [from, to])));
    expect(places).toEqual(
      expect.arrayContaining(expected.map((place) => `beta/etc/config/keepalived:${place}`)),
    );
    const others = places.filter((place) => !place.startsWith("beta/etc/config/keepalived:"));
    // Addresses are told on both sides.
    for (const place of others)
      expect(place).toMatch(/virtual-lists-differ|dhcp-option-not-virtual$/);
  });

  test("a router with keepalived.conf is compared with one that has UCI", () => {
    const classic = spoilt(ALPHA, "keepalived.conf", [" metric 5", ""]);
    const places = placesOf(findInSite(classic, spoilt(B, UCI, ["'51'", "'61'"])));
    expect(places).toEqual([
      "beta/etc/config/keepalived:21:3 error vrid-differs",
      "beta/etc/config/keepalived:26:3 warning tracking-differs",
    ]);
  });
});

describe("one router's files", () => {
  const read = (from: string, to: string): readonly string[] =>
    findInSite(spoilt(A, UCI, [from, to])).read;

  test.each([
    ["a VRID that is none", "'51'", "'300'", ["21 number-range"]],
    [
      "a VRID twice on an interface",
      "'eth0.2'\n  option virtual_router_id '52'",
      "'br-lan'\n  option virtual_router_id '51'",
      ["30 vrid-duplicate"],
    ],
    ["an address that is none", "192.168.1.4/24", "192.168.1.400/24", ["5 address-invalid"]],
    ["priorities in a group", "'150'", "'140'", ["36 group-priority"]],
    [
      "a name twice",
      "option name 'E1'",
      "option name 'I1'",
      ["27 name-duplicate", "39 uci-reference-missing"],
    ],
    [
      "an option that nobody reads",
      "option nopreempt '1'",
      "option no_preempt '1'",
      ["23 uci-option-unread", "36 group-preempt"],
    ],
    [
      "a weight in a group",
      "option value 'eth5'",
      "option value 'eth5'\n  option weight '-20'",
      ["19 group-weight"],
    ],
  ])("%s", (_, from, to, expected) => {
    const codes = read(from, to);
    for (const one of expected) expect(codes).toContain(`alpha/etc/config/keepalived:${one}`);
  });

  test("a file with errors is not compared", () => {
    const places = placesOf(findInSite(A, spoilt(B, UCI, ["'51'", "'300'"])));
    expect(places.filter((place) => place.includes("differ"))).toEqual([]);
  });
});

describe("whether keepalived starts", () => {
  const places = (files: Files): readonly string[] => placesOf(findInSite(files));
  const OFF: readonly [string, string] = ["enabled '1'", "enabled '0'"];

  test("not when enabled is off", () => {
    expect(places(spoilt(A, UCI, [...OFF]))).toEqual([
      "alpha/etc/config/keepalived:2:3 warning keepalived-disabled",
    ]);
  });

  test("nor from a keepalived.conf then", () => {
    const files = {
      ...ALPHA,
      "etc/config/keepalived": "config globals 'globals'\n option enabled 0\n",
    };
    expect(places(files)).toEqual(["alpha/etc/config/keepalived:2:2 warning keepalived-disabled"]);
  });

  test("from a file that was not given", () => {
    const files = spoilt(A, UCI, ["enabled '1'", "alt_config_file '/etc/keepalived.conf'"]);
    expect(places(files)).toEqual([
      "alpha/etc/config/keepalived:1:1 warning election-not-given",
      "alpha/etc/config/keepalived:18:1 warning uci-section-unread",
    ]);
  });

  test("sections called globals of other files say nothing about it", () => {
    const files = spoilt(ALPHA, "config/network", [
      "config interface 'lan'",
      "config globals 'globals'\n  option ula_prefix 'fd00::/48'\nconfig interface 'lan'",
    ]);
    expect(places(files)).toEqual([]);
  });
});

describe("who commits what is replicated", () => {
  const USER = "etc/keepalived.user";
  const commits = (files: Files): readonly string[] => placesOf(findInSite(files));

  test("a script of the hotplug folder", () => {
    const { [USER]: script = "", ...others } = A;
    const files = { ...others, "etc/hotplug.d/keepalived/90-state": script };
    expect(commits(files).filter((place) => place.includes("state-never"))).toEqual([]);
  });

  test("nobody, as far as these files tell", () => {
    const { [USER]: _, ...files } = A;
    expect(commits(files)).toEqual([
      "alpha/etc/config/keepalived:36:1 warning state-never-committed",
    ]);
  });

  test("nobody", () => {
    const files = { ...A, [USER]: "#!/bin/sh\nlogger $ACTION\n" };
    expect(commits(files)).toEqual([
      "alpha/etc/config/keepalived:36:1 warning state-never-committed",
    ]);
  });
});

describe.each([HOME, OFFICE, APART])("what is rendered for the pair $name", (pair) => {
  const secret = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
  const filesOf = (node: string): Files => {
    const empty = (["network", "dhcp", "firewall", "keepalived"] as const).map((name) => ({
      package: name,
      path: name,
      text: "",
    }));
    const { files } = renderUciFiles(pair, node, empty, secret);
    return Object.fromEntries(files.map(({ path, text }) => [`etc/config/${path}`, text]));
  };

  test("agrees on both routers, as far as they elect", () => {
    const { read, found } = findInSite(filesOf("alpha"), filesOf("beta"));
    expect(read.filter((text) => !text.endsWith("clear-text-password"))).toEqual([]);
    const codes = found
      .filter(({ code }) => code in ELECTION_ENTRIES)
      .map(({ at, code, message }) => `${at.file}:${at.line} ${code} ${message}`);
    // A pair whose networks move apart from each other is meant so.
    expect(codes.filter((code) => !code.includes("group-absent"))).toEqual([]);
  });
});
