/**
 * Duet beside FRR's vrrpd, which knows VRRPv3 with virtual MAC addresses: its addresses are on a macvlan interface that it
 * takes in and out of service.
 */
import { describe, test } from "vitest";
import {
  sourceOf,
  type VirtualRouter,
  VRID,
  virtualAddress,
  virtualAddresses,
} from "../support/interop-config.ts";
import { changesHands, type Kinds } from "../support/interop-elections.ts";
import { ROUTERS, type RouterName } from "../support/interop-pair.ts";
import type { TestNamespace } from "../support/netns.ts";
import { missingFor } from "../support/peers.ts";

const V3 = { version: 3, interval: 0.5 } as const;
const IPV4: VirtualRouter = { ...V3, family: 4 };
const IPV6: VirtualRouter = { ...V3, family: 6 };

const missing = missingFor("duet", "frr", "tshark");

describe.skipIf(missing !== undefined)(`beside FRR ${missing ?? ""}`, () => {
  test.concurrent("Duet with the higher priority, VRRPv3 over IPv4", async () => {
    await besideFrr("fd4", IPV4, { alpha: "frr", beta: "duet" });
  });
  test.concurrent("FRR with the higher priority, VRRPv3 over IPv4", async () => {
    await besideFrr("ff4", IPV4, { alpha: "duet", beta: "frr" });
  });
  test.concurrent("Duet with the higher priority, VRRPv3 over IPv6", async () => {
    await besideFrr("fd6", IPV6, { alpha: "frr", beta: "duet" });
  });
  test.concurrent("FRR with the higher priority, VRRPv3 over IPv6", async () => {
    await besideFrr("ff6", IPV6, { alpha: "duet", beta: "frr" });
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

async function besideFrr(label: string, router: VirtualRouter, kinds: Kinds): Promise<void> {
  const isFrr = (name: RouterName): boolean => kinds[name] === "frr";
  await changesHands(label, router, kinds, {
    prepare: (pair) => {
      for (const name of ROUTERS.filter(isFrr)) addVirtualInterface(pair.routers[name], router);
    },
    speakerOf: (name) =>
      isFrr(name) && router.family === 6 ? FRR_SOURCE6 : sourceOf(name, router),
    // vrrpd does not notice the cable and so announces nothing when it is back: clients must ask.
    returned: (pair) => {
      if (isFrr("beta")) pair.forget(virtualAddress(router));
    },
  });
}
