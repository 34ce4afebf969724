import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually, newFolder, pause, stopAll, TestDaemon } from "../support/daemon.ts";
import {
  addressesOf,
  atRest,
  buildPair,
  GLOBALS,
  holds,
  howTo,
  instance,
  type PairNet,
  routesOf,
  startPair,
} from "../support/daemon-pair.ts";
import { isRoot } from "../support/netns.ts";

let pair: PairNet;

beforeAll(() => {
  if (isRoot) pair = buildPair();
});
afterEach(stopAll);
afterAll(() => {
  if (isRoot) pair.net.close();
});

/** The kernel's own promise of three seconds, and what it costs two busy cores to look. */
const FENCED_WITHIN_MS = 3_000 + 3_000;
const DEFAULT_ROUTE = "default via 10.2.0.1 dev wan proto 112 src 10.2.0.4 metric 5";

/** Everything that a daemon can put into the kernel, in one instance. */
const EVERYTHING = `${GLOBALS}
static_ipaddress {
  10.1.0.77/24 dev lan
}
static_routes {
  10.66.0.0/24 via 10.2.0.1 dev wan
}
static_rules {
  from 10.66.0.0/24 table 100 priority 1066
}
${instance({
  addresses: ["10.1.0.1/24"],
  more: `use_vmac
  no_accept
  virtual_routes {
    10.77.0.0/24 via 10.2.0.1 dev wan
  }
  virtual_rules {
    from 10.77.0.0/24 table 100 priority 1077
  }`,
})}`;

/** What is there once the addresses of a daemon that an earlier test killed have run out. */
async function settledState(): Promise<readonly string[]> {
  await atRest(pair.alpha);
  return kernelState();
}

const kernelState = (): readonly string[] =>
  [
    pair.alpha.ip("-4 -brief address").replaceAll(/@\S+/g, ""),
    pair.alpha.ip("-4 route show table all"),
    pair.alpha.ip("rule"),
    pair.alpha.exec("nft", "list", "tables"),
  ].map((text) => text.trim());

test.runIf(isRoot)(
  "after SIGKILL the kernel drops addresses and routes, and the peer has the role",
  async () => {
    const [first, second] = await startPair(pair, howTo, "G1");
    await first.kill();
    const killed = performance.now();
    await eventually(
      "the addresses to expire",
      () => !holds(pair.alpha, "lan", "10.1.0.1/24") && !holds(pair.alpha, "wan", "10.2.0.4/24"),
    );
    expect(performance.now() - killed).toBeLessThan(FENCED_WITHIN_MS);
    expect(routesOf(pair.alpha)).not.toContain(DEFAULT_ROUTE);
    await second.becomes("G1", "active");
    expect(holds(pair.beta, "lan", "10.1.0.1/24")).toBe(true);
  },
);

test.runIf(isRoot)(
  "a stopped router is fenced, and when it goes on it listens and disturbs nobody",
  async () => {
    const [first, second] = await startPair(pair, howTo, "G1");
    first.signal("SIGSTOP");
    const stopped = performance.now();
    await eventually(
      "the addresses to expire",
      () => !holds(pair.alpha, "lan", "10.1.0.1/24") && !holds(pair.alpha, "wan", "10.2.0.4/24"),
    );
    expect(performance.now() - stopped).toBeLessThan(FENCED_WITHIN_MS);
    expect(routesOf(pair.alpha)).not.toContain(DEFAULT_ROUTE);
    await second.becomes("G1", "active");
    const before = await second.instance("I1");

    first.signal("SIGCONT");
    const event = await first.event("vrrp.transition", /loop/);
    expect(event.data).toMatchObject({
      from: "active",
      to: "backup",
      cause: { code: "loop-stalled" },
    });
    // It is the better router and may preempt, but only by an election: never with what it believed before it stopped.
    expect(before.counters.becameActive).toBe(1);
    const reports = await first.events("vrrp.transition");
    expect(reports.map(({ data }) => (data as { to: string }).to).slice(0, 3)).toEqual([
      "backup",
      "active",
      "backup",
    ]);
  },
);

test.runIf(isRoot)(
  "with nopreempt a router that was stopped leaves the role where it is",
  async () => {
    const [first, second] = await startPair(pair, (priority) => howTo(priority, "nopreempt"), "G1");
    first.signal("SIGSTOP");
    await second.becomes("G1", "active");
    await pause(500);
    first.signal("SIGCONT");
    await first.becomes("G1", "backup");
    await eventually("advertisements", async () => {
      const { counters } = await first.instance("I1");
      return counters.advertisementsReceived > 10;
    });
    expect(await first.unit("G1")).toMatchObject({ state: "backup" });
    expect(await second.instance("I1")).toMatchObject({
      state: "active",
      counters: { becameActive: 1, releasedActive: 0 },
    });
  },
);

test.runIf(isRoot)("a stop shorter than the peers' patience costs nothing", async () => {
  const config = (priority: number): string => GLOBALS + instance({ priority, interval: 1 });
  const [first, second] = await startPair(pair, config, "I1");
  first.signal("SIGSTOP");
  await pause(1_200);
  first.signal("SIGCONT");
  const { counters } = await second.instance("I1");
  await eventually("its advertisements", async () => {
    const now = await second.instance("I1");
    return now.counters.advertisementsReceived > counters.advertisementsReceived + 1;
  });
  expect(await first.events("vrrp.transition")).toHaveLength(2);
  expect(await second.instance("I1")).toMatchObject({ counters: { becameActive: 0 } });
});

test.runIf(isRoot)(
  "a start after SIGKILL removes what the last daemon left, and only that",
  async () => {
    const clean = await settledState();
    const folder = newFolder();
    const first = await TestDaemon.start(pair.alpha, { config: EVERYTHING, folder });
    await first.becomes("I1", "active");
    const dirty = kernelState();
    expect(dirty[0]).toContain("10.1.0.77/24");
    expect(dirty[1]).toContain("10.77.0.0/24");
    expect(dirty[2]).toContain("10.77.0.0/24");
    expect(dirty[3]).toContain("duet_accept_");
    await first.kill();

    // The same kinds of things in somebody else's hand.
    const { alpha } = pair;
    alpha.ip("address add 10.1.0.201/24 dev lan");
    alpha.ip("route add 10.88.0.0/24 via 10.2.0.1 dev wan proto static");
    alpha.ip("rule add from 10.88.0.0/24 table 100 priority 1088");
    alpha.exec("nft", "add", "table", "inet", "theirs");
    const empty = GLOBALS + instance({ name: "OTHER", vrid: 99, addresses: ["10.1.0.99/24"] });
    const second = await TestDaemon.start(alpha, { config: empty, folder });
    const { data } = await second.event("daemon.leftovers-removed");
    const { objects } = data as { readonly objects: readonly string[] };
    // The virtual address may have expired by then, or not.
    expect(objects.filter((object) => !object.includes("10.1.0.1/24")).toSorted()).toEqual([
      "address 10.1.0.77/24 on lan",
      "interface vrrp.51",
      "route to 10.66.0.0/24",
      "route to 10.77.0.0/24",
      "rule with preference 1066",
      "rule with preference 1077",
    ]);
    await second.stop();
    const left = kernelState();
    expect(left[0]).toContain("10.1.0.201/24");
    expect(left[1]).toContain("10.88.0.0/24");
    expect(left[2]).toContain("10.88.0.0/24");
    expect(left[3]).toBe("table inet theirs");
    alpha.ip("address del 10.1.0.201/24 dev lan");
    alpha.ip("route del 10.88.0.0/24");
    alpha.ip("rule del priority 1088");
    alpha.exec("nft", "delete", "table", "inet", "theirs");
    await expect.poll(kernelState, { timeout: 10_000 }).toEqual(clean);
  },
);

test.runIf(isRoot)("an address that was set by hand where a leftover was stays", async () => {
  const folder = newFolder();
  const config = GLOBALS + instance({ addresses: ["10.1.0.1/24"] });
  const first = await TestDaemon.start(pair.alpha, { config, folder });
  await first.becomes("I1", "active");
  await first.kill();
  await eventually("the address to expire", () => !holds(pair.alpha, "lan", "10.1.0.1/24"));
  pair.alpha.ip("address add 10.1.0.1/24 dev lan");
  const other = GLOBALS + instance({ vrid: 99, addresses: ["10.1.0.99/24"] });
  const second = await TestDaemon.start(pair.alpha, { config: other, folder });
  expect(await second.events("daemon.leftovers-removed")).toEqual([]);
  expect(addressesOf(pair.alpha, "lan")).toContain("10.1.0.1/24");
  pair.alpha.ip("address del 10.1.0.1/24 dev lan");
});

test.runIf(isRoot)("an orderly stop leaves the kernel and the journal as they were", async () => {
  const clean = await settledState();
  const folder = newFolder();
  const first = await TestDaemon.start(pair.alpha, { config: EVERYTHING, folder });
  await first.becomes("I1", "active");
  expect(await first.stop()).toEqual({ code: 0, signal: null });
  await expect.poll(kernelState, { timeout: 10_000 }).toEqual(clean);
  const second = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance(), folder });
  expect(await second.events("daemon.leftovers-removed")).toEqual([]);
});

test.runIf(isRoot)("a damaged journal is said and ignored", async () => {
  const folder = newFolder();
  const first = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance(), folder });
  await first.stop();
  pair.alpha.exec("sh", "-c", `echo '{"version":1' > ${first.stateDir}/installed.json`);
  const second = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance(), folder });
  const { text } = await second.event("daemon.journal-damaged");
  expect(text).toContain("installed.json is damaged and is ignored");
  await second.becomes("I1", "active");
});

test.runIf(isRoot)(
  "after SIGKILL an IPv6 route without a source address runs out too",
  async () => {
    const { alpha } = pair;
    alpha.ip("address replace fd00:9::2/64 dev lan nodad");
    const config = `vrrp_instance V6 {
    interface lan
    virtual_router_id 66
    version 3
    advert_int 0.2
    virtual_ipaddress {
      fe80::66/64
    }
    virtual_routes {
      fd00:77::/64 via fd00:9::1 dev lan
    }
  }`;
    const daemon = await TestDaemon.start(alpha, { config });
    await daemon.becomes("V6", "active");
    const route = (): string => alpha.ip("-6 route show proto 112");
    // Longer than its lifetime: it must have been renewed.
    await pause(3_000);
    expect(route()).toContain("fd00:77::/64 via fd00:9::1 dev lan");
    await daemon.kill();
    const reachable = (): string => {
      try {
        return alpha.ip("-6 route get fd00:77::5");
      } catch {
        return "unreachable";
      }
    };
    await expect.poll(reachable, { timeout: 10_000 }).toBe("unreachable");
    alpha.ip("address del fd00:9::2/64 dev lan");
  },
);
