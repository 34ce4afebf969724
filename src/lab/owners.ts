/** Who answers for the virtual addresses, over time. */
import type { Mac } from "../base/mac.ts";
import type { Instant } from "../base/time.ts";
import { type RouterName, routerOfMac } from "./topology.ts";

export interface OwnersAt {
  readonly at: Instant;
  /** Sorted; empty when nobody answers. */
  readonly macs: readonly Mac[];
}

/** A router's name, or the hardware address of a stranger. */
export type Owner = RouterName | Mac;

export const ownerNames = (macs: readonly Mac[]): Owner[] =>
  macs.map((mac) => routerOfMac(mac) ?? mac);

export const describeOwners = (macs: readonly Mac[]): string =>
  macs.length === 0 ? "nobody" : ownerNames(macs).join(" and ");

/** The owner of an address at the end of its history, if there is exactly one. */
export function singleOwner(history: readonly OwnersAt[]): Owner | undefined {
  const macs = history.at(-1)?.macs ?? [];
  return macs.length === 1 ? ownerNames(macs)[0] : undefined;
}

/** Since when exactly `owner`, and nobody else, has answered until the end of `history`; undefined when that is not so. */
export function ownedSince(history: readonly OwnersAt[], owner: Owner): Instant | undefined {
  const isOwner = ({ macs }: OwnersAt): boolean =>
    macs.length === 1 && ownerNames(macs)[0] === owner;
  const other = history.findLastIndex((entry) => !isOwner(entry));
  return history[other + 1]?.at;
}

/** What of `history` held at some time between `start` and `end`, the state at `start` included. */
export function ownersDuring(
  history: readonly OwnersAt[],
  start: Instant,
  end: Instant,
): OwnersAt[] {
  const first = Math.max(
    0,
    history.findLastIndex(({ at }) => at <= start),
  );
  return history.slice(first).filter(({ at }) => at <= end);
}
