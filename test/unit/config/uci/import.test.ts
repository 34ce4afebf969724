/** What OpenWrt's files come to as facts. */
import { describe, expect, test } from "vitest";
import { formatPrefix } from "../../../../src/base/ip.ts";
import { seconds } from "../../../../src/base/time.ts";
import type { RouterFacts } from "../../../../src/config/import/facts.ts";
import { importUci } from "../../../../src/config/import/uci.ts";
import { renderUciFiles } from "../../../../src/render/uci-files.ts";
import { HOME, OFFICE } from "../../../support/rendered-pairs.ts";
import { filesOf, importFiles, STYLES } from "./files.ts";

function factsOf(style: string): RouterFacts {
  const { facts, diagnostics } = importFiles(filesOf(style));
  expect(diagnostics).toEqual([]);
  return facts!;
}

test.each(STYLES)("the facts of %s are as reviewed", async (style) => {
  await expect(`${JSON.stringify(factsOf(style), null, 2)}\n`).toMatchFileSnapshot(
    `./golden/facts-${style}.json`,
  );
});

test("a file with errors gives no facts", () => {
  const { facts, diagnostics } = importUci({ dhcp: { path: "/d", text: "config\nx" } });
  expect(facts).toBeUndefined();
  expect(diagnostics.map(({ at }) => `${at.file}:${at.line}`)).toEqual(["/d:1", "/d:2"]);
});

test("peers and checks may be named as any release has them", () => {
  const text = `config vrrp_script
  option name c
  option script /bin/true
  option interval 5
  option timeout 2
config peer
  option name b
  option address 10.0.0.2
config vrrp_instance
  option name I
  list track_script c
  list unicast_peer b
  list unicast_peer 10.0.0.3
`;
  const { facts } = importUci({ keepalived: { path: "/k", text } });
  expect(facts!.notCarried).toEqual([]);
  expect(facts!.instances[0]).toMatchObject({
    checks: ["c"],
    unicastPeers: [{ value: "10.0.0.2" }, { value: "10.0.0.3", at: { line: 13 } }],
  });
  expect(facts!.checks[0]!.value).toMatchObject({ interval: seconds(5), timeout: seconds(2) });
});

test("no files give no facts and no complaints", () => {
  expect(importUci({}).facts).toMatchObject({ networks: [], instances: [], notCarried: [] });
});

/** The reasons for what was left out of one file. */
const reasonsOf = (file: Parameters<typeof importUci>[0]): readonly string[] =>
  importUci(file).facts!.notCarried.map(({ at, text, reason }) => `${at.line}: ${text}: ${reason}`);

describe("what is not carried over", () => {
  test.each([
    ["option proto 'dhcp'", /^1: config interface 'wan': its address is dynamic \(proto dhcp\)/],
    ["option proto 'none'", /^1: config interface 'wan': proto none has no fixed address/],
    ["option proto 'static'\n option ipaddr 'x'", /^3: option ipaddr 'x': "x" is no address/],
    [
      "option proto 'static'\n option netmask '255.0.255.0'",
      /^3: option netmask .*"255\.0\.255\.0"/,
    ],
    [
      "option proto 'static'\n option gateway 'fe80::1'",
      /^3: option gateway .* is no IPv4 address$/,
    ],
    ["option proto 'static'\n option metric '-1'", /^3: option metric '-1': "-1" is no metric/],
    [
      "option proto 'static'\n option mtu '1400'",
      /^3: option mtu '1400': the pair's file has no word/,
    ],
  ])("of an interface with %j", (lines, reason) => {
    const text = `config interface 'wan'\n ${lines}\n`;
    expect(reasonsOf({ network: { path: "/n", text } })).toEqual([expect.stringMatching(reason)]);
  });

  test.each([
    [
      "config vrrp_instance\n option vrid 1",
      /^1: config vrrp_instance: an instance without a name/,
    ],
    [
      "config globals 'globals'\n option alt_config_file '/etc/keepalived.conf'\nconfig vrrp_instance\n option name a",
      /^2: option alt_config_file .*: keepalived reads that file and nothing of this one/,
    ],
    [
      "config vrrp_instance\n option name a\n list virtual_ipaddress b",
      /^3: list virtual_ipaddress 'b': there is no ipaddress section with the name b$/,
    ],
    ["config peer\n option name a", /^1: config peer: no instance names it/],
    [
      "config virtual_server\nconfig virtual_server",
      /^1: config 2 virtual_server: the pair's file has no word for it/,
    ],
    [
      "config vrrp_instance\n option name a\n list virtual_routes r\nconfig route\n option name r\n option address 10.0.0.0/8",
      /^4: config route: only default routes go with the role/,
    ],
    [
      "config vrrp_sync_group\n option name g\n list group a\nconfig vrrp_instance\n option name a\n list track_interface t\nconfig track_interface\n option name t\n option value e\n option weight 5",
      /^1: config vrrp_sync_group: without global_tracking keepalived ignores the weights/,
    ],
    ["config vrrp_script\n option name a", /^1: config vrrp_script: a check needs a name/],
  ])("of keepalived with %j", (text, reason) => {
    expect(reasonsOf({ keepalived: { path: "/k", text } })).toEqual([
      expect.stringMatching(reason),
    ]);
  });
});

describe.each([
  [HOME, "alpha"],
  [HOME, "beta"],
  [OFFICE, "alpha"],
] as const)("files of $0.name rendered for $1 and read again", (pair, node) => {
  const own = pair.routers.find(({ name }) => name === node)!;
  const { files } = renderUciFiles(pair, node, [
    { package: "network", path: "/network", text: "" },
    { package: "dhcp", path: "/dhcp", text: "" },
    { package: "firewall", path: "/firewall", text: "" },
    { package: "keepalived", path: "/keepalived", text: "" },
  ]);
  const { facts } = importFiles(files);

  test("give the networks with their own addresses and gateways", () => {
    expect(facts!.name?.value).toBe(node);
    expect(
      facts!.networks.map((network) => [
        network.name,
        network.interface,
        network.addresses.map(({ value }) => formatPrefix(value)),
        network.gateways.map(({ value }) => value),
        network.translates?.value ?? false,
      ]),
    ).toEqual(
      pair.networks.map((network) => [
        network.name,
        network.interfaces[node],
        own.addresses[network.name]!.map(formatPrefix),
        network.gateways,
        network.translates,
      ]),
    );
  });

  test("give the pools with their fixed leases", () => {
    for (const [index, { dhcp }] of pair.networks.entries()) {
      const read = facts!.networks[index]!.dhcp;
      if (dhcp === undefined) expect(read).toBeUndefined();
      else {
        const { domain, ...rest } = dhcp;
        expect(read).toMatchObject(domain === undefined ? rest : dhcp);
      }
    }
  });

  test("give the election", () => {
    const { priority } = own;
    for (const instance of facts!.instances) {
      const network = pair.networks.find(({ name }) => instance.name.replace(/-6$/, "") === name)!;
      const isIpv6 = instance.name.endsWith("-6");
      expect(instance).toMatchObject({
        interface: network.interfaces[node],
        version: { value: isIpv6 ? 3 : pair.election.version },
        vrid: { value: isIpv6 ? network.vrid6 : network.vrid },
        priority: { value: priority },
        interval: { value: pair.election.interval },
        preempt: { value: pair.election.preempt },
      });
      expect(instance.addresses.map(({ value }) => value)).toEqual(
        network.addresses.filter(({ address }) => address.includes(":") === isIpv6),
      );
    }
    expect(facts!.groups.map(({ name, members }) => [name, members])).toEqual([
      [pair.election.groupName, facts!.instances.map(({ name }) => name)],
    ]);
  });
});
