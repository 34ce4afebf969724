/** The one story that every dialect and every peer must go through: a virtual router that changes hands in every way. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import {
  configOf,
  sourceOf,
  type VirtualRouter,
  virtualAddress,
  virtualAddresses,
} from "./interop-config.ts";
import { Pair, ROUTERS, type RouterName } from "./interop-pair.ts";
import { CROSSING_SECONDS } from "./interop-recording.ts";
import type { PeerKind } from "./peers.ts";

export type Kinds = Readonly<Record<RouterName, PeerKind>>;

/** What a peer does in its own way. */
export interface Peculiarities {
  /** Before anything starts. */
  readonly prepare?: (pair: Pair) => void;
  /** Address that a router advertises from, where it is not that of the interface. */
  readonly speakerOf?: (name: RouterName) => string;
  /** When beta has its cable back and the role, before a client is asked. */
  readonly returned?: (pair: Pair) => void;
  /** Complaints that are the peer's own fault. */
  readonly tolerates?: (complaint: string) => boolean;
}

/** alpha is the worse router and starts first; beta preempts, loses its cable, gets it back, and resigns. */
export async function changesHands(
  label: string,
  router: VirtualRouter,
  kinds: Kinds,
  peculiarities: Peculiarities = {},
): Promise<void> {
  await withPair(label, kinds, async (pair) => {
    peculiarities.prepare?.(pair);
    await pair.open();
    pair.watch(...virtualAddresses(router));
    await goThrough(pair, router, peculiarities);
    await judgeWire(pair, router, peculiarities);
  });
}

/** Closes the pair in any case; an error comes with what both daemons have said. */
export async function withPair(
  label: string,
  kinds: Kinds,
  body: (pair: Pair) => Promise<void>,
): Promise<void> {
  const pair = new Pair(label, kinds);
  try {
    await body(pair);
  } catch (error) {
    throw new Error(`${String(error)}\n${pair.logs()}`, { cause: error });
  } finally {
    await pair.close();
  }
}

async function goThrough(
  pair: Pair,
  router: VirtualRouter,
  { returned, tolerates = () => false }: Peculiarities,
): Promise<void> {
  const { alpha, beta } = pair.peers;
  await alpha.start(configOf(alpha.kind, "alpha", 100, router));
  await isServedBy(pair, "alpha", router);
  await beta.start(configOf(beta.kind, "beta", 110, router));
  await isServedBy(pair, "beta", router);
  pair.pull("beta");
  await isServedBy(pair, "alpha", router);
  // A router that does not notice its cable speaks at once when it is back, and must not look like news on its way.
  await sleep(CROSSING_SECONDS * 1_200);
  pair.plug("beta");
  await pair.settles("beta", ...virtualAddresses(router));
  returned?.(pair);
  await isServedBy(pair, "beta", router);
  const complaints = await Promise.all(ROUTERS.map((name) => pair.peers[name].complaints()));
  expect(complaints.flat().filter((complaint) => !tolerates(complaint))).toEqual([]);
  await beta.terminate();
  await isServedBy(pair, "alpha", router);
}

/** Only `holder` has the addresses, a client reaches them, and knows whose hardware address they have. */
async function isServedBy(pair: Pair, holder: RouterName, router: VirtualRouter): Promise<void> {
  await pair.settles(holder, ...virtualAddresses(router));
  const address = virtualAddress(router);
  expect(await pair.reaches(address), `a client reaches ${address} on ${holder}`).toBe(true);
  await pair.isKnown(holder, address);
}

async function judgeWire(
  pair: Pair,
  router: VirtualRouter,
  { speakerOf = (name) => sourceOf(name, router) }: Peculiarities,
): Promise<void> {
  expect(pair.overlaps).toEqual([]);
  const wire = await pair.networks[0]!.recording.read();
  expect(wire.faults).toEqual([]);
  const [a, b] = ROUTERS.map(speakerOf);
  expect(wire.speakers()).toEqual([a, b, a, b, a]);
  // The one that the kernel still had for a unicast peer when the cable came out may follow when it is back in.
  expect(new Set(wire.resignations())).toEqual(new Set([b]));
  expect(wire.resignations().length).toBeLessThanOrEqual(router.isUnicast === true ? 2 : 1);
}
