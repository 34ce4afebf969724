/** Pairs as their reader makes them, to be changed here and there. */
import type { IpAddress, Prefix } from "../../src/base/ip.ts";
import { parseIp, parsePrefix } from "../../src/base/ip.ts";
import { seconds } from "../../src/base/time.ts";
import { defaultIgnored, ELECTION, FENCING, REPLICATION } from "../../src/config/pair/defaults.ts";
import type { UsablePair } from "../../src/config/pair/derivation.ts";
import type {
  LoadedPair,
  PairConfig,
  PairNetwork,
  PairReplication,
  PairRouter,
} from "../../src/config/pair/model.ts";

export const FILE = "/etc/duet/duet.yaml";

export const prefix = (text: string): Prefix => {
  const value = parsePrefix(text);
  if (value === undefined) throw new Error(`no prefix: ${text}`);
  return value;
};

export const address = (text: string): IpAddress => {
  const value = parseIp(text);
  if (value === undefined) throw new Error(`no address: ${text}`);
  return value;
};

/** A network on `device` of both routers with these virtual addresses, and nothing else. */
export const network = (
  name: string,
  device: string,
  addresses: readonly string[] = [],
  more: Partial<PairNetwork> = {},
): PairNetwork => ({
  name,
  interfaces: { alpha: device, beta: device },
  addresses: addresses.map((text) => prefix(text)),
  unadvertised: [],
  gateways: [],
  metric: undefined,
  translates: false,
  vrid: 51,
  vrid6: 51,
  vridIsChosen: false,
  dhcp: undefined,
  ...more,
});

const router = (name: string, host: number): PairRouter => ({
  name,
  priority: 100,
  addresses: {
    lan: [prefix(`192.168.1.${host + 1}/24`)],
    wan: [prefix(`192.168.0.${host + 1}/24`)],
    link: [prefix(`10.255.0.${host}/30`)],
  },
});

export const replication = (more: Partial<PairReplication> = {}): PairReplication => ({
  ...REPLICATION,
  links: ["link"],
  commitTimeout: undefined,
  filter: {
    protocols: undefined,
    ignoredAddresses: defaultIgnored([]),
    tcpStates: undefined,
    place: "userspace",
  },
  ...more,
});

/** The pair of the documentation: LAN, WAN with a gateway, and a dedicated link. */
export const homePair = (more: Partial<PairConfig> = {}): PairConfig => ({
  name: "home",
  secretFile: "/etc/duet/secret",
  routers: [router("alpha", 1), router("beta", 2)],
  networks: [
    network("lan", "br-lan", ["192.168.1.4/24"]),
    network("wan", "eth0.2", ["192.168.0.4/24"], {
      gateways: [address("192.168.0.1")],
      metric: 5,
      translates: true,
      vrid: 52,
    }),
    network("link", "eth3"),
  ],
  election: { ...ELECTION, groupName: "home" },
  tracking: { interfaces: [], checks: [] },
  replication: replication(),
  hooks: { active: undefined, backup: undefined, fault: undefined, stop: undefined },
  fencing: FENCING,
  ...more,
});

export const loaded = (pair: PairConfig, positions: LoadedPair["positions"] = {}): UsablePair => ({
  pair,
  diagnostics: [],
  files: [FILE],
  positions,
});

/** An election with preemption that takes five seconds. */
export const preempting = {
  ...ELECTION,
  groupName: "home",
  preempt: true,
  preemptDelay: seconds(5),
} as const;
