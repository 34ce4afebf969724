/** The how-to's own file, unmodified, on both routers: two networks, a sync group, a default route that moves along. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type NetworkPlan, Pair, ROUTERS, type RouterName } from "../support/interop-pair.ts";
import { missingFor, type PeerKind } from "../support/peers.ts";

const HOW_TO = readFileSync(
  new URL("../../examples/how-to/keepalived.conf", import.meta.url),
  "utf8",
);
const LAN: NetworkPlan = {
  interface: "br-lan",
  alpha: ["192.168.1.2/24"],
  beta: ["192.168.1.3/24"],
  client: ["192.168.1.9/24"],
};
const WAN: NetworkPlan = {
  interface: "eth0.2",
  alpha: ["192.168.0.2/24"],
  beta: ["192.168.0.3/24"],
  client: ["192.168.0.1/24"],
};
const [AT_LAN, AT_WAN] = [0, 1];
const ADDRESSES = ["192.168.1.4", "192.168.0.4"] as const;
const ROUTE = "default via 192.168.0.1 dev eth0.2 proto";
const PAUSE_MS = 5_000;

const missing = missingFor("duet", "keepalived", "tshark");

describe.skipIf(missing !== undefined)(`the how-to's sync group ${missing ?? ""}`, () => {
  test.concurrent("moves from Duet to keepalived and back", async () => {
    await moves("gd", { alpha: "duet", beta: "keepalived" });
  });
  test.concurrent("moves from keepalived to Duet and back", async () => {
    await moves("gk", { alpha: "keepalived", beta: "duet" });
  });
});

/** alpha is Active first and loses its LAN; back again it does not preempt; beta resigns. */
async function moves(label: string, kinds: Readonly<Record<RouterName, PeerKind>>): Promise<void> {
  const pair = new Pair(label, kinds, [LAN, WAN]);
  const { alpha, beta } = pair.peers;
  try {
    await pair.open();
    pair.watch(...ADDRESSES);
    await alpha.start(HOW_TO);
    await hasAll("alpha");
    await beta.start(HOW_TO);
    pair.pull("alpha", AT_LAN);
    await hasAll("beta");
    pair.plug("alpha", AT_LAN);
    await new Promise((resolve) => {
      setTimeout(resolve, PAUSE_MS);
    });
    await hasAll("beta");
    const complaints = await Promise.all(ROUTERS.map((name) => pair.peers[name].complaints()));
    expect(complaints).toEqual([[], []]);
    await beta.terminate();
    await hasAll("alpha");

    expect(pair.overlaps).toEqual([]);
    const wires = await Promise.all(pair.networks.map(({ recording }) => recording.read()));
    expect(wires.flatMap(({ faults }) => faults)).toEqual([]);
    const sides = ["192.168.1", "192.168.0"].map((net) => [`${net}.2`, `${net}.3`, `${net}.2`]);
    expect(wires.map((wire) => wire.speakers())).toEqual(sides);
    // The resignation on the network whose cable was pulled cannot get out.
    expect(wires[AT_LAN]!.resignations()).toEqual(["192.168.1.3"]);
    expect(wires[AT_WAN]!.resignations()).toEqual(["192.168.0.2", "192.168.0.3"]);
  } catch (error) {
    throw new Error(`${String(error)}\n${pair.logs()}`, { cause: error });
  } finally {
    await pair.close();
  }

  async function hasAll(holder: RouterName): Promise<void> {
    await pair.settles(holder, ...ADDRESSES);
    const withRoute = (): readonly RouterName[] =>
      ROUTERS.filter((name) =>
        pair.routes(name).some((route) => route.startsWith(ROUTE) && route.includes(ADDRESSES[1])),
      );
    // keepalived adds addresses first and routes later.
    await expect.poll(withRoute, { timeout: 25_000 }).toEqual([holder]);
    for (const [network, address] of ADDRESSES.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one client after the other
      expect(await pair.reaches(address, network)).toBe(true);
      // oxlint-disable-next-line no-await-in-loop -- one client after the other
      await pair.isKnown(holder, address, network);
    }
  }
}
