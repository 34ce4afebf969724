/** What each mistake is called, where it is found, and that one mistake gives one finding. */
import { describe, expect, test } from "vitest";
import type { IpAddress } from "../../../../src/base/ip.ts";
import { loadConntrackdConf } from "../../../../src/config/conntrackd/load.ts";
import { type Diagnostic, formatDiagnostic } from "../../../../src/config/diagnostics.ts";
import type { Environment } from "../../../../src/config/source.ts";
import {
  fileText,
  linksText,
  loadReplication,
  UDP_LINK,
  udpText,
} from "../../../support/conntrackd-files.ts";
import { codesOf, ENVIRONMENT, filesFrom } from "../../../support/keepalived-files.ts";

const codes = (text: string, environment: Partial<Environment> = {}): readonly string[] =>
  codesOf(loadReplication(text, environment).diagnostics);

const only = (text: string, environment: Partial<Environment> = {}): Diagnostic => {
  const { diagnostics } = loadReplication(text, environment);
  expect(diagnostics).toHaveLength(1);
  return diagnostics[0]!;
};

describe("a value", () => {
  test.each([
    ["HashSize 99999999999", "error number-range"],
    ["HashSize 0", "warning number-range"],
    ["HashSize 3M", "error number-invalid"],
    ["HashSize -3", "error number-invalid"],
    ["HashSize", "error value-missing"],
    ["PollSecs 0", "error number-range"],
    ["LogFile foo", "error value-invalid"],
    ["LockFile relative", "error value-invalid"],
    ['LockFile "/x"', "error quote-unexpected"],
    ["LockFile <path>", "error placeholder"],
    ["UNIX { Path /a{b} }", "error value-invalid"],
    [`UNIX { Path /${"a".repeat(107)} }`, "error number-range"],
    ["NetlinkEventsReliable true", "error boolean-invalid"],
    ["NetlinkOverrunResync soon", "error number-invalid"],
    ["NetlinkOverrunResync 0", "warning number-range"],
    ["NetlinkBufferSize 9 NetlinkBufferSizeMaxGrowth 8", "warning buffer-limit"],
    ["SocketBufferSize 9", "warning deprecated"],
    ["Syslog kern", "warning syslog-facility"],
    ["Syslog 3", "error value-invalid"],
    ["Scheduler { Type FIFO }", "warning not-supported"],
    ["Nice -20", "warning deprecated"],
    ["Nice 20", "error number-invalid"],
    ["Nice nice", "error number-invalid"],
    ["HashSize 3\nHashSize 4", "warning keyword-repeated"],
  ])("General { %s } is %s", (general, code) => {
    expect(codes(fileText({ general }))).toEqual([code]);
  });
});

describe("a filter", () => {
  test.each([
    ["Protocol Accept { Foo UDP }", "warning protocol-unknown"],
    ["Protocol Accept { 256 UDP }", "warning protocol-unknown"],
    ['Protocol Ignore { "UDP" }', "error value-invalid"],
    ["Protocol Accept { }", "warning filter-empty"],
    ["Protocol Accept { TCP } Protocol Ignore { UDP }", "warning filter-policy"],
    ["Protocol accept { TCP }", "error value-invalid"],
    ["Protocol Maybe { TCP }", "error value-invalid"],
    ["Address Ignore { IPv4_address 300.2.3.4 }", "error address-invalid"],
    ["Address Ignore { IPv4_address 192.0.2.1/33 }", "error address-invalid"],
    ["Address Ignore { IPv6_address 192.0.2.1 }", "error address-invalid"],
    [
      "Address Ignore { IPv4_address 192.0.2.1 IPv4_address 192.0.2.1/32 }",
      "warning address-duplicate",
    ],
    ["Address Ignore { 192.0.2.1 }", "error keyword-unknown"],
    ["State Accept { ESTABLISHED }", "error value-missing"],
    ["State Accept { ESTABLISHD for TCP }", "error state-unknown"],
    ["State Accept { ESTABLISHED for UDP }", "error value-invalid"],
  ])("with %s is %s", (filter, code) => {
    expect(codes(fileText({ general: `Filter { ${filter} }` }))).toEqual([code]);
  });
});

describe("a section", () => {
  test.each([
    ["Mode NACK { }", "warning deprecated"],
    ["Mode FOO { AnyThing { } }", "error value-invalid"],
    ["Mode ALARM { }", "warning mode-repeated"],
    ["RefreshTime 5", "warning deprecated"],
    ["ResendQueueSize 5", "error keyword-misplaced"],
    ["Mode FTFW { DisableInternalCache on }", "error keyword-misplaced"],
    ["Mode FTFW { DisableExternalCache on CommitTimeout 5 }", "warning option-conflict"],
    ["Options { ExpectationSync { ftp 3 } }", "error value-invalid"],
    ["Options { ExpectationSync maybe }", "error boolean-invalid"],
    ["Multicast Default", "error brace-missing"],
  ])("Sync with %s is %s", (sync, code) => {
    expect(codes(fileText({ sync }))).toContain(code);
  });

  test("an unknown block is passed over with one finding", () => {
    expect(codes(fileText({ sync: "Foo bar {\n a { b }\n }" }))).toEqual(["error keyword-unknown"]);
  });

  test("what conntrackd had once is told with what took its place", () => {
    expect(only(fileText({ general: "IgnoreTrafficFor { IPv4_address 192.0.2.1 }" })).message).toBe(
      "IgnoreTrafficFor is no keyword any more: write General { Filter { Address Ignore { … } } }",
    );
  });

  test("a keyword in the wrong block is told where it belongs", () => {
    expect(only(fileText({ general: "ACKWindowSize 5" })).message).toBe(
      "ACKWindowSize has no meaning in General: it belongs to Mode FTFW",
    );
  });

  test("nobody is sent to the old place of a keyword", () => {
    const sync = "Mode FTFW { RefreshTime 5 }";
    expect(only(fileText({ sync })).message).toBe(
      "RefreshTime has no meaning in Mode FTFW: it belongs to Mode ALARM",
    );
  });

  test("Sync beside Stats is an error", () => {
    expect(codes(`${fileText({})}Stats { LogFile on }`)).toEqual([
      "warning not-supported",
      "error section-conflict",
    ]);
  });

  test("Helper is passed over with one warning", () => {
    const helper = "Helper { Type ftp inet tcp { QueueNum 0 Policy ftp { ExpectMax 1 } } }";
    expect(codes(fileText({}) + helper)).toEqual(["warning not-supported"]);
  });

  test("Sync without a mode uses FTFW with a warning", () => {
    const { config, diagnostics } = loadReplication(`Sync {\n${UDP_LINK}}\n`);
    expect(codesOf(diagnostics)).toEqual(["warning mode-missing"]);
    expect(config?.mode.type).toBe("ftfw");
  });

  test.each(["", "# nothing\n", "General { }"])(
    "a file with %j has nothing to replicate",
    (text) => {
      expect(codes(text)).toEqual(["error section-missing"]);
    },
  );

  test("a file that cannot be read is one error", () => {
    const { config, diagnostics, files } = loadConntrackdConf("/x", filesFrom({}), ENVIRONMENT);
    expect({ config, files }).toEqual({ config: undefined, files: ["/x"] });
    expect(diagnostics.map((finding) => formatDiagnostic(finding))).toEqual([
      "/x:1:1: error: the file cannot be read: there is no such file [file-unreadable]",
    ]);
  });
});

describe("braces and stray words", () => {
  test.each([
    ["at the end", fileText({}).replace(/\}\n$/, ""), 11],
    ["before the next section", fileText({}).replace("}\nGeneral", "General"), 1],
    ["before the next block", fileText({ sync: UDP_LINK }).replace("lo\n}", "lo"), 3],
  ])("a } that is missing %s is one error where the block begins", (_, text, line) => {
    const { diagnostics } = loadReplication(text);
    const missing = diagnostics.filter(({ severity }) => severity === "error");
    expect(missing.map(({ at, code }) => [at.line, code])).toContainEqual([line, "brace-missing"]);
    expect(missing.filter(({ code }) => code.startsWith("brace"))).toHaveLength(1);
  });

  test("a } too many is an error", () => {
    expect(codes(`${fileText({})}}\n`)).toEqual(["error brace-unexpected"]);
  });

  test("a { that is missing is one error", () => {
    expect(codes(fileText({}).replace("General {", "General"))).toEqual(["error brace-missing"]);
  });

  test.each([
    ["HashSize 3;", "statements do not end with ;: remove it"],
    ["// a comment", "a comment begins with #, not with //"],
    [
      "HashSize 3 4",
      '"4" stands where a keyword is expected: nothing more may stand after HashSize and its value',
    ],
    ["Hashsize 3", "Hashsize is not a keyword in General, capitals count: write HashSize"],
    ["HashSiez 3", "HashSiez is not a keyword in General; did you mean HashSize?"],
    ["{ }", "no keyword that has a block stands before this {: remove it and its }"],
  ])("%s says what is wrong", (general, message) => {
    expect(only(fileText({ general })).message).toBe(message);
  });
});

describe("a dedicated link", () => {
  test.each([
    ["without a port", UDP_LINK.replace(/Port .*/, ""), ["error port-missing"]],
    ["without an interface", UDP_LINK.replace(/Interface .*/, ""), ["error interface-missing"]],
    ["without a peer", UDP_LINK.replace(/IPv4_D.*/, ""), ["error address-missing"]],
    ["without a local address", UDP_LINK.replace(/IPv4_a.*/, ""), ["warning address-missing"]],
    ["that is its own peer", UDP_LINK.replace("127.0.0.2", "127.0.0.1"), ["error address-peer"]],
    [
      "of both families",
      UDP_LINK.replace("IPv4_address 127.0.0.1", "IPv6_address ::1"),
      ["error address-family"],
    ],
    ["twice", UDP_LINK + UDP_LINK, ["error channel-duplicate"]],
    [
      "twice Default",
      (UDP_LINK + UDP_LINK.replace("3780", "3781")).replaceAll("UDP", "UDP Default"),
      ["warning channel-default"],
    ],
    [
      "beside another transport",
      UDP_LINK + UDP_LINK.replace("UDP", "TCP").replace("3780", "3781"),
      ["error transport-mixed"],
    ],
    [
      "of which there are five",
      [1, 2, 3, 4, 5].map((port) => UDP_LINK.replace("3780", String(port))).join(""),
      ["error channel-limit"],
    ],
    ["of which there is none", "", ["error channel-missing"]],
    [
      "whose group is no group",
      "Multicast { IPv4_address 255.0.0.50 Group 1 IPv4_interface 127.0.0.1 Interface lo }",
      ["error address-invalid"],
    ],
    ["without a group", "Multicast { Group 1 Interface lo }", ["error address-missing"]],
    [
      "without a local address for its group",
      "Multicast { IPv4_address 225.0.0.50 Group 1 Interface lo }",
      ["warning address-missing"],
    ],
    [
      "with addresses that IPv6 does not need",
      "Multicast { IPv6_address ff02::5 IPv4_interface 127.0.0.1 IPv6_interface ::1 Group 1 Interface lo }",
      ["warning not-supported", "warning address-family"],
    ],
  ])("%s", (_, links, expected) => {
    expect(codes(linksText(links)).toSorted()).toEqual(expected.toSorted());
  });

  test.each([
    [
      "Interface eth0:1",
      '"eth0:1" is a label of an address, not an interface: write Interface eth0',
    ],
    [
      "Interface eth0@if7",
      '"eth0@if7" is a name with its peer, not an interface: write Interface eth0',
    ],
    ['Interface "eth0"', "values have no quotation marks: write Interface eth0"],
    [
      "IPv4_address 10.0.0.1/24",
      'IPv4_address must be an IPv4 address, not "10.0.0.1/24": write IPv4_address 10.0.0.1',
    ],
    [
      "IPv6_address fe80::1%eth0",
      'IPv6_address must be an IPv6 address, not "fe80::1%eth0": write IPv6_address fe80::1',
    ],
    [
      "IPv4_address fe80::1",
      'IPv4_address must be an IPv4 address, not "fe80::1": write IPv6_address fe80::1',
    ],
    [
      "IPv4_address alpha.example.org",
      'IPv4_address must be an IPv4 address, not "alpha.example.org"; names are not looked up',
    ],
  ])("%s says what to write", (line, message) => {
    const errors = loadReplication(udpText(line)).diagnostics.filter(
      ({ severity }) => severity === "error",
    );
    expect(errors.map((finding) => finding.message)).toEqual([message]);
  });
});

describe("what is known of the router", () => {
  const router = {
    interfaces: ["lo", "eth0"],
    addresses: ["127.0.0.1", "10.0.0.1"] as IpAddress[],
  };

  test("a link that is as the router is has no finding", () => {
    expect(codes(fileText({}), router)).toEqual([]);
  });

  test("an unknown interface is an error with those that there are", () => {
    const { code, message } = only(fileText({}).replace("Interface lo", "Interface eht0"), router);
    expect({ code, message }).toEqual({
      code: "interface-unknown",
      message: "there is no interface eht0 on this router (there are lo, eth0); did you mean eth0?",
    });
  });

  test("a local address that the router does not have is an error with those that it has", () => {
    const { code, message } = only(fileText({}).replace("127.0.0.1", "10.0.0.7"), router);
    expect({ code, message }).toEqual({
      code: "address-foreign",
      message:
        "10.0.0.7 is not an address of this router (it has 127.0.0.1, 10.0.0.1): write its own in IPv4_address, or add it to the interface",
    });
  });

  test("the file of the other router is recognised", () => {
    const swapped = fileText({}).replace("127.0.0.1", "10.0.0.2").replace("127.0.0.2", "10.0.0.1");
    expect(only(swapped, router).message).toBe(
      "10.0.0.1 is this router's own address, and 10.0.0.2 is not: exchange the two, this file is the other router's",
    );
  });

  test("the local address of a multicast link is looked for, too", () => {
    const text = linksText(
      "Multicast { IPv4_address 225.0.0.5 IPv4_interface 10.0.0.9 Group 1 Interface lo }",
    );
    expect(only(text, router).code).toBe("address-foreign");
  });
});

test("all errors are told at once, in the order of the file, each with its place", () => {
  const text = `Sync {
  Mode FTFW { DisableExternalCache maybe }
  UDP {
    IPv4_address 10.0.0.300
    Port 0
    Interfaces eth0
  }
}
General { HashSize x  LogFile y }
`;
  const { diagnostics } = loadReplication(text);
  expect(diagnostics.map(({ at, code }) => `${at.line}:${at.column} ${code}`)).toEqual([
    "2:36 boolean-invalid",
    "3:3 interface-missing",
    "3:3 address-missing",
    "4:18 address-invalid",
    "5:10 number-range",
    "6:5 keyword-unknown",
    "9:20 number-invalid",
    "9:31 value-invalid",
  ]);
});
