/** The files of a pair without findings, to be spoilt one thing at a time, and what is found in them. */
import type { Finding } from "../../src/check/finding.ts";
import { recogniseFile } from "../../src/check/recognition.ts";
import { type RouterReading, readRouter } from "../../src/check/router-files.ts";
import { checkSite } from "../../src/check/site.ts";
import { filesFrom } from "./keepalived-files.ts";

export type Files = Readonly<Record<string, string>>;

interface Router {
  readonly priority: number;
  readonly lan: string;
  readonly wan: string;
  readonly link: string;
  readonly peer: string;
  readonly peerWan: string;
}

const keepalived = ({ priority }: Router): string => `vrrp_sync_group G1 {
  group {
    I1
    E1
  }
  notify_master "/etc/keepalived/primary.sh primary"
}
vrrp_instance I1 {
  interface br-lan
  virtual_router_id 51
  priority ${priority}
  nopreempt
  virtual_ipaddress {
    192.168.1.4/24
  }
}
vrrp_instance E1 {
  interface eth0.2
  virtual_router_id 52
  priority ${priority}
  nopreempt
  virtual_ipaddress {
    192.168.0.4/24
  }
  virtual_routes {
    src 192.168.0.4 to 0.0.0.0/0 via 192.168.0.1 dev eth0.2 metric 5
  }
}
`;

const conntrackd = ({ link, peer }: Router): string => `Sync {
  Mode FTFW {
  }
  UDP {
    IPv4_address ${link}
    IPv4_Destination_Address ${peer}
    Port 3780
    Interface eth3
  }
}
General {
  HashLimit 131072
  Filter From Userspace {
    Address Ignore {
      IPv4_address 127.0.0.1
      IPv4_address 192.168.1.0/28
      IPv4_address 192.168.0.0/28
      IPv4_address 10.255.0.0/30
    }
  }
}
`;

const network = ({ lan, wan, link }: Router): string => `config interface 'lan'
  option device 'br-lan'
  option proto 'static'
  option ipaddr '${lan}'
  option netmask '255.255.255.0'
config interface 'wan'
  option device 'eth0.2'
  option proto 'static'
  option ipaddr '${wan}/24'
config interface 'sync'
  option device 'eth3'
  option proto 'static'
  list ipaddr '${link}/30'
`;

const DHCP = `config dhcp 'lan'
  option interface 'lan'
  option start '100'
  option limit '100'
  option force '1'
  list dhcp_option '3,192.168.1.4'
  list dhcp_option '6,192.168.1.4'
config host
  option name 'printer'
  option mac '02:00:00:00:00:01'
  option ip '192.168.1.30'
`;

const firewall = ({ peerWan, peer }: Router): string => `config defaults
  option input 'REJECT'
config zone
  option name 'lan'
  list network 'lan'
  option input 'ACCEPT'
config zone
  option name 'wan'
  list network 'wan'
  option input 'REJECT'
config zone
  option name 'sync'
  list network 'sync'
  option input 'REJECT'
config nat
  option src 'wan'
  option proto 'all'
  option target 'SNAT'
  option snat_ip '192.168.0.4'
config rule
  option src 'wan'
  option src_ip '${peerWan}'
  option proto '112'
  option target 'ACCEPT'
config rule
  option src 'sync'
  option src_ip '${peer}'
  option proto 'udp'
  option dest_port '3780'
  option target 'ACCEPT'
`;

const filesOf = (router: Router): Files => ({
  "etc/keepalived/keepalived.conf": keepalived(router),
  "etc/keepalived/primary.sh": "#!/bin/sh\nconntrackd -c\n",
  "etc/conntrackd/conntrackd.conf": conntrackd(router),
  "etc/config/network": network(router),
  "etc/config/dhcp": DHCP,
  "etc/config/firewall": firewall(router),
  "etc/config/keepalived":
    "config globals 'globals'\n  option alt_config_file '/etc/keepalived/keepalived.conf'\n",
  "etc/sysupgrade.conf": "/etc/keepalived/\n/etc/conntrackd/\n",
  "etc/sysctl.conf": "net.netfilter.nf_conntrack_max=65536\n",
});

export const ALPHA: Files = filesOf({
  priority: 150,
  lan: "192.168.1.2",
  wan: "192.168.0.2",
  link: "10.255.0.1",
  peer: "10.255.0.2",
  peerWan: "192.168.0.3",
});

export const BETA: Files = filesOf({
  priority: 100,
  lan: "192.168.1.3",
  wan: "192.168.0.3",
  link: "10.255.0.2",
  peer: "10.255.0.1",
  peerWan: "192.168.0.2",
});

/** Files of a router with what is in `changes` replaced, each of it where it is found first. */
export function spoilt(files: Files, name: string, ...changes: readonly [string, string][]): Files {
  const file = Object.keys(files).find((path) => path.endsWith(name));
  if (file === undefined) throw new Error(`there is no ${name}`);
  let text = files[file] ?? "";
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
    text = text.replace(from, () => to);
  }
  return { ...files, [file]: text };
}

/** Only the files whose names end like one of `names`. */
export const some = (files: Files, ...names: readonly string[]): Files =>
  Object.fromEntries(
    Object.entries(files).filter(([path]) => names.some((name) => path.endsWith(name))),
  );

const read = (name: string, files: Files): RouterReading => {
  const below = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [`${name}/${path}`, text]),
  );
  const given = Object.entries(below).map(([file, text]) => ({
    file,
    kind: recogniseFile(file, text),
  }));
  const environment = { hostName: name, variables: {} };
  return readRouter(name, given, { source: filesFrom(below), environment });
};

export interface SiteFindings {
  /** What readers of single files say: "file:line code". */
  readonly read: readonly string[];
  readonly found: readonly Finding[];
}

export function findInSite(alpha: Files, beta?: Files): SiteFindings {
  const routers = [read("alpha", alpha), ...(beta === undefined ? [] : [read("beta", beta)])];
  const readings = routers.flatMap((router) => router.readings);
  return {
    read: readings.flatMap(({ diagnostics }) =>
      diagnostics.map(({ at, code }) => `${at.file}:${at.line} ${code}`),
    ),
    found: [
      ...routers.flatMap(({ findings }) => findings),
      ...checkSite(routers.map(({ picture }) => picture)),
    ],
  };
}

/** "file:line:column severity code" of each finding beyond the readers'. */
export const placesOf = ({ found }: SiteFindings): readonly string[] =>
  found.map(({ at, severity, code }) => `${at.file}:${at.line}:${at.column} ${severity} ${code}`);
