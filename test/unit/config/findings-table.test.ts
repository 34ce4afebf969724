/** Every row of keepalived's own configuration test, and what Duet makes of it: not always as lenient. */
import { describe, expect, test } from "vitest";
import type { Environment } from "../../../src/config/source.ts";
import {
  codesOf,
  findingsOf,
  instanceText,
  loadText,
  onlyInstance,
} from "../../support/keepalived-files.ts";

const V = (lines: string): string => instanceText(lines);

describe("files as a whole", () => {
  test.each([
    ["an empty file is a configuration without instances", "", []],
    [
      "an unknown keyword is named with the nearest one",
      V("priorty 3"),
      ["warning keyword-unknown"],
    ],
    [
      "an unknown block is skipped as a whole, with one warning",
      `blok X {\n a {\n state\n }\n}\n${V("")}`,
      ["warning keyword-unknown"],
    ],
    [
      "an LVS section is skipped as a whole, with one warning",
      `virtual_server 192.0.2.9 80 {\n real_server 192.0.2.8 80 {\n TCP_CHECK {\n }\n }\n}\n${V("")}`,
      ["warning not-supported"],
    ],
    ["a missing } is an error", V("").replace(/\}\n$/, ""), ["error brace-missing"]],
    ["a } too many is an error", `${V("")}}\n`, ["error brace-unexpected"]],
    [
      "a missing { is one error",
      "vrrp_instance V\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress { 192.0.2.1 }\n}\n",
      ["error brace-missing"],
    ],
    [
      "a } that is missing inside is told where the next block begins",
      `vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.3\n}\n${V("")}`,
      ["error brace-missing"],
    ],
    ["a quotation that is not closed is an error", V('notify "/bin/true'), ["error quote-missing"]],
    [
      "the same VRID twice on an interface is an error",
      V("") + instanceText("", "W"),
      ["error vrid-duplicate"],
    ],
    [
      "the same VRID on two interfaces is fine",
      V("") + instanceText("", "W", { vrid: 5, interface: "eth1" }),
      [],
    ],
    [
      "the same VRID for both families is fine",
      V("") + instanceText("virtual_ipaddress { fe80::1 }", "W"),
      [],
    ],
    [
      "the same instance name twice is an error",
      V("") + instanceText("", "V", { vrid: 6, interface: "eth0" }),
      ["error name-duplicate"],
    ],
    ["a keyword without its value is an error", V("advert_int"), ["error value-missing"]],
    [
      "an include of a missing file is a warning",
      `include nowhere.conf\n${V("")}`,
      ["warning file-unreadable"],
    ],
    [
      "a strict include of a missing file is an error",
      `includer nowhere.conf\n${V("")}`,
      ["error file-unreadable"],
    ],
    [
      "a group with an unknown member is an error",
      `vrrp_sync_group G { group { V W } }\n${V("")}`,
      ["warning group-single", "error group-member-unknown"],
    ],
    [
      "a group with one member is a warning",
      `vrrp_sync_group G { group { V } }\n${V("")}`,
      ["warning group-single"],
    ],
    [
      "an empty group is left out with a warning",
      `vrrp_sync_group G { group { } }\n${V("")}`,
      ["warning group-empty"],
    ],
  ])("%s", (_, text, codes) => {
    expect(codesOf(loadText(text).diagnostics)).toEqual(codes);
  });
});

describe("an instance", () => {
  test.each([
    ["another word for a state is a warning", "state SLAVE", ["warning state-unknown"]],
    [
      "a VRID of 256 is an error",
      "virtual_router_id 256",
      ["warning keyword-repeated", "error number-range"],
    ],
    [
      "a hexadecimal VRID is an error",
      "virtual_router_id 0x33",
      ["warning keyword-repeated", "error number-invalid"],
    ],
    ["a priority of 256 is an error", "priority 256", ["error number-range"]],
    ["a priority that is no number is an error", "priority abc", ["error number-invalid"]],
    [
      "a password of nine bytes is cut with a warning",
      "authentication {\nauth_type PASS\nauth_pass 123456789\n}",
      ["warning authentication-password-cut"],
    ],
    [
      "an unknown type of authentication is an error",
      "authentication {\nauth_type pass\nauth_pass x\n}",
      ["error authentication-incomplete", "error authentication-type"],
    ],
    [
      "a type without a password is an error",
      "authentication {\nauth_type PASS\n}",
      ["error authentication-incomplete"],
    ],
    [
      "authentication with version 3 is left out with a warning",
      "version 3\nauthentication {\nauth_type PASS\nauth_pass x\n}",
      ["warning authentication-version"],
    ],
    [
      "authentication in strict mode is left out with a warning",
      "strict_mode\nauthentication {\nauth_type PASS\nauth_pass x\n}",
      ["warning authentication-version"],
    ],
    ["half a second in version 2 is rounded", "advert_int 0.5", ["warning number-rounded"]],
    ["an interval of 300 is an error", "advert_int 300", ["error number-range"]],
    ["an interval of 0 is an error", "advert_int 0", ["error number-range"]],
    ["41 seconds in version 3 are limited", "version 3\nadvert_int 41", ["warning number-rounded"]],
    [
      "0.123 seconds in version 3 are rounded",
      "version 3\nadvert_int 0.123",
      ["warning number-rounded"],
    ],
    [
      "nopreempt with state MASTER is a warning",
      "state MASTER\npriority 9\nnopreempt",
      ["warning preempt-conflict"],
    ],
    [
      "nopreempt with a delay is a warning",
      "nopreempt\npreempt_delay 3",
      ["warning preempt-conflict"],
    ],
    [
      "a prefix length of 33 is an error",
      "virtual_ipaddress { 192.0.2.1/33 }",
      ["warning address-missing", "error address-invalid"],
    ],
    [
      "an address of the other family is an error",
      "virtual_ipaddress {\n192.0.2.1\nfe80::1\n}",
      ["error address-family"],
    ],
    [
      "an address twice is a warning",
      "virtual_ipaddress {\n192.0.2.1\n192.0.2.1\n}",
      ["warning address-duplicate"],
    ],
    [
      "a script that is not defined is an error",
      "track_script {\nchk\n}",
      ["error tracker-unknown"],
    ],
    ["a boolean that is none is an error", "lower_prio_no_advert maybe", ["error boolean-invalid"]],
    ["words that nobody uses are a warning", "advert_int 2 priority 77", ["warning words-ignored"]],
    ["no address in version 2 is a warning", "virtual_ipaddress { }", ["warning address-missing"]],
    [
      "no address in version 3 is an error",
      "version 3\nvirtual_ipaddress { }",
      ["error address-missing"],
    ],
    [
      "no address in version 3 is fine when it says so",
      "version 3\nno_virtual_ipaddress\nvirtual_ipaddress { }",
      [],
    ],
    ["a block after a simple keyword is an error", "priority 3 {\n}", ["error brace-unexpected"]],
    ["a repeated keyword is a warning", "priority 3\npriority 4", ["warning keyword-repeated"]],
    ["an unsupported keyword is a warning", "use_ipvlan", ["warning not-supported"]],
    ["unicast without a peer is a warning", "unicast_ttl 3", ["warning unicast-without-peers"]],
  ])("%s", (_, lines, codes) => {
    expect(findingsOf(lines)).toEqual(codes);
  });

  test.each([
    ["no interface", "virtual_router_id 5", "interface-missing"],
    ["no VRID", "interface eth0", "vrid-missing"],
    ["the loopback interface", "interface lo\nvirtual_router_id 5", "interface-missing"],
  ])("with %s is an error", (_, lines, code) => {
    const { model, diagnostics } = loadText(
      `vrrp_instance V {\n${lines}\nvirtual_ipaddress { 192.0.2.1 }\n}`,
    );
    expect(codesOf(diagnostics)).toEqual([`error ${code}`]);
    expect(model).toBeUndefined();
  });

  test("with 21 addresses in version 2 is an error, because peers refuse them", () => {
    const list = Array.from({ length: 21 }, (_, index) => `192.0.2.${index + 1}`).join("\n");
    expect(findingsOf(`virtual_ipaddress {\n${list}\n}`)).toEqual(["error address-count"]);
  });

  test("with 90 IPv6 addresses advertises 89 and holds the last one all the same", () => {
    const list = Array.from({ length: 90 }, (_, index) => `2001:db8::${index + 1}`).join("\n");
    const text = instanceText(`virtual_ipaddress {\n${list}\n}`);
    expect(codesOf(loadText(text).diagnostics)).toEqual(["warning address-capacity"]);
    const { addresses, excluded } = onlyInstance(text);
    expect([addresses.length, excluded.length]).toEqual([89, 1]);
  });
});

describe("what is known of the router", () => {
  const router: Partial<Environment> = {
    interfaces: ["lo", "eth0", "eth1"],
    commandStatus: (program) =>
      program === "/bin/ok"
        ? "ok"
        : program === "/bin/soft"
          ? "insecure"
          : program === "/bin/data"
            ? "not-executable"
            : "missing",
    userExists: (user) => user === "root" || user === "ha",
  };

  test.each([
    ["an interface that is there is fine", "track_interface {\neth1\n}", []],
    ["an unknown interface is an error", "track_interface {\neth7\n}", ["error interface-unknown"]],
    [
      "an unknown interface of an address is an error",
      "virtual_ipaddress { 192.0.2.1 dev eth9 }",
      ["error interface-unknown"],
    ],
    ["a missing script is an error", 'notify "/bin/none x"', ["error command-missing"]],
    [
      "a script that is not executable is an error",
      "notify_fault /bin/data",
      ["error command-not-executable"],
    ],
    [
      "a script that others may change is a warning",
      "notify_fault /bin/soft",
      ["warning command-insecure"],
    ],
    ["a script of an ordinary user may belong to others", "notify_fault /bin/soft ha", []],
    ["an unknown user is an error", "notify_fault /bin/ok nobody-here", ["error name-unknown"]],
  ])("%s", (_, lines, codes) => {
    expect(findingsOf(lines, router)).toEqual(codes);
  });

  test("with dynamic_interfaces an interface may come later", () => {
    const text = `${instanceText("track_interface {\neth7\n}")}global_defs {\ndynamic_interfaces\n}`;
    expect(loadText(text, router).diagnostics).toEqual([]);
  });

  test("with enable_script_security a script that others may change is an error", () => {
    const text = `${instanceText("notify_fault /bin/soft")}global_defs {\nenable_script_security\n}`;
    expect(codesOf(loadText(text, router).diagnostics)).toEqual(["error command-insecure"]);
  });

  test("only scripts that somebody tracks must exist", () => {
    const text = `vrrp_script c {\nscript /bin/none\n}\n${instanceText()}`;
    expect(codesOf(loadText(text, router).diagnostics)).toEqual(["warning tracker-unused"]);
  });
});

test("all errors are told at once, in the order of the file, each with its place", () => {
  const text = instanceText(
    "priority 300\nadvert_int x\nvirtual_routes {\nnonsense\n}\ntrack_script {\nnone\n}",
  );
  const { diagnostics } = loadText(text);
  expect(diagnostics.map(({ at, code }) => `${at.line}:${at.column} ${code}`)).toEqual([
    "5:10 number-range",
    "6:12 number-invalid",
    "8:1 route-invalid",
    "11:1 tracker-unknown",
  ]);
});
