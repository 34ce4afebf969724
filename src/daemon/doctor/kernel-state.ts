/** Links, addresses, default routes and kernel parameters, as they are now. Reads only. */
import {
  type AddressSeen,
  type DefaultRouteSeen,
  type LinkSeen,
  type Snapshot,
  sysctlName,
} from "../../check/doctor/snapshot.ts";
import { SyscallError } from "../../kernel/errno.ts";
import { RouteNetlink } from "../../kernel/route-netlink.ts";
import { readSysctl } from "../../kernel/sysctl.ts";
import type { InstanceConfig } from "../../vrrp/config.ts";
import type { LinkEntry, RouteEntry } from "../../wire/rtnetlink/entries.ts";
import type { Gaps } from "./gaps.ts";

type Network = Pick<Snapshot, "links" | "addresses" | "defaultRoutes"> & {
  /** Index by name, of Ethernet links. */
  readonly indexes: ReadonlyMap<string, number>;
};

const MAIN_TABLE = 254;
const SECONDARY = 0x01;
const ETHERNET = 1;

export function readNetwork(gaps: Gaps): Network {
  const nothing = { links: null, addresses: null, defaultRoutes: null, indexes: new Map() };
  const what = "interfaces, addresses and routes";
  return gaps.attempt<Network>(
    what,
    () => {
      const kernel = RouteNetlink.open();
      try {
        return seeNetwork(kernel);
      } finally {
        kernel.close();
      }
    },
    nothing,
  );
}

function seeNetwork(kernel: RouteNetlink): Network {
  const links = kernel.links();
  const names = new Map(links.map(({ index, name }) => [index, name]));
  const addresses = kernel.addresses().map(
    ({ index, address, prefixLength, flags }): AddressSeen => ({
      interface: names.get(index) ?? "",
      address,
      prefixLength,
      secondary: (flags & SECONDARY) !== 0,
    }),
  );
  const routes = kernel
    .routes()
    .filter(
      ({ type, destination, table }) =>
        type === "unicast" && destination.length === 0 && table === MAIN_TABLE,
    );
  const ethernet = links.filter(({ hardwareType }) => hardwareType === ETHERNET);
  return {
    links: links.map((link) => linkSeen(link, names)),
    addresses,
    defaultRoutes: routes.map((route) => routeSeen(route, names)),
    indexes: new Map(ethernet.map(({ name, index }) => [name, index])),
  };
}

function linkSeen(link: LinkEntry, names: ReadonlyMap<number, string>): LinkSeen {
  const { name, up, running, mtu, mac, kind } = link;
  const master = link.master === undefined ? undefined : names.get(link.master);
  return {
    name,
    up,
    running,
    mtu,
    ...(mac && { mac }),
    ...(kind !== undefined && { kind }),
    ...(master !== undefined && { master }),
  };
}

function routeSeen(route: RouteEntry, names: ReadonlyMap<number, string>): DefaultRouteSeen {
  const [first] = route.nexthops;
  const gateway = route.gateway ?? first?.gateway;
  const device = names.get(route.index ?? first?.index ?? 0);
  const { family, metric } = route;
  return {
    family,
    metric,
    ...(gateway && { gateway }),
    ...(device !== undefined && { interface: device }),
  };
}

const GENERAL: readonly string[] = [
  "net.ipv4.ip_forward",
  "net.ipv6.conf.all.forwarding",
  "net.ipv4.conf.all.rp_filter",
  "net.ipv4.conf.all.arp_ignore",
  ...["max", "count", "buckets", "events", "acct", "timestamp", "tcp_be_liberal", "tcp_loose"].map(
    (name) => `net.netfilter.nf_conntrack_${name}`,
  ),
];

/** General ones, and those of the interfaces that instances are on. One that does not exist is left out. */
export function readParameters(
  instances: readonly InstanceConfig[],
  gaps: Gaps,
): Snapshot["sysctls"] {
  const devices = [...new Set(instances.map((instance) => instance.interface))];
  const names = [
    ...GENERAL,
    ...devices.flatMap((device) => [
      sysctlName("net.ipv4.conf", device, "forwarding"),
      sysctlName("net.ipv4.conf", device, "rp_filter"),
      sysctlName("net.ipv4.conf", device, "arp_ignore"),
      sysctlName("net.ipv6.conf", device, "forwarding"),
    ]),
  ];
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = gaps.attempt(`the kernel parameter ${name}`, () => readOne(name), undefined);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** In the name dots separate and slashes stand for dots; in the path it is the other way round. */
function readOne(name: string): string | undefined {
  const path = name.replaceAll(/[./]/g, (letter) => (letter === "." ? "/" : "."));
  try {
    return readSysctl(path);
  } catch (error) {
    if (error instanceof SyscallError && error.code === "ENOENT") return undefined;
    throw error;
  }
}
