/**
 * The files that OpenWrt's how-to on high availability asks for, as published, on a router with OpenWrt's usual firewall:
 * every mistake by its code and place.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { type Files, findInSite, placesOf, spoilt } from "../../support/check-site.ts";

const FOLDER = path.join(import.meta.dirname, "how-to");

function filesBelow(router: string): Files {
  const folder = path.join(FOLDER, router);
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  return Object.fromEntries(
    names.toSorted().map((name) => [name, readFileSync(path.join(folder, name), "utf8")]),
  );
}

const ALPHA = filesBelow("alpha");
const BETA = filesBelow("beta");

const of = (router: string, places: readonly string[]): readonly string[] =>
  places.map((place) => `${router}/etc/${place}`);

/** What the readers of single files say on either router. */
const READ = [
  "conntrackd/conntrackd.conf:9 placeholder",
  "conntrackd/conntrackd.conf:10 placeholder",
  "conntrackd/conntrackd.conf:12 interface-name",
  "conntrackd/conntrackd.conf:20 deprecated",
  "conntrackd/conntrackd.conf:28 deprecated",
  "keepalived/keepalived.conf:13 state-case",
  "keepalived/keepalived.conf:30 state-case",
  "keepalived/keepalived.conf:12 clear-text-password",
];

/** What is found when the files of one router are read together. */
const TOGETHER = [
  // Three virtual addresses of the LAN: 10.9.8.4 in keepalived.conf, 192.168.1.4 in the options, 192.168.0.4 in the text.
  "keepalived/keepalived.conf:19:5 error virtual-outside-subnet",
  "keepalived/keepalived.conf:4:1 warning state-never-committed",
  "config/dhcp:12:2 error dhcp-option-not-virtual",
  "config/dhcp:13:2 error dhcp-option-not-virtual",
  "config/firewall:20:2 error masquerade-own-address",
  "config/firewall:17:2 error firewall-vrrp",
  "config/dhcp:5:18 warning comment-address",
];

test("the how-to as published has these mistakes on both routers", () => {
  const site = findInSite(ALPHA, BETA);
  expect(site.read).toEqual([...of("alpha", READ), ...of("beta", READ)]);
  expect(placesOf(site)).toEqual([...of("alpha", TOGETHER), ...of("beta", TOGETHER)]);
});

const KEEPALIVED = "keepalived/keepalived.conf";
const CONNTRACKD = "conntrackd/conntrackd.conf";

/** Everything that the findings ask for. */
function mended(files: Files, own: string, peer: string): Files {
  const link = spoilt(
    files,
    CONNTRACKD,
    ['"ip addr of host router"', `10.255.0.${own}`],
    ['"ip addr of partner router"', `10.255.0.${peer}`],
    ["eth*", "eth3"],
    ["    Nice -20\n", ""],
    ["        Backlog 20\n", ""],
    ["IPv4_address 127.0.0.1", "IPv4_address 127.0.0.0/8\n IPv4_address 10.255.0.0/30"],
  );
  const ignored = spoilt(link, CONNTRACKD, [
    "IPv4_address 10.255.0.0/30",
    "IPv4_address 10.255.0.0/30\n IPv4_address 192.168.0.0/30\n IPv4_address 192.168.1.0/30",
  ]);
  const election = spoilt(
    ignored,
    KEEPALIVED,
    ["10.9.8.4", "192.168.1.4"],
    ["state backup", "state BACKUP"],
    ["state backup", "state BACKUP"],
    ["  group {", '  notify_master "/etc/keepalived/primary.sh"\n  group {'],
  );
  const firewall = spoilt(
    election,
    "config/firewall",
    ["option masq '1'", "option masq '0'"],
    ["config forwarding", `${NAT}config rule\n${VRRP}config zone\n${LINK}config forwarding`],
  );
  const network = spoilt(firewall, "config/network", [
    "config interface 'wan'",
    `config interface 'sync'\n\toption device 'eth3'\n\toption ipaddr '10.255.0.${own}/30'\nconfig interface 'wan'`,
  ]);
  const dhcp = spoilt(network, "config/dhcp", ["192.168.0.4 (vip", "192.168.1.4 (vip"]);
  return {
    ...dhcp,
    "etc/keepalived/primary.sh": "#!/bin/sh\nexec conntrackd -c\n",
  };
}

const NAT =
  "config nat\n\toption src 'wan'\n\toption proto 'all'\n\toption target 'SNAT'\n\toption snat_ip '192.168.0.4'\n";
const VRRP = "\toption src 'wan'\n\toption proto '112'\n\toption target 'ACCEPT'\n";
const LINK = "\toption name 'sync'\n\tlist network 'sync'\n\toption input 'ACCEPT'\n";

test("after everything that the findings ask for, the password in clear text is left", () => {
  const site = findInSite(mended(ALPHA, "1", "2"), mended(BETA, "2", "1"));
  expect(placesOf(site)).toEqual([]);
  expect(new Set(site.read.map((text) => text.split(" ")[1]))).toEqual(
    new Set(["clear-text-password"]),
  );
});

test("without force, without the scripts in sysupgrade.conf and without alt_config_file that is told, too", () => {
  const worse = (files: Files): Files =>
    spoilt(
      spoilt(spoilt(files, "config/dhcp", ["\toption force '1'\n", ""]), "sysupgrade.conf", [
        "/etc/conntrackd/\n",
        "",
      ]),
      "config/keepalived",
      ["alt_config_file", "other"],
    );
  const codes = new Set(findInSite(worse(ALPHA), worse(BETA)).found.map(({ code }) => code));
  expect([...codes]).toEqual(
    expect.arrayContaining(["dhcp-force-missing", "sysupgrade-missing", "keepalived-conf-unused"]),
  );
});
