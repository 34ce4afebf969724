/**
 * Two routers, alpha and beta, on one or more networks, each network a switch with a client on it. Everything on the wire is
 * recorded; who holds which address is watched all the time.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { IpAddress } from "../../src/base/ip.ts";
import { ipFamily } from "../../src/base/ip.ts";
import { RouteNetlink } from "../../src/kernel/route-netlink.ts";
import { Recording } from "./interop-recording.ts";
import { until } from "./interop-waiting.ts";
import { type TestNamespace, TestNet, type TestSwitch } from "./netns.ts";
import { createPeer, type Peer, type PeerKind } from "./peers.ts";

export const ROUTERS = ["alpha", "beta"] as const;
export type RouterName = (typeof ROUTERS)[number];

export interface NetworkPlan {
  /** Of the routers in it. */
  readonly interface: string;
  /** Its addresses by owner; each with prefix length. */
  readonly alpha: readonly string[];
  readonly beta: readonly string[];
  readonly client: readonly string[];
}

/** 192.0.2.0/24 and 2001:db8::/64; alpha has the lower addresses. */
const SEGMENT: NetworkPlan = {
  interface: "eth0",
  alpha: ["192.0.2.1/24", "fe80::a/64", "2001:db8::1/64"],
  beta: ["192.0.2.2/24", "fe80::b/64", "2001:db8::2/64"],
  client: ["192.0.2.9/24", "fe80::9/64", "2001:db8::9/64"],
};

/** Generous, as the machine may be busy. Outcomes are exact. */
const SETTLED_MS = 25_000;
/** How long a router may still hold an address that its neighbour has taken over while both hear each other. */
const OVERLAP_MS = 2_000;
const SAMPLE_MS = 20;

interface Network {
  readonly plan: NetworkPlan;
  readonly switch: TestSwitch;
  readonly ports: Readonly<Record<RouterName, string>>;
  readonly recording: Recording;
}

export class Pair {
  readonly routers: Readonly<Record<RouterName, TestNamespace>>;
  readonly peers: Readonly<Record<RouterName, Peer>>;
  readonly networks: readonly Network[];
  readonly #net = new TestNet();
  readonly #folder = mkdtempSync(path.join(tmpdir(), "duet-interop-"));
  readonly #netlink: Readonly<Record<RouterName, RouteNetlink>>;
  #sampler: NodeJS.Timeout | undefined;
  /** Since when both routers have held the address. */
  readonly #bothSince = new Map<IpAddress, number>();
  readonly #overlaps: string[] = [];

  /** `label` tells the namespaces of tests that run at the same time apart; at most 6 letters. */
  constructor(
    label: string,
    kinds: Readonly<Record<RouterName, PeerKind>>,
    plans: readonly NetworkPlan[] = [SEGMENT],
  ) {
    // FRR gives up root and must still get to its files.
    chmodSync(this.#folder, 0o711);
    this.routers = this.#each((name) => this.#net.namespace(`${label}-${name.slice(0, 1)}`));
    this.networks = plans.map((plan, index) => this.#build(plan, `${label}-s${index}`));
    this.#netlink = this.#each((name) => this.routers[name].within(() => RouteNetlink.open()));
    this.peers = this.#each((name) =>
      createPeer(kinds[name], this.routers[name], path.join(this.#folder, name)),
    );
  }

  /** Starts the recordings. */
  async open(): Promise<void> {
    await Promise.all(this.networks.map(({ recording }) => recording.start()));
  }

  /** From now on two holders of one of these addresses are noted, until `unwatch`. */
  watch(...addresses: readonly string[]): void {
    clearInterval(this.#sampler);
    this.#bothSince.clear();
    const watched = addresses as readonly IpAddress[];
    this.#sampler = setInterval(() => {
      for (const address of watched) this.#sample(address);
    }, SAMPLE_MS);
  }

  unwatch(): void {
    clearInterval(this.#sampler);
  }

  /** Times at which both routers held an address for longer than a handover takes; empty is what should be. */
  get overlaps(): readonly string[] {
    return this.#overlaps;
  }

  /** The routers that have the address on an interface that works. */
  holders(address: string): readonly RouterName[] {
    return ROUTERS.filter((name) => this.#holds(name, address as IpAddress));
  }

  /** Routes of a router whose destination, gateway or source is as given, in all tables. */
  routes(name: RouterName): readonly string[] {
    return this.routers[name]
      .ip("route show")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  }

  /** Waits until exactly `holder` has all the addresses, and a client on the first network reaches them. */
  async settles(holder: RouterName, ...addresses: readonly string[]): Promise<void> {
    const state = (): string =>
      addresses.map((one) => `${one} on ${this.holders(one).join(" and ")}`).join(", ");
    const wanted = addresses.map((one) => `${one} on ${holder}`).join(", ");
    await until(() => state() === wanted, {
      what: () => `${wanted}; now ${state()}\n${this.logs()}`,
      ms: SETTLED_MS,
    });
  }

  /** True when a client on the network answers to by `address` gets an echo. */
  async reaches(address: string, network = 0): Promise<boolean> {
    const client = this.networks[network]!.switch.namespace;
    const ping = client.spawn("ping", "-q", "-c", "3", "-i", "0.2", "-w", "5", address);
    await until(() => ping.exitCode !== null, { what: () => "ping ends", ms: SETTLED_MS });
    return ping.exitCode === 0;
  }

  /** Waits until the client's neighbour table has the hardware address from which `holder` serves the address. */
  async isKnown(holder: RouterName, address: string, network = 0): Promise<void> {
    const [known, serving] = [
      () => this.neighbour(address, network),
      () => this.servingMac(holder, address),
    ];
    await until(() => serving() !== undefined && known() === serving(), {
      what: () => `${address} is known to be at ${serving()} of ${holder}; now ${known()}`,
      ms: SETTLED_MS,
    });
  }

  /** Waits until these routers, and no others, have the address. */
  async areHolders(address: string, ...names: readonly RouterName[]): Promise<void> {
    await until(() => this.holders(address).join() === names.join(), {
      what: () => `${address} on ${names.join(" and ")}; now ${this.holders(address).join()}`,
      ms: SETTLED_MS,
    });
  }

  /** Makes the client forget who has the address. */
  forget(address: string, network = 0): void {
    this.networks[network]!.switch.namespace.ip(`neighbour flush to ${address} dev br0`);
  }

  /** The hardware address that the client's neighbour table has for the address. */
  neighbour(address: string, network = 0): string | undefined {
    const client = this.networks[network]?.switch.namespace;
    const entries = client?.ipJson(`neighbour show to ${address} dev br0`) ?? [];
    return (entries as readonly { readonly lladdr?: string }[])[0]?.lladdr;
  }

  /** Hardware address from which a router serves the address. */
  servingMac(name: RouterName, address: string): string | undefined {
    const netlink = this.#netlink[name];
    const entry = netlink.addresses().find((one) => one.address === address);
    return netlink.links().find(({ index }) => index === entry?.index)?.mac;
  }

  /** Pulls a router's cable: it loses its carrier. */
  pull(name: RouterName, network = 0): void {
    this.#port(name, network, "link set", "down");
  }

  plug(name: RouterName, network = 0): void {
    this.#port(name, network, "link set", "up");
  }

  /** Stops a port from forwarding while the carrier stays, as a fault in a switch further away does. */
  silence(name: RouterName, network = 0): void {
    this.#port(name, network, "link set", "nomaster");
  }

  hear(name: RouterName, network = 0): void {
    this.#port(name, network, "link set", "master br0");
  }

  logs(): string {
    return ROUTERS.map(
      (name) => `--- ${name}, ${this.peers[name].kind}\n${this.peers[name].log}`,
    ).join("\n");
  }

  async close(): Promise<void> {
    this.unwatch();
    for (const name of ROUTERS) this.peers[name].kill();
    await Promise.all(this.networks.map(({ recording }) => recording.stop()));
    for (const name of ROUTERS) this.#netlink[name].close();
    this.#net.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #each<T>(make: (name: RouterName) => T): Record<RouterName, T> {
    return { alpha: make("alpha"), beta: make("beta") };
  }

  #build(plan: NetworkPlan, name: string): Network {
    const middle = this.#net.switch(name);
    const ports = this.#each((router) => middle.plug(this.routers[router], plan.interface));
    for (const router of ROUTERS) configure(this.routers[router], plan.interface, plan[router]);
    configure(middle.namespace, "br0", plan.client);
    const file = path.join(this.#folder, `${name}.pcapng`);
    return { plan, switch: middle, ports, recording: new Recording(middle.namespace, "br0", file) };
  }

  #port(name: RouterName, network: number, before: string, after: string): void {
    const { switch: middle, ports } = this.networks[network]!;
    middle.namespace.ip(`${before} ${ports[name]} ${after}`);
  }

  #holds(name: RouterName, address: IpAddress): boolean {
    const netlink = this.#netlink[name];
    const entry = netlink.addresses(ipFamily(address)).find((one) => one.address === address);
    if (entry === undefined) return false;
    // FRR leaves its addresses on a macvlan that it takes out of service.
    const link = netlink.links().find(({ index }) => index === entry.index);
    return link?.kind !== "macvlan" || link.running;
  }

  #sample(address: IpAddress): void {
    const now = performance.now();
    if (this.holders(address).length < 2) {
      this.#bothSince.delete(address);
      return;
    }
    const since = this.#bothSince.get(address) ?? now;
    this.#bothSince.set(address, since);
    if (now - since > OVERLAP_MS)
      this.#overlaps.push(`${address} on both for ${Math.round(now - since)} ms`);
  }
}

function configure(place: TestNamespace, device: string, addresses: readonly string[]): void {
  const isOwnLinkLocal = addresses.some((address) => address.startsWith("fe80:"));
  if (isOwnLinkLocal) place.ip(`addr flush dev ${device} scope link`);
  for (const address of addresses)
    place.ip(`addr add ${address} dev ${device}${address.includes(":") ? " nodad" : ""}`);
}
