/** Pairs to render files from, complete as a reader makes them. */
import { type IpAddress, type Prefix, parseIp, parsePrefix } from "../../src/base/ip.ts";
import { milliseconds, seconds } from "../../src/base/time.ts";
import type { PairConfig, PairNetwork, PairRouter } from "../../src/config/pair/model.ts";

const ip = (text: string): IpAddress => {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
};

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(`${text} is no prefix`);
  return parsed;
};

const both = (name: string): PairNetwork["interfaces"] => ({ alpha: name, beta: name });

const router = (
  name: string,
  addresses: Readonly<Record<string, readonly string[]>>,
): PairRouter => ({
  name,
  priority: 100,
  addresses: Object.fromEntries(
    Object.entries(addresses).map(([network, list]) => [network, list.map(prefix)]),
  ),
});

const network = (name: string, device: string, rest: Partial<PairNetwork> = {}): PairNetwork => ({
  name,
  interfaces: both(device),
  addresses: [],
  unadvertised: [],
  gateways: [],
  metric: undefined,
  translates: false,
  vrid: 51,
  vrid6: 51,
  // Nobody writes a VRID for a dedicated link.
  vridIsChosen: rest.addresses === undefined,
  dhcp: undefined,
  ...rest,
});

/** LAN and WAN with one virtual address each, and a cable between the routers. */
export const HOME: PairConfig = {
  name: "home",
  secretFile: "/etc/duet/secret",
  routers: [
    router("alpha", {
      lan: ["192.168.1.2/24"],
      wan: ["192.168.0.2/24"],
      link: ["10.255.0.1/30"],
    }),
    router("beta", {
      lan: ["192.168.1.3/24"],
      wan: ["192.168.0.3/24"],
      link: ["10.255.0.2/30"],
    }),
  ],
  networks: [
    network("lan", "br-lan", {
      addresses: [prefix("192.168.1.4/24")],
      dhcp: {
        first: ip("192.168.1.100"),
        last: ip("192.168.1.249"),
        lease: seconds(43_200),
        router: [ip("192.168.1.4")],
        dns: [ip("192.168.1.4")],
        domain: undefined,
        force: true,
        hosts: [],
      },
    }),
    network("wan", "eth0.2", {
      addresses: [prefix("192.168.0.4/24")],
      gateways: [ip("192.168.0.1")],
      metric: 5,
      translates: true,
    }),
    network("link", "sync"),
  ],
  election: {
    version: 3,
    interval: seconds(1),
    preempt: false,
    preemptDelay: seconds(30),
    authentication: { type: "none" },
    unicast: false,
    together: true,
    groupName: "home",
  },
  tracking: { interfaces: [], checks: [] },
  replication: {
    mode: "ftfw",
    links: ["link"],
    port: 3_780,
    filter: {
      protocols: undefined,
      ignoredAddresses: ["127.0.0.1/32", "::1/128", "192.168.1.2/32", "192.168.1.3/32"].map(prefix),
      tcpStates: undefined,
      place: "userspace",
    },
    externalCache: true,
    loadAhead: true,
    commitTimeout: undefined,
    purgeTimeout: seconds(5),
    startupResync: true,
    expectations: false,
    hashSize: 65_536,
    hashLimit: 262_144,
    socketBuffer: 1_249_280,
    takeoverWait: seconds(2),
  },
  hooks: { active: undefined, backup: undefined, fault: undefined, stop: undefined },
  fencing: seconds(2),
};

/** Everything that can be said, over both families, with the names of interfaces differing. */
export const OFFICE: PairConfig = {
  ...HOME,
  name: "office",
  routers: [
    {
      ...router("alpha", {
        lan: ["192.168.1.2/24", "2001:db8:1::2/64"],
        guest: ["192.168.9.2/25"],
        wan: ["192.0.2.2/24", "fe80::2/64"],
        link: ["fd00::1/64"],
        spare: ["10.255.1.1/30"],
      }),
      priority: 150,
    },
    router("beta", {
      lan: ["192.168.1.3/24", "2001:db8:1::3/64"],
      guest: ["192.168.9.3/25"],
      wan: ["192.0.2.3/24", "fe80::3/64"],
      link: ["fd00::2/64"],
      spare: ["10.255.1.2/30"],
    }),
  ],
  networks: [
    network("lan", "br-lan", {
      interfaces: { alpha: "br-lan", beta: "eth1" },
      addresses: ["192.168.1.4/24", "fe80::4/64", "2001:db8:1::4/64"].map(prefix),
      unadvertised: ["192.168.1.5/24", "2001:db8:1::5/64"].map(prefix),
      dhcp: {
        first: ip("192.168.1.50"),
        last: ip("192.168.1.99"),
        lease: seconds(1_800),
        router: [ip("192.168.1.4")],
        dns: [ip("192.168.1.4"), ip("9.9.9.9")],
        domain: "office.example",
        force: false,
        hosts: [{ name: "printer", mac: "02:00:00:00:00:09", address: ip("192.168.1.9") }],
      },
    }),
    network("guest", "vlan9", {
      addresses: [prefix("192.168.9.4/25")],
      vrid: 9,
      dhcp: {
        first: ip("192.168.9.10"),
        last: ip("192.168.9.100"),
        lease: seconds(90),
        router: [ip("192.168.9.4")],
        dns: [],
        domain: undefined,
        force: true,
        hosts: [],
      },
    }),
    network("wan", "eth0.2", {
      addresses: ["192.0.2.4/24", "fe80::9/64", "2001:db8:2::4/64"].map(prefix),
      gateways: [ip("192.0.2.1"), ip("fe80::1")],
      translates: true,
      vrid: 7,
      vrid6: 8,
    }),
    network("link", "sync"),
    network("spare", "eth3"),
  ],
  election: {
    ...HOME.election,
    version: 2,
    interval: seconds(2),
    preempt: true,
    authentication: { type: "pass", password: "s3cret" },
    groupName: "all",
  },
  tracking: {
    interfaces: [
      { name: "eth5", weight: 0 },
      { name: "eth6", weight: -20 },
    ],
    checks: [
      {
        type: "script",
        name: "internet",
        command: ["/bin/ping", "-c", "1", 'it\'s "far" away', "$HOME"],
        user: "nobody",
        interval: seconds(5),
        timeout: seconds(2),
        rise: 2,
        fall: 3,
        weight: -60,
      },
      { type: "file", name: "maintenance", path: "/run/maintenance", weight: 1 },
      { type: "process", name: "resolver", process: "dnsmasq", quorum: 1, weight: -5 },
    ],
  },
  replication: {
    ...HOME.replication!,
    links: ["link", "spare"],
    port: 3_781,
    filter: {
      protocols: ["TCP", "UDP", "ICMP", "IPv6-ICMP"],
      ignoredAddresses: ["127.0.0.1/32", "192.168.0.0/16", "fe80::/10"].map(prefix),
      tcpStates: ["ESTABLISHED", "CLOSED", "TIME_WAIT", "CLOSE_WAIT"],
      place: "kernelspace",
    },
    commitTimeout: seconds(180),
    startupResync: false,
    expectations: true,
    hashSize: 8_192,
    hashLimit: 65_536,
  },
  hooks: {
    active: ["/usr/local/sbin/tell", "office is active here"],
    backup: undefined,
    fault: ["/usr/local/sbin/tell", "fault"],
    stop: ["/usr/local/sbin/tell", "stop"],
  },
  fencing: undefined,
};

/** Each network by itself, over unicast, without replication. */
export const APART: PairConfig = {
  ...HOME,
  name: "apart",
  election: { ...HOME.election, together: false, unicast: true, interval: milliseconds(250) },
  replication: undefined,
  hooks: { ...HOME.hooks, backup: ["/bin/true"] },
};
