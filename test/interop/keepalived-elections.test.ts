/**
 * Duet and keepalived share one virtual router and hand it to each other in every way there is, on every dialect of the
 * protocol. Each dialect is tried with Duet as the better and as the worse router.
 */
import { describe, expect, test } from "vitest";
import {
  configOf,
  sourceOf,
  type VirtualRouter,
  virtualAddress,
  virtualAddresses,
} from "../support/interop-config.ts";
import { Pair, ROUTERS, type RouterName } from "../support/interop-pair.ts";
import { missingFor, type PeerKind } from "../support/peers.ts";

interface Dialect extends VirtualRouter {
  readonly label: string;
  readonly title: string;
}

/** Version 2 knows whole seconds only. */
const V2 = { version: 2, family: 4, interval: 1 } as const;
const V3 = { version: 3, interval: 0.3 } as const;
const DIALECTS: readonly Dialect[] = [
  { ...V2, label: "pass", title: "VRRPv2 with a password", authentication: "PASS" },
  { ...V2, label: "none", title: "VRRPv2 without authentication" },
  { ...V2, label: "ah", title: "VRRPv2 with AH", authentication: "AH" },
  {
    ...V2,
    label: "uni2",
    title: "unicast VRRPv2 with a password",
    authentication: "PASS",
    isUnicast: true,
  },
  { ...V3, label: "v34", title: "VRRPv3 over IPv4", family: 4 },
  { ...V3, label: "v36", title: "VRRPv3 over IPv6", family: 6 },
  { ...V3, label: "uni34", title: "unicast VRRPv3 over IPv4", family: 4, isUnicast: true },
  { ...V3, label: "uni36", title: "unicast VRRPv3 over IPv6", family: 6, isUnicast: true },
];

const missing = missingFor("duet", "keepalived", "tshark");

describe.skipIf(missing !== undefined)(`beside keepalived ${missing ?? ""}`, () => {
  for (const dialect of DIALECTS) {
    test.concurrent(`Duet with the higher priority, ${dialect.title}`, async () => {
      await changesHands(`d${dialect.label}`, dialect, { alpha: "keepalived", beta: "duet" });
    });
    test.concurrent(`keepalived with the higher priority, ${dialect.title}`, async () => {
      await changesHands(`k${dialect.label}`, dialect, { alpha: "duet", beta: "keepalived" });
    });
  }
});

/**
 * keepalived counts what it sends and what it hears in one sequence number: after a resignation that did not get out of a
 * dead cable it takes the next advertisement, whoever it is from, for a replay.
 */
const isUnexpected = (complaint: string): boolean =>
  complaint !== "Failure: 1" && !complaint.includes("already processed");

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
    await pair.open();
    pair.watch(...addresses);
    await alpha.start(configOf(kinds.alpha, "alpha", 100, router));
    await served("alpha");
    await beta.start(configOf(kinds.beta, "beta", 110, router));
    await served("beta");
    pair.pull("beta");
    await served("alpha");
    pair.plug("beta");
    await served("beta");
    const complaints = await Promise.all(ROUTERS.map((name) => pair.peers[name].complaints()));
    const isFault = router.authentication === "AH" ? isUnexpected : () => true;
    expect(complaints.map((all) => all.filter(isFault))).toEqual([[], []]);
    await beta.terminate();
    await served("alpha");

    expect(pair.overlaps).toEqual([]);
    const wire = await pair.networks[0]!.recording.read();
    expect(wire.faults).toEqual([]);
    const [a, b] = ROUTERS.map((name) => sourceOf(name, router));
    expect(wire.speakers()).toEqual([a, b, a, b, a]);
    // The one that the kernel still had for a unicast peer when the cable came out may follow when it is back in.
    expect(new Set(wire.resignations())).toEqual(new Set([b]));
    expect(wire.resignations().length).toBeLessThanOrEqual(router.isUnicast === true ? 2 : 1);
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
