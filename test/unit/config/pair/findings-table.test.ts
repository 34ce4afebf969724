/** What is wrong with a pair's file, and what is said about it: one line each, with its place. */
import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../../../../src/config/diagnostics.ts";
import { loadPair } from "../../../../src/config/pair/load.ts";
import { codesOf, filesFrom } from "../../../support/keepalived-files.ts";
import { DUET_YAML, loadPairText } from "../../../support/pair-files.ts";

const HOME = `pair: home
routers:
  alpha: { lan: 192.168.1.2/24, wan: 192.168.0.2/24, link: 10.255.0.1/30 }
  beta: { lan: 192.168.1.3/24, wan: 192.168.0.3/24, link: 10.255.0.2/30 }
networks:
  lan: { interface: br-lan, address: 192.168.1.4/24, dhcp: true }
  wan: { interface: eth1, address: 192.168.0.4/24, gateway: 192.168.0.1 }
  link: { interface: eth3 }
`;

/** The file with something replaced that must be there. */
function changed(from: string | RegExp, to: string): string {
  const text = HOME.replace(from, to);
  if (text === HOME) throw new Error(`nothing to replace: ${String(from)}`);
  return text;
}

const codes = (text: string): readonly string[] => codesOf(loadPairText(text).diagnostics);
const lines = (text: string): readonly string[] =>
  loadPairText(text).diagnostics.map((finding) => formatDiagnostic(finding));

test("the file that the others are made from is without findings", () => {
  expect(lines(HOME)).toEqual([]);
});

describe("the file as a text", () => {
  test.each([
    ["an empty file", "", "1:1 file-empty"],
    ["a file of comments", "# nothing\n", "1:1 file-empty"],
    ["a list", "- a\n", "1:1 type-invalid"],
    ["a word", "pair\n", "1:1 type-invalid"],
    ["binary data", `${HOME}\u{1}\u{2}`, "9:1 file-not-text"],
    ["a zero in the middle", HOME.replace("beta", "b\0ta"), "4:4 file-not-text"],
    ["a tab", HOME.replace("  beta", "\tbeta"), "4:1 tab-indent"],
    ["a brace that is not closed", HOME.replace("/30 }", "/30"), "4:3 syntax"],
    ["a quotation that is not closed", `${HOME}fencing: "2s\n`, "9:10 syntax"],
    ["a second document", `${HOME}---\npair: b\n`, "9:1 syntax"],
    ["an alias without an anchor", `${HOME}fencing: *x\n`, "9:10 syntax"],
    ["a tag", `${HOME}fencing: !x 2s\n`, "9:10 syntax"],
    ["a directive", `%YAML 9.9\n---\n${HOME}`, "1:7 syntax"],
    ["endless nesting", "[".repeat(90_000), "1:32 nesting-limit"],
    ["nested lists in lines", "- ".repeat(9_000), "1:63 nesting-limit"],
    ["an endless file", `#${"x".repeat(300_000)}\n${HOME}`, "1:1 file-too-large"],
  ])("%s is one error", (_, text, expected) => {
    const { pair, diagnostics } = loadPairText(text);
    expect(pair).toBeUndefined();
    expect(diagnostics.map(({ at, code }) => `${at.line}:${at.column} ${code}`)).toEqual([
      expected,
    ]);
    expect(diagnostics[0]?.message.length).toBeGreaterThan(20);
  });

  test("a file that cannot be read is one error", () => {
    const { diagnostics, files } = loadPair(DUET_YAML, filesFrom({}));
    expect(diagnostics.map((found) => formatDiagnostic(found))).toEqual([
      `${DUET_YAML}:1:1: error: the file cannot be read: there is no such file [file-unreadable]`,
    ]);
    expect(files).toEqual([DUET_YAML]);
  });

  test("a missing line break at the end is a warning, because more may be missing", () => {
    expect(codes(HOME.trimEnd())).toEqual(["warning file-cut"]);
  });

  test("aliases stand for what their anchors name", () => {
    const text = changed("link: 10.255.0.1/30 }", "link: &l 10.255.0.1/30 }").replace(
      "10.255.0.2/30",
      "*l",
    );
    expect(lines(text)).toEqual([
      `${DUET_YAML}:4:59: error: 10.255.0.1 is alpha's on link and beta's on link: write another address [address-duplicate]`,
    ]);
  });

  test("more aliases than anybody writes are refused", () => {
    const list = Array.from({ length: 300 }, () => "*a").join(", ");
    expect(codes(`a: &a x\nb: [${list}]\n`)).toEqual(["error alias-limit"]);
  });
});

test("lines that end like Windows' are read", () => {
  expect(lines(HOME.replaceAll("\n", "\r\n"))).toEqual([]);
});

test.each([
  ["a comma that is missing", changed("br-lan, ", "br-lan "), "a comma is missing"],
  ["a blank that is missing", changed("  lan: {", "  lan:{"), "the blank after a colon is missing"],
  ["a line that is indented further", changed("  wan: {", "   wan: {"), "in the same column"],
  ["an address that ends in a colon", changed("192.168.1.4/24", "[fd00::]"), "in double quotes"],
  ["an equals sign", changed("pair: home", "pair = home"), "a missing colon"],
])("%s is explained", (_, text, advice) => {
  const [first] = lines(text);
  expect(first).toContain("error: ");
  expect(first).toContain(advice);
});

test("a virtual address that stands alone lends the addresses of the router's subnet", () => {
  const { pair } = loadPairText(changed("192.168.1.4/24", "192.168.1.4/32"));
  expect(pair?.networks[0]?.dhcp).toMatchObject({ first: "192.168.1.100", last: "192.168.1.249" });
});

describe("keys and types", () => {
  test.each([
    [
      "an unknown key",
      changed("dhcp: true", "dchp: true"),
      '6:54: error: there is no key "dchp" in networks.lan; did you mean dhcp? [key-unknown]',
    ],
    [
      "a key that is nothing like the others",
      changed("pair: home", "pair: home\nwhatever: 1"),
      '2:1: error: there is no key "whatever" in a pair\'s file: there are pair, secret-file, routers, networks, vrrp, track, replication, hooks, fencing [key-unknown]',
    ],
    [
      "a key that is there twice",
      changed("  beta:", "  alpha:"),
      "4:3: error: alpha stands here already, in line 3: remove one of the two [key-duplicate]",
    ],
    [
      "a key without a value",
      changed("pair: home", "pair:"),
      "1:6: error: pair has no value: it must be a name of 1 to 32 letters, digits, -, _ and ., of which the first one is a letter [value-missing]",
    ],
    [
      "a section without a value",
      `${HOME}hooks:\n`,
      "9:7: error: hooks has no value: it must be a map with active, backup, fault and stop [value-missing]",
    ],
    [
      "a list instead of a map",
      `${HOME}vrrp: [interval, 1s]\n`,
      "9:7: error: vrrp must be a map of settings of the election, not a list [type-invalid]",
    ],
    [
      "a map instead of a text",
      changed("pair: home", "pair: { name: home }"),
      "1:7: error: pair must be a name of 1 to 32 letters, digits, -, _ and ., of which the first one is a letter, not a map of keys and values [type-invalid]",
    ],
    [
      "a name with a blank",
      changed("pair: home", "pair: our home"),
      '1:7: error: pair must be a name of 1 to 32 letters, digits, -, _ and ., of which the first one is a letter, not "our home" [name-invalid]',
    ],
    [
      "a map that is merged",
      changed("link: { interface", "link: { <<: {}, interface"),
      '8:11: error: there is no key "<<" in networks.link: maps are not merged; write the keys out [key-unknown]',
    ],
    [
      "an empty list",
      `${HOME}track: { interfaces: [] }\n`,
      "9:22: error: track.interfaces is an empty list: it must be a list of interface names, or of { interface: NAME, weight: NUMBER } [value-missing]",
    ],
  ])("%s", (_, text, line) => {
    expect(lines(text)).toContain(`${DUET_YAML}:${line}`);
  });

  test.each([
    ["a time without a unit", "vrrp: { interval: 30 }", "write 30s, or 30 with us, ms, m, h or d"],
    ["a time with a blank", "vrrp: { interval: 1 s }", "without a blank, as in 1s, 100ms or 12h"],
    ["a time with a long unit", "vrrp: { interval: 1sec }", "one of us, ms, s, m, h and d"],
    ["a size without a unit", "replication: { socket-buffer: 100000 }", "one of B, KiB and MiB"],
    ["an old word for true", "vrrp: { preempt: yes }", "write true"],
    ["a word in capitals", "vrrp: { preempt: False }", "write false"],
    ["a number in quotes", 'vrrp: { version: "3" }', "write 3 without quotation marks"],
    ["a number as a name", "track: { interfaces: [7] }", "put it in double quotes"],
    ["a fraction", "replication: { port: 3.5 }", "a whole number from 1 to 65535"],
    ["a misspelt word", "vrrp: { transport: unicst }", "did you mean unicast?"],
    ["a misspelt protocol", "replication: { filter: { protocols: [TPC] } }", "did you mean TCP?"],
    ["a shell command", "hooks: { active: 'echo $HOME' }", "no shell reads it"],
    ["a file that is no path", "secret-file: secret", "an absolute path, which begins with /"],
    ["another word than false", "fencing: off", "fencing must be false"],
  ])("%s is an error with advice", (_, line, advice) => {
    const [first = "", ...others] = lines(`${HOME}${line}\n`);
    expect(others).toEqual([]);
    expect(first).toContain(`${DUET_YAML}:9:`);
    expect(first).toContain(": error: ");
    expect(first).toContain(advice);
  });
});

describe("what must agree", () => {
  test.each([
    ["one router", changed(/^ {2}beta.*\n/m, ""), ["entry-count"]],
    [
      "three routers",
      changed("networks:", "  gamma: { lan: 192.168.1.9/24 }\nnetworks:"),
      ["entry-count"],
    ],
    ["no networks", changed(/networks:[^]*/, "networks: {}\n"), ["entry-count"]],
    [
      "an unknown network of a router",
      changed("wan: 192.168.0.2/24", "wann: 192.168.0.2/24"),
      ["address-missing", "name-unknown"],
    ],
    ["a router without an address", changed("wan: 192.168.0.3/24, ", ""), ["address-missing"]],
    [
      "an own address without a length",
      changed("192.168.1.2/24", "192.168.1.2"),
      ["address-invalid"],
    ],
    [
      "the address of the network",
      changed("192.168.1.2/24", "192.168.1.0/24"),
      ["address-invalid"],
    ],
    ["the broadcast address", changed("192.168.1.4/24", "192.168.1.255/24"), ["address-invalid"]],
    ["a multicast address", changed("192.168.1.4/24", "224.0.0.18/24"), ["address-invalid"]],
    [
      "two own addresses of a family",
      changed("192.168.1.2/24", "[192.168.1.2/24, 192.168.1.5/24]"),
      ["address-several"],
    ],
    [
      "a virtual address of another subnet",
      changed("192.168.1.4/24", "192.168.2.4/24"),
      ["address-subnet", "address-subnet"],
    ],
    [
      "a virtual address that a router has",
      changed("192.168.1.4/24", "192.168.1.2/24"),
      ["address-duplicate"],
    ],
    [
      "one address on both routers",
      changed("192.168.1.3/24", "192.168.1.2/24"),
      ["address-duplicate"],
    ],
    [
      "a virtual address twice",
      changed("192.168.1.4/24", "[192.168.1.4/24, 192.168.1.4/24]"),
      ["address-duplicate"],
    ],
    ["ends of the link in two subnets", changed("10.255.0.2/30", "10.255.0.6/30"), ["link-subnet"]],
    ["a link without an address", changed(", link: 10.255.0.2/30", ""), ["address-missing"]],
    [
      "a link without a family in common",
      changed("10.255.0.2/30", "fd00::2/64"),
      ["address-missing"],
    ],
    [
      "a gateway elsewhere",
      changed("gateway: 192.168.0.1", "gateway: 192.168.9.1"),
      ["gateway-subnet"],
    ],
    [
      "a gateway of the pair",
      changed("gateway: 192.168.0.1", "gateway: 192.168.0.4"),
      ["gateway-subnet"],
    ],
    [
      "a gateway of a family without virtual address",
      changed("gateway: 192.168.0.1", "gateway: fe80::1"),
      ["gateway-subnet"],
    ],
    [
      "two gateways of a family",
      changed("gateway: 192.168.0.1", "gateway: [192.168.0.1, 192.168.0.9]"),
      ["gateway-subnet"],
    ],
    [
      "a metric out of range",
      changed("gateway: 192.168.0.1", "gateway: 192.168.0.1, metric: 4294967296"),
      ["number-range"],
    ],
    ["a metric without gateway", changed("gateway: 192.168.0.1", "metric: 5"), ["no-effect"]],
    ["a VRID out of range", changed("dhcp: true", "vrid: 256"), ["number-range"]],
    [
      "a VRID of a dedicated link",
      changed("interface: eth3", "interface: eth3, vrid: 6"),
      ["no-effect"],
    ],
    [
      "one VRID twice on an interface",
      changed("eth1, ", "br-lan, vrid: 7, ").replace("dhcp: true", "vrid: 7"),
      ["vrid-duplicate"],
    ],
    ["one subnet on two interfaces", changed(/192\.168\.0\./g, "192.168.1.4"), ["subnet-shared"]],
    ["an interface of one router only", changed("eth1, ", "{ alpha: eth1 }, "), ["key-missing"]],
    [
      "an interface of a third router",
      changed("eth1, ", "{ alpha: eth1, beta: eth1, gamma: eth1 }, "),
      ["entry-count"],
    ],
    [
      "an interface name that is too long",
      changed("br-lan", "br-lan-of-alpha-1"),
      ["interface-name"],
    ],
    [
      "instances of one name",
      changed("  wan: { interface: eth1", "  lan-6: { interface: eth1")
        .replaceAll(" wan:", " lan-6:")
        .replace("address: 192.168.1.4/24", "address: [192.168.1.4/24, fe80::9/64]"),
      ["name-conflict"],
    ],
    [
      "a pool outside of the network",
      changed("dhcp: true", "dhcp: { first: 192.168.2.100, last: 192.168.2.200 }"),
      ["dhcp-pool"],
    ],
    [
      "a pool with a router in it",
      changed("dhcp: true", "dhcp: { first: 192.168.1.1, last: 192.168.1.200 }"),
      ["dhcp-pool"],
    ],
    [
      "a pool that ends before it begins",
      changed("dhcp: true", "dhcp: { first: 192.168.1.90, last: 192.168.1.80 }"),
      ["dhcp-pool"],
    ],
    ["half a pool", changed("dhcp: true", "dhcp: { first: 192.168.1.90 }"), ["dhcp-pool"]],
    ["DHCP on a link", changed("interface: eth3", "interface: eth3, dhcp: true"), ["dhcp-pool"]],
    [
      "a name server of IPv6",
      changed("dhcp: true", "dhcp: { dns: 2001:db8::1 }"),
      ["address-invalid"],
    ],
    [
      "a host elsewhere",
      changed(
        "dhcp: true",
        'dhcp: { hosts: { tv: { mac: "02:00:00:00:00:01", address: 10.0.0.1 } } }',
      ),
      ["dhcp-pool"],
    ],
    [
      "a host with a router's address",
      changed(
        "dhcp: true",
        'dhcp: { hosts: { tv: { mac: "02:00:00:00:00:01", address: 192.168.1.4 } } }',
      ),
      ["dhcp-pool"],
    ],
    [
      "two hosts with one address",
      changed(
        "dhcp: true",
        'dhcp: { hosts: { a: { mac: "02:00:00:00:00:01", address: 192.168.1.9 }, b: { mac: "02:00:00:00:00:02", address: 192.168.1.9 } } }',
      ),
      ["address-duplicate"],
    ],
    ["version 4", `${HOME}vrrp: { version: 4 }\n`, ["number-range"]],
    [
      "a fraction of a second in version 2",
      `${HOME}vrrp: { version: 2, interval: 1500ms }\n`,
      ["number-range"],
    ],
    ["a minute in version 3", `${HOME}vrrp: { interval: 1m }\n`, ["number-range"]],
    ["5 ms", `${HOME}vrrp: { interval: 5ms }\n`, ["number-range"]],
    ["15 ms", `${HOME}vrrp: { interval: 15ms }\n`, ["number-range"]],
    [
      "a long interval in version 2 with IPv6",
      `${HOME.replace("address: 192.168.1.4/24", "address: [192.168.1.4/24, fe80::9/64]")}vrrp: { version: 2, interval: 50s }\n`,
      ["number-range"],
    ],
    [
      "PASS in version 3",
      `${HOME}vrrp: { authentication: { pass: x } }\n`,
      ["authentication-version", "clear-text-password"],
    ],
    [
      "a password of nine bytes",
      `${HOME}vrrp: { version: 2, authentication: { pass: "123456789" } }\n`,
      ["clear-text-password", "number-range"],
    ],
    [
      "PASS from no secret file",
      `${HOME}vrrp: { version: 2, authentication: pass }\n`,
      ["clear-text-password", "secret-missing"],
    ],
    [
      "HMAC in version 2",
      `secret-file: /s\n${HOME}vrrp: { version: 2, authentication: hmac }\n`,
      ["authentication-version"],
    ],
    ["HMAC from no secret file", `${HOME}vrrp: { authentication: hmac }\n`, ["secret-missing"]],
    ["a secret file for nothing", `secret-file: /s\n${HOME}`, ["no-effect"]],
    ["a priority of a third router", `${HOME}vrrp: { priority: { gamma: 5 } }\n`, ["name-unknown"]],
    [
      "a priority of 255 without the addresses",
      `${HOME}vrrp: { priority: { alpha: 255 } }\n`,
      ["priority-owner"],
    ],
    ["a delay without preemption", `${HOME}vrrp: { preempt-delay: 5s }\n`, ["no-effect"]],
    [
      "a group of networks that do not move together",
      `${HOME}vrrp: { together: false, group: G }\n`,
      ["no-effect"],
    ],
    [
      "unicast without an IPv6 address",
      `${HOME.replace("address: 192.168.1.4/24", "address: [192.168.1.4/24, fe80::9/64]")}vrrp: { transport: unicast }\n`,
      ["address-missing", "address-missing"],
    ],
    ["an interface twice", `${HOME}track: { interfaces: [eth5, eth5] }\n`, ["key-duplicate"]],
    [
      "a weight out of range",
      `${HOME}track: { interfaces: [{ interface: eth5, weight: 255 }] }\n`,
      ["number-range"],
    ],
    ["a check of nothing", `${HOME}track: { checks: { c: { weight: 5 } } }\n`, ["check-kind"]],
    [
      "a check of two things",
      `${HOME}track: { checks: { c: { run: /x, file: /y } } }\n`,
      ["check-kind"],
    ],
    [
      "a file with an interval",
      `${HOME}track: { checks: { c: { file: /y, interval: 5s } } }\n`,
      ["no-effect"],
    ],
    ["an unknown link", `${HOME}replication: { links: [lnk] }\n`, ["name-unknown"]],
    ["a link twice", `${HOME}replication: { links: [link, link] }\n`, ["key-duplicate"]],
    [
      "a commit timeout without a cache",
      `${HOME}replication: { external-cache: false, commit-timeout: 5s }\n`,
      ["no-effect"],
    ],
    [
      "a resynchronisation of ALARM",
      `${HOME}replication: { mode: alarm, startup-resync: false }\n`,
      ["no-effect"],
    ],
    ["fencing of a second", `${HOME}fencing: 1s\n`, ["number-range"]],
  ])("%s", (_, text, expected) => {
    const { diagnostics } = loadPairText(text);
    expect(diagnostics.map(({ code }) => code).toSorted(), lines(text).join("\n")).toEqual(
      expected,
    );
  });

  test("five dedicated links need to be named", () => {
    const more = ["l1", "l2", "l3", "l4"];
    const own = (host: number): string =>
      more.map((name, index) => `, ${name}: 10.9.${index}.${host}/30`).join("");
    const text = HOME.replace("10.255.0.1/30", `10.255.0.1/30${own(1)}`)
      .replace("10.255.0.2/30", `10.255.0.2/30${own(2)}`)
      .concat(more.map((name) => `  ${name}: { interface: ${name} }\n`).join(""));
    expect(codes(text)).toEqual(["error link-limit"]);
    expect(codes(`${text}replication: { links: [l4] }\n`)).toEqual([]);
  });

  test("an owner has the virtual address as its own, and priority 255", () => {
    const text = `pair: p
routers:
  alpha: { lan: 192.0.2.1/24 }
  beta: { lan: 192.0.2.2/24 }
networks:
  lan: { interface: eth0, address: 192.0.2.1/24 }
vrrp: { priority: { alpha: 255 } }
`;
    expect(lines(text)).toEqual([]);
  });

  test("networks that share an interface may share the routers' own addresses", () => {
    const text = `pair: p
routers:
  alpha: { a: 192.0.2.1/24, b: 192.0.2.1/24 }
  beta: { a: 192.0.2.2/24, b: 192.0.2.2/24 }
networks:
  a: { interface: eth0, address: 192.0.2.11/24 }
  b: { interface: eth0, address: 192.0.2.12/24 }
vrrp: { together: false }
`;
    expect(lines(text)).toEqual([]);
  });

  test("everything that is wrong is told at once, in the order of the file", () => {
    const text = changed("pair: home", "pair: ho me")
      .replace("br-lan", "br/lan")
      .replace("192.168.0.4/24", "192.168.7.4/24")
      .concat("fencing: 2\nvrrp: { version: 2, interval: 10ms }\nwhat: 1\n");
    expect(loadPairText(text).diagnostics.map(({ at, code }) => `${at.line} ${code}`)).toEqual([
      "1 name-invalid",
      "6 interface-name",
      "7 address-subnet",
      "7 address-subnet",
      "9 unit-missing",
      "10 number-range",
      "11 key-unknown",
    ]);
  });
});
