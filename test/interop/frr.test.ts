/**
 * Duet beside FRR's vrrpd, which knows VRRPv3 with virtual MAC addresses: its addresses are on a macvlan interface that it
 * takes in and out of service.
 */
import { describe, expect, test } from "vitest";
import {
  configOf,
  sourceOf,
  type VirtualRouter,
  VRID,
  virtualAddress,
  virtualAddresses,
} from "../support/interop-config.ts";
import { Pair, ROUTERS, type RouterName } from "../support/interop-pair.ts";
import type { TestNamespace } from "../support/netns.ts";
import { missingFor, type PeerKind } from "../support/peers.ts";

const V3 = { version: 3, interval: 0.3 } as const;
const IPV4: VirtualRouter = { ...V3, family: 4 };
const IPV6: VirtualRouter = { ...V3, family: 6 };

const missing = missingFor("duet", "frr", "tshark");

describe.skipIf(missing !== undefined)(`beside FRR ${missing ?? ""}`, () => {
  test.concurrent("Duet with the higher priority, VRRPv3 over IPv4", async () => {
    await changesHands("fd4", IPV4, { alpha: "frr", beta: "duet" });
  });
  test.concurrent("FRR with the higher priority, VRRPv3 over IPv4", async () => {
    await changesHands("ff4", IPV4, { alpha: "duet", beta: "frr" });
  });
  test.concurrent("Duet with the higher priority, VRRPv3 over IPv6", async () => {
    await changesHands("fd6", IPV6, { alpha: "frr", beta: "duet" });
  });
  test.concurrent("FRR with the higher priority, VRRPv3 over IPv6", async () => {
    await changesHands("ff6", IPV6, { alpha: "duet", beta: "frr" });
  });
});

/** The interface that FRR's manual asks for; its MAC address is what vrrpd finds it by. */
function addVirtualInterface(place: TestNamespace, router: VirtualRouter): void {
  const device = `vrrp${router.family}-${VRID}`;
  const mac = `00:00:5e:00:0${router.family === 4 ? 1 : 2}:${VRID.toString(16)}`;
  place.ip(`link add ${device} link eth0 type macvlan mode bridge`);
  place.exec("sysctl", "-qw", `net.ipv6.conf.${device}.accept_dad=0`);
  // Otherwise eth0 answers for an address on the virtual interface, even for one that is out of service.
  place.exec("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1");
  place.exec("sysctl", "-qw", "net.ipv4.conf.all.arp_announce=2");
  place.ip(`link set ${device} address ${mac} addrgenmode none`);
  for (const address of virtualAddresses(router))
    place.ip(`addr add ${address}/${router.family === 4 ? "24" : "64"} dev ${device}`);
  if (router.family === 6) place.ip(`addr add ${FRR_SOURCE6}/64 dev ${device}`);
  // Out of service until vrrpd says otherwise.
  place.ip(`link set ${device} protodown on up`);
}

/** FRR advertises over IPv6 from the virtual interface's own link-local address. */
const FRR_SOURCE6 = "fe80::f";

const speakerOf = (kind: PeerKind, name: RouterName, router: VirtualRouter): string =>
  kind === "frr" && router.family === 6 ? FRR_SOURCE6 : sourceOf(name, router);

/** alpha is the worse router and starts first; beta preempts, loses its cable, gets it back, and resigns. */
async function changesHands(
  label: string,
  router: VirtualRouter,
  kinds: Readonly<Record<RouterName, PeerKind>>,
): Promise<void> {
  const pair = new Pair(label, kinds);
  const addresses = virtualAddresses(router);
  const { alpha, beta } = pair.peers;
  try {
    for (const name of ROUTERS)
      if (kinds[name] === "frr") addVirtualInterface(pair.routers[name], router);
    await pair.open();
    pair.watch(...addresses);
    await alpha.start(configOf(kinds.alpha, "alpha", 100, router));
    await served("alpha");
    await beta.start(configOf(kinds.beta, "beta", 110, router));
    await served("beta");
    pair.pull("beta");
    await served("alpha");
    pair.plug("beta");
    await pair.settles("beta", ...addresses);
    // vrrpd does not notice the cable and so announces nothing when it is back: clients must ask.
    if (kinds.beta === "frr") pair.forget(virtualAddress(router));
    await served("beta");
    const complaints = await Promise.all(ROUTERS.map((name) => pair.peers[name].complaints()));
    expect(complaints).toEqual([[], []]);
    await beta.terminate();
    await served("alpha");

    expect(pair.overlaps).toEqual([]);
    const wire = await pair.networks[0]!.recording.read();
    expect(wire.faults).toEqual([]);
    const [a, b] = ROUTERS.map((name) => speakerOf(kinds[name], name, router));
    expect(wire.speakers()).toEqual([a, b, a, b, a]);
    expect(wire.resignations()).toEqual([b]);
  } catch (error) {
    throw new Error(`${String(error)}\n${pair.logs()}`, { cause: error });
  } finally {
    await pair.close();
  }

  async function served(holder: RouterName): Promise<void> {
    await pair.settles(holder, ...addresses);
    const address = virtualAddress(router);
    expect(await pair.reaches(address), `a client reaches ${address} on ${holder}`).toBe(true);
    expect(pair.neighbour(address)).toBe(pair.servingMac(holder, address));
  }
}
