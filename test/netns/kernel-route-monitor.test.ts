import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { IpAddress } from "../../src/base/ip.ts";
import { type MonitorGroup, RouteMonitor } from "../../src/kernel/route-monitor.ts";
import { RouteNetlink } from "../../src/kernel/route-netlink.ts";
import type { LinkEntry, Notification } from "../../src/wire/rtnetlink/entries.ts";
import { carriers, isRoot, type TestNamespace, TestNet } from "../support/netns.ts";

const ALL: readonly MonitorGroup[] = ["link", "address", "route", "rule", "neighbour"];

describe.skipIf(!isRoot)("the rtnetlink monitor", () => {
  let net: TestNet;
  let router: TestNamespace;
  let peer: TestNamespace;

  beforeAll(async () => {
    net = new TestNet();
    router = net.namespace("mon");
    peer = net.namespace("peer");
    // The kernel gives interfaces IPv6 addresses and routes in its own time, and the monitor would hear of that.
    for (const place of [router, peer])
      place.exec("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1");
    net.cable(router, "eth0", peer, "eth0");
    router.ip("addr add 192.0.2.2/24 dev eth0");
    await carriers(router, "eth0");
  });
  afterAll(() => {
    net.close();
  });

  /** What the monitor reports of `act`. */
  function notesOf(act: () => void, groups = ALL): Notification[] {
    const monitor = router.within(() => RouteMonitor.open(groups));
    const notes: Notification[] = [];
    try {
      act();
      expect(monitor.drain((note) => notes.push(note))).toBe("drained");
    } finally {
      monitor.close();
    }
    return notes;
  }

  test("reports addresses, routes, rules and neighbours that come and go, and who asked", () => {
    const notes = notesOf(() => {
      router.ip("addr add 192.0.2.4/24 dev eth0 valid_lft 100 preferred_lft 50");
      router.ip("route add 198.51.100.0/24 via 192.0.2.1 metric 5 proto 112");
      router.ip("rule add pref 500 from 10.0.0.0/8 lookup 1000");
      router.ip("neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev eth0");
      router.ip("neigh del 192.0.2.9 dev eth0");
      router.ip("rule del pref 500");
      router.ip("route del 198.51.100.0/24");
      router.ip("addr del 192.0.2.4/24 dev eth0");
    });
    const words = notes
      .filter(({ type, entry }) => type !== "route" || entry.protocol === 112)
      .map(({ type, gone }) => `${gone ? "-" : "+"}${type}`);
    // A neighbour is reported in each of its states.
    expect([...new Set(words)]).toEqual([
      "+address",
      "+route",
      "+rule",
      "+neighbour",
      "-neighbour",
      "-rule",
      "-route",
      "-address",
    ]);
    expect(notes[0]).toMatchObject({
      entry: { address: "192.0.2.4", validLifetime: 100, preferredLifetime: 50 },
    });
    expect(notes[0]!.requester).not.toBe(0);
  });

  test("recognises what this program's own client did", () => {
    const netlink = router.within(() => RouteNetlink.open());
    const notes = notesOf(() => {
      netlink.apply([
        {
          type: "address",
          verb: "replace",
          spec: {
            interface: "eth0",
            address: "192.0.2.7" as IpAddress,
            prefixLength: 32,
            scope: 0,
            flags: 0,
            protocol: 112,
            validLifetime: 9,
            preferredLifetime: 9,
          },
        },
      ]);
    });
    expect(notes[0]).toMatchObject({ type: "address", requester: netlink.port });
    netlink.close();
  });

  test("reports a cable that is pulled and put back, and an interface that vanishes", async () => {
    const monitor = router.within(() => RouteMonitor.open(["link"]));
    let last: LinkEntry | undefined;
    const state = (): LinkEntry | undefined => {
      monitor.drain((note) => {
        if (note.type === "link" && !note.gone) last = note.entry;
      });
      return last;
    };
    // The kernel reports carrier from a work queue, up to a second later.
    const patience = { timeout: 20_000, interval: 10 };
    peer.ip("link set eth0 down");
    await expect.poll(state, patience).toMatchObject({ name: "eth0", up: true, running: false });
    peer.ip("link set eth0 up");
    await expect.poll(state, patience).toMatchObject({ name: "eth0", up: true, running: true });
    monitor.close();
    router.ip("link add gone0 type bridge");
    const notes = notesOf(() => router.ip("link del gone0"), ["link"]);
    expect(notes.at(-1)).toMatchObject({ type: "link", gone: true, entry: { name: "gone0" } });
  });

  test("tells of an overrun once and hears what comes afterwards", () => {
    const monitor = router.within(() => RouteMonitor.open(["route"], 1));
    const netlink = router.within(() => RouteNetlink.open());
    const routes = Array.from({ length: 200 }, (_, count) => `10.0.${count}.0/24`);
    const batch = routes.map((prefix) => `route add ${prefix} via 192.0.2.1`).join("\n");
    router.exec("sh", "-c", `ip -batch - <<'END'\n${batch}\nEND`);
    expect(monitor.drain(() => undefined)).toBe("overrun");
    while (monitor.drain(() => undefined) !== "drained");
    expect(netlink.routes(4).filter(({ gateway }) => gateway !== undefined)).toHaveLength(200);
    router.ip("route add 10.1.0.0/24 via 192.0.2.1");
    const notes: Notification[] = [];
    expect(monitor.drain((note) => notes.push(note))).toBe("drained");
    expect(notes).toMatchObject([{ entry: { destination: { address: "10.1.0.0" } } }]);
    monitor.close();
    netlink.close();
  });

  test("reads a bounded number of notifications in one go", () => {
    const monitor = router.within(() => RouteMonitor.open(["rule"]));
    const lines = Array.from(
      { length: 300 },
      (_, count) => `rule add pref ${1000 + count} lookup 7`,
    );
    router.exec("sh", "-c", `ip -batch - <<'END'\n${lines.join("\n")}\nEND`);
    let count = 0;
    const listen = (): string => monitor.drain(() => void (count += 1));
    expect(listen()).toBe("more");
    expect(count).toBe(256);
    expect(listen()).toBe("drained");
    expect(count).toBe(300);
    monitor.close();
  });
});
