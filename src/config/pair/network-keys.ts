/** Keys of duet.yaml about networks, and DHCP on them. */
import type { IpAddress, Prefix } from "../../base/ip.ts";
import type { Mac } from "../../base/mac.ts";
import { type Duration, seconds } from "../../base/time.ts";
import { LEASE, METRIC_MAX } from "./defaults.ts";
import { type Kind, oneOrMore, shapes } from "./kinds.ts";
import { type Draft, type Fields, type Named, named, record } from "./maps.ts";
import type { Many } from "./reading.ts";
import {
  ADDRESS,
  BOOLEAN,
  duration,
  HOST_PREFIX,
  INTERFACE_NAME,
  integer,
  MAC,
  word,
} from "./scalars.ts";
import { durationText } from "./units.ts";

const ADDRESSES_MAX = 64;
const HOSTS_MAX = 2_000;

export interface HostKeys {
  readonly mac: Mac;
  readonly address: IpAddress;
}

export const HOST_KEYS: Fields<HostKeys> = {
  mac: { kind: MAC, doc: "Ethernet address of the host.", initial: undefined },
  address: { kind: ADDRESS, doc: "The address that it always gets.", initial: undefined },
};

export interface DhcpKeys {
  readonly first: IpAddress;
  readonly last: IpAddress;
  readonly lease: Duration;
  readonly router: Many<IpAddress>;
  readonly dns: Many<IpAddress>;
  readonly domain: string;
  readonly force: boolean;
  readonly hosts: Named<Draft<HostKeys>>;
}

const DOMAIN = /^(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$/;
const ONE_OR_MORE = "a list of addresses";

export const DHCP_KEYS: Fields<DhcpKeys> = {
  first: {
    kind: ADDRESS,
    doc: "First address of the pool; `last` goes with it.",
    initial: ".100, or the first free one of a network smaller than /24",
  },
  last: { kind: ADDRESS, doc: "Last address of the pool.", initial: ".249, or the last free one" },
  lease: {
    kind: duration({ min: seconds(120), max: seconds(31_536_000), step: seconds(1) }),
    doc: "How long an address is lent.",
    initial: durationText(LEASE),
  },
  router: {
    kind: oneOrMore(ADDRESS, ONE_OR_MORE, { max: 8 }),
    doc: "Gateways that the hosts are told (option 3).",
    initial: "the virtual address",
  },
  dns: {
    kind: oneOrMore(ADDRESS, ONE_OR_MORE, { max: 8 }),
    doc: "Name servers that the hosts are told (option 6).",
    initial: "the virtual address",
  },
  domain: {
    kind: word(DOMAIN, "a domain name such as home.arpa"),
    doc: "Domain of the network.",
    initial: "none",
  },
  force: {
    kind: BOOLEAN,
    doc: "Both routers answer, although each of them hears the other one's answers.",
    initial: "true",
  },
  hosts: {
    kind: named(record(HOST_KEYS, "a map with mac and address"), {
      form: "a map from host names to { mac: …, address: … }",
      max: HOSTS_MAX,
    }),
    doc: "Hosts that always get the same address, by name.",
    initial: "none",
  },
};

/** By router name, or one for both. */
type PerRouter<T> = T | Named<T>;

export interface NetworkKeys {
  readonly interface: PerRouter<string>;
  readonly address: Many<Prefix>;
  readonly unadvertised: Many<Prefix>;
  readonly gateway: Many<IpAddress>;
  readonly metric: number;
  readonly translate: boolean;
  readonly vrid: number;
  readonly vrid6: number;
  readonly dhcp: boolean | Draft<DhcpKeys>;
}

const PREFIXES = "a list of such addresses";
const VRID: Kind<number> = integer(1, 255);

export const NETWORK_KEYS: Fields<NetworkKeys> = {
  interface: {
    kind: shapes({
      scalar: INTERFACE_NAME,
      map: named(INTERFACE_NAME, { form: "a map from both router names to such names", max: 2 }),
    }),
    doc: "Linux interface on both routers, or by router name where they differ.",
    initial: undefined,
  },
  address: {
    kind: oneOrMore(HOST_PREFIX, PREFIXES, { max: ADDRESSES_MAX }),
    doc: "Virtual addresses, IPv4 and IPv6: the active router has them. A network without them is a dedicated link.",
    initial: "none",
  },
  unadvertised: {
    kind: oneOrMore(HOST_PREFIX, PREFIXES, { max: ADDRESSES_MAX }),
    doc: "Virtual addresses that advertisements do not name; those of other subnets belong here, too.",
    initial: "none",
  },
  gateway: {
    kind: oneOrMore(ADDRESS, "a list of one address a family", { max: 2 }),
    doc: "Next hop of the default route that the active router has; one a family.",
    initial: "none",
  },
  metric: { kind: integer(0, METRIC_MAX), doc: "Metric of that route.", initial: "the kernel's" },
  translate: {
    kind: BOOLEAN,
    doc: "What leaves here gets the virtual IPv4 address as its source (SNAT).",
    initial: "true where there is an IPv4 gateway",
  },
  vrid: {
    kind: VRID,
    doc: "Virtual router identifier, different from those of other pairs on this network.",
    initial: "follows from the names of pair and network",
  },
  vrid6: { kind: VRID, doc: "The same for IPv6.", initial: "vrid" },
  dhcp: {
    kind: shapes({ scalar: BOOLEAN, map: record(DHCP_KEYS, "a map of DHCP settings") }),
    doc: "Addresses are lent to hosts on this network (dnsmasq); `true` stands for the defaults.",
    initial: "false",
  },
};
