/** A router whose flows are replicated to another one, and a source of new flows in front of it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ControlClient } from "../src/control/client.ts";
import { oneByOne, waitUntil } from "../src/lab/waiting.ts";
import { type TestNamespace, TestNet, type TestSwitch } from "../test/support/netns.ts";
import { createPeer, type Peer } from "../test/support/peers.ts";
import { Replicator } from "../test/support/replication-peers.ts";
import { type FlowOrder, FlowSource } from "./flow-source.ts";
import type { Contestant } from "./report.ts";
import { configOf } from "./site.ts";

const SETTINGS = { general: "HashSize 65536\n  HashLimit 524288" } as const;
const SETTLED_MS = 60_000;
const FORGOTTEN_MS = 10_000;
const QUIET_MS = 1_500;
const ELECTION = { instances: 1, version: 3, interval: 0.1 } as const;
/** Addresses of the source's flows begin with 10.64. */
const [SOURCE_NET, SOURCE_FIRST] = [10, 64] as const;
const [ENDED_AT_ONCE, ENDED_PREFIX] = [8_192, 19] as const;

export interface Sent {
  readonly flows: number;
  /** Flows a second, as they really were. */
  readonly rate: number;
}

export class FlowSite {
  readonly active: Replicator;
  readonly backup: Replicator;
  readonly middle: TestSwitch;
  readonly folder: string = mkdtempSync(path.join(tmpdir(), "duet-bench-"));
  readonly #net = new TestNet();
  readonly #source: FlowSource;
  readonly #electors: Peer[] = [];

  private constructor(contestant: Contestant) {
    const [alpha, beta] = [this.#net.namespace("a"), this.#net.namespace("b")];
    this.#net.cable(alpha, "sync", beta, "sync");
    alpha.ip("addr add 10.255.0.1/30 dev sync");
    beta.ip("addr add 10.255.0.2/30 dev sync");
    this.middle = this.#net.switch("m");
    for (const [index, router] of [alpha, beta].entries()) {
      this.middle.plug(router, "eth0");
      router.ip(`addr add 192.0.2.${index + 1}/24 dev eth0`);
    }
    const clients = this.#net.namespace("s");
    this.#net.cable(alpha, "lan", clients, "eth0");
    alpha.ip("addr add 192.168.1.1/24 dev lan");
    // What is sent to the world ends in a switch with nobody on it.
    alpha.ip("link add wan type bridge");
    alpha.ip("link set wan up");
    alpha.ip("addr add 203.0.113.1/24 dev wan");
    alpha.ip("neighbour add 203.0.113.10 lladdr 02:00:00:00:00:01 dev wan");
    for (const router of [alpha, beta]) prepareRouter(router);
    const kind = contestant === "duet" ? "duet" : "conntrackd";
    this.active = new Replicator(kind, "alpha", alpha);
    this.backup = new Replicator(kind, "beta", beta);
    const place = { router: alpha, lan: "lan", wan: "wan", clients, port: "eth0" };
    this.#source = new FlowSource(place);
  }

  /** Runs `work` on two routers that replicate; `isElected` also makes one of them Active at 0.1 s. */
  static async with<T>(
    contestant: Contestant,
    isElected: boolean,
    work: (site: FlowSite) => Promise<T>,
  ): Promise<T> {
    const site = new FlowSite(contestant);
    try {
      await (isElected ? site.#startElected(contestant) : site.#start());
      return await work(site);
    } finally {
      site.#close();
    }
  }

  async send(order: FlowOrder): Promise<Sent> {
    const ms = await this.#source.send(order);
    return { flows: order.count, rate: (1_000 * order.count) / ms };
  }

  /**
   * Rounds of new flows as in `order`, which both routers forget after each. Whatever is compiled or taken from memory at
   * the first use of a daemon has then been.
   */
  async warmUp(order: FlowOrder, rounds: number): Promise<void> {
    await oneByOne(Array.from({ length: rounds }), async () => {
      await this.send(order);
      if (!(await this.knows(order.count))) throw new Error(`only ${this.known()} flows are known`);
      await this.forget(order.count);
    });
  }

  /**
   * Ends the flows from number 0 on, a few thousand at a time, so that no daemon misses the end of one, and waits until
   * both routers know none.
   */
  async forget(count: number): Promise<void> {
    const router = this.active.namespace;
    for (let first = 0; first <= count; first += ENDED_AT_ONCE) {
      const net = `${SOURCE_NET}.${SOURCE_FIRST + (first >> 16)}.${(first >> 8) & 255}.0/${ENDED_PREFIX}`;
      router.exec("sh", "-c", `conntrack -D -s ${net} >/dev/null 2>&1; true`);
    }
    router.exec("conntrack", "-F");
    const isEmpty = (): boolean => this.own() + this.known() === 0;
    // A daemon that has missed the end of a flow keeps that one; what is measured next must not suffer from it.
    if (!(await waitUntil(isEmpty, FORGOTTEN_MS)))
      for (const replicator of [this.active, this.backup]) replicator.ask("-f");
    if (!(await waitUntil(isEmpty, SETTLED_MS)))
      throw new Error(`${this.own()} and ${this.known()} flows have not ended`);
    await this.settle();
  }

  /** How many flows of its peer the backup knows. */
  known(): number {
    return countOf(this.backup, "external");
  }

  /** How many flows the active router has to tell of. */
  own(): number {
    return countOf(this.active, "internal");
  }

  /** How many flows the active router's kernel has. */
  kernelFlows(): number {
    return Number(this.active.namespace.exec("conntrack", "-C"));
  }

  /** Waits until the backup knows `count` flows; false when that does not come to pass within `ms`. */
  knows(count: number, ms: number = SETTLED_MS): Promise<boolean> {
    return waitUntil(() => this.known() >= count, ms);
  }

  /** How many flows of its peer the backup, which is Duet, has put into its kernel. */
  async loaded(): Promise<number> {
    const { replication } = await new ControlClient(this.backup.socket).status();
    return replication?.flows.loaded ?? 0;
  }

  /** Waits until that are `count` flows; false when it does not come to pass. */
  async loads(count: number): Promise<boolean> {
    const end = performance.now() + SETTLED_MS;
    // oxlint-disable no-await-in-loop -- one look after the other is what waiting is
    while (performance.now() < end) {
      if ((await this.loaded()) >= count) return true;
      await delay(QUIET_MS);
    }
    // oxlint-enable no-await-in-loop
    return false;
  }

  /** Waits until the backup has forgotten what its peer said. */
  forgets(): Promise<boolean> {
    return waitUntil(() => this.known() === 0, SETTLED_MS);
  }

  /** Events that the kernel had to drop because the active router's daemon was too slow. */
  overruns(): number {
    return this.active.counter(/overrun[^:]*:\s*(\d+)/i, "runtime");
  }

  /** Lets acknowledgements and timers of the last second pass. */
  async settle(): Promise<void> {
    await delay(QUIET_MS);
  }

  async #start(): Promise<void> {
    await this.active.start(SETTINGS);
    await this.backup.start(SETTINGS);
  }

  async #startElected(contestant: Contestant): Promise<void> {
    const routers = [
      [this.active, 110],
      [this.backup, 100],
    ] as const;
    for (const [replicator, priority] of routers) {
      const config = configOf(ELECTION, priority);
      const file = path.join(this.folder, `${replicator.name}.conf`);
      writeFileSync(file, config);
      // oxlint-disable no-await-in-loop -- the better one first
      await replicator.start(SETTINGS, contestant === "duet" ? file : undefined);
      if (contestant === "duet") continue;
      const place = path.join(this.folder, replicator.name);
      const elector = createPeer("keepalived", replicator.namespace, place);
      this.#electors.push(elector);
      await elector.start(config);
      // oxlint-enable no-await-in-loop
    }
    await delay(3 * QUIET_MS);
  }

  #close(): void {
    for (const elector of this.#electors) elector.kill();
    this.#source.close();
    this.active.close();
    this.backup.close();
    this.#net.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function prepareRouter(router: TestNamespace): void {
  router.exec(
    "nft",
    "table inet t { chain c { type filter hook forward priority 0; ct state new accept; }; }",
  );
  // Else flows that began before Duet did are mute, and Duet looks for them now and then, in the midst of a measurement.
  router.exec("sysctl", "-qw", "net.netfilter.nf_conntrack_events=1");
  const settings = ["ip_forward=1", "conf.all.rp_filter=0", "conf.lan.rp_filter=0"];
  for (const setting of settings)
    if (!setting.includes("lan") || router.ip("-br link").includes("lan"))
      router.exec("sysctl", "-qw", `net.ipv4.${setting}`);
  router.exec("sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout=3600");
}

function countOf(replicator: Replicator, cache: "internal" | "external"): number {
  const text = replicator.ask("-s");
  const pattern = new RegExp(`cache ${cache}:\\s+current active connections:\\s+(\\d+)`);
  return Number(pattern.exec(text)?.[1] ?? 0);
}
