/** A router that nothing is wrong with, as `duet doctor` sees it, and rules of nftables as nft prints them. */

import type { Mac } from "../../src/base/mac.ts";
import { seconds } from "../../src/base/time.ts";
import { diagnose } from "../../src/check/doctor/doctor.ts";
import type { DoctorFinding, Expectation } from "../../src/check/doctor/finding.ts";
import type {
  DaemonSeen,
  LinkSeen,
  Snapshot,
  SpeakerSeen,
} from "../../src/check/doctor/snapshot.ts";
import { replicationOf } from "./conntrackd-files.ts";
import { modelOf } from "./keepalived-files.ts";
import { ip } from "./vrrp-config.ts";

const KEEPALIVED = `
vrrp_sync_group G1 {
  group {
    E1
    I1
  }
}
vrrp_instance I1 {
  interface br-lan
  virtual_router_id 51
  virtual_ipaddress { 192.168.1.4/24 }
}
vrrp_instance E1 {
  interface eth0.2
  virtual_router_id 52
  virtual_ipaddress { 192.168.0.4/24 }
  virtual_routes {
    0.0.0.0/0 via 192.168.0.1 dev eth0.2 metric 5
  }
}
`;

const CONNTRACKD = `
Sync {
  Mode FTFW { }
  UDP {
    IPv4_address 10.255.0.1
    IPv4_Destination_Address 10.255.0.2
    Port 3780
    Interface eth3
  }
}
General {
  HashLimit 131072
  UNIX { Path /nowhere/duet.ctl }
}
`;

export const PEER_MAC = "02:00:00:00:00:0b" as Mac;

export const EXPECTATION: Expectation = {
  model: modelOf(KEEPALIVED.replaceAll("{ 1", "{\n1").replaceAll("4 }", "4\n}")),
  replication: replicationOf(CONNTRACKD),
  peers: [ip("192.168.1.3"), ip("192.168.0.3"), ip("10.255.0.2")],
  files: ["/etc/duet/duet.yaml"],
  local: [],
};

/** The same pair from another keepalived.conf. */
export const expecting = (
  change: Partial<Expectation>,
  instance: (one: Expectation["model"]["vrrp"]["instances"][number]) => object = () => ({}),
): Expectation => {
  const expectation = { ...EXPECTATION, ...change };
  const { model } = expectation;
  const instances = model.vrrp.instances.map((one) => ({ ...one, ...instance(one) }));
  return { ...expectation, model: { ...model, vrrp: { ...model.vrrp, instances } } };
};

const link = (name: string, last: string, more: Partial<LinkSeen> = {}): LinkSeen => ({
  name,
  up: true,
  running: true,
  mtu: 1_500,
  mac: `02:00:00:00:00:${last}` as Mac,
  ...more,
});

const instance = (name: string): DaemonSeen["instances"][number] => ({
  name,
  state: "backup",
  faults: [],
  counters: { refused: {} },
});

export const DAEMON: DaemonSeen = {
  node: { pid: 1, configFiles: ["/etc/duet/duet.yaml"], realtime: {} },
  instances: [instance("I1"), instance("E1")],
  trackers: [{ tracker: "script:internet", value: "up", detail: null }],
  replication: { problems: [], peerKernel: { max: 65_536 } },
};

/** The daemon in another state. */
export const daemonIn = (state: string): DaemonSeen => ({
  ...DAEMON,
  instances: DAEMON.instances.map((one) => ({ ...one, state })),
});

export const address = (
  device: string,
  text: string,
  secondary = false,
): NonNullable<Snapshot["addresses"]>[number] => ({
  interface: device,
  address: ip(text),
  prefixLength: 24,
  secondary,
});

/** The active router of the pair, heard on the LAN. */
export const SPEAKER: SpeakerSeen = {
  interface: "br-lan",
  family: 4,
  mac: PEER_MAC,
  source: ip("192.168.1.3"),
  destination: ip("224.0.0.18"),
  ttl: 255,
  version: 2,
  vrid: 51,
  priority: 100,
  interval: seconds(1),
  authentication: "none",
  addresses: [ip("192.168.1.4")],
};

export const HEALTHY: Snapshot = {
  sysctls: {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.br-lan.forwarding": "1",
    "net.ipv4.conf.eth0/2.forwarding": "1",
    "net.netfilter.nf_conntrack_max": "65536",
    "net.netfilter.nf_conntrack_buckets": "16384",
    "net.netfilter.nf_conntrack_count": "120",
    "net.netfilter.nf_conntrack_events": "2",
    "net.netfilter.nf_conntrack_tcp_be_liberal": "0",
    "net.netfilter.nf_conntrack_tcp_loose": "1",
  },
  links: [
    link("lo", "00"),
    link("br-lan", "01", { kind: "bridge" }),
    link("eth1", "02", { master: "br-lan" }),
    link("eth0.2", "03", { kind: "vlan" }),
    link("eth3", "04"),
  ],
  addresses: [
    address("br-lan", "192.168.1.2"),
    address("eth0.2", "192.168.0.2"),
    address("eth3", "10.255.0.1"),
  ],
  defaultRoutes: [],
  ruleset: null,
  modules: [],
  legacyTables: [],
  clockSynchronised: true,
  keptPaths: null,
  programs: [],
  daemon: DAEMON,
  speakers: [SPEAKER],
  probes: [
    { interface: "br-lan", address: ip("192.168.1.4"), macs: [PEER_MAC] },
    { interface: "br-lan", address: ip("192.168.1.3"), macs: [PEER_MAC] },
  ],
  unseen: [],
};

export const diagnosis = (
  change: Partial<Snapshot>,
  expectation: Expectation = EXPECTATION,
): readonly DoctorFinding[] => diagnose({ ...HEALTHY, ...change }, expectation);

/** "error code" or "warning code" of each finding. */
export const codesOf = (findings: readonly DoctorFinding[]): readonly string[] =>
  findings.map(({ severity, code }) => `${severity} ${code}`);

type Expression = readonly unknown[];

/** `nft -j list ruleset` of one table with chains: [base chain or undefined, rules]. */
export function ruleset(
  chains: Readonly<
    Record<string, readonly [base: object | undefined, rules: readonly Expression[]]>
  >,
  {
    family = "inet",
    sets = [],
  }: { readonly family?: string; readonly sets?: readonly object[] } = {},
): NonNullable<Snapshot["ruleset"]> {
  const table = "fw4";
  let handle = 10;
  const items: object[] = [{ table: { family, name: table } }, ...sets];
  const listing: string[] = [`table ${family} ${table} { # handle 1`];
  for (const [name, [base]] of Object.entries(chains))
    items.push({ chain: { family, table, name, handle: 1, ...base } });
  for (const [name, [base, rules]] of Object.entries(chains)) {
    listing.push(`\tchain ${name} { # handle 1`);
    if (base !== undefined)
      listing.push("\t\ttype filter hook input priority filter; policy drop;");
    for (const expr of rules) {
      handle += 1;
      items.push({ rule: { family, table, chain: name, handle, expr } });
      listing.push(`\t\trule ${handle} of ${name} # handle ${handle}`);
    }
    listing.push("\t}");
  }
  return { json: { nftables: items }, listing: [...listing, "}"].join("\n") };
}

export const match = (left: object, right: unknown, op = "=="): object => ({
  match: { op, left, right },
});
export const meta = (key: string): object => ({ meta: { key } });
export const payload = (protocol: string, field: string): object => ({
  payload: { protocol, field },
});
export const ct = (key: string): object => ({ ct: { key } });
export const ACCEPT = { accept: null };
export const DROP = { drop: null };
export const jump = (target: string): object => ({ jump: { target } });
export const INPUT = { type: "filter", hook: "input", prio: 0, policy: "drop" };
export const OPEN_INPUT = { ...INPUT, policy: "accept" };
