/** Which instance of one router belongs to which one of the other. */
import type { InstanceConfig } from "../../vrrp/config.ts";
import type { RouterPicture } from "../picture.ts";

export interface Match {
  readonly a: InstanceConfig;
  readonly b: InstanceConfig;
}

export interface Matching {
  readonly matches: readonly Match[];
  readonly aAlone: readonly InstanceConfig[];
  readonly bAlone: readonly InstanceConfig[];
}

type Likeness = (a: InstanceConfig, b: InstanceConfig) => boolean;

const haveCommonAddress: Likeness = (a, b) =>
  a.addresses.some(({ spec }) => b.addresses.some((other) => other.spec.address === spec.address));

/** The surest likeness first; a later one only concerns what is left. */
const LIKENESSES: readonly Likeness[] = [
  (a, b) => a.vrid === b.vrid && haveCommonAddress(a, b),
  haveCommonAddress,
  (a, b) => a.vrid === b.vrid && a.interface === b.interface,
  (a, b) => a.vrid === b.vrid && a.name === b.name,
  (a, b) => a.name === b.name && a.interface === b.interface,
  (a, b) => a.name === b.name,
];

/** Pairs off the instances of both routers, each at most once and within its family. */
export function matchInstances(first: RouterPicture, second: RouterPicture): Matching {
  const left = [...(first.election?.model.vrrp.instances ?? [])];
  const right = [...(second.election?.model.vrrp.instances ?? [])];
  const partners = new Map<InstanceConfig, InstanceConfig>();
  const taken = new Set<InstanceConfig>();
  for (const alike of LIKENESSES) {
    const free = right.filter((instance) => !taken.has(instance));
    for (const a of left.filter((instance) => !partners.has(instance))) {
      const b = free.find(
        (other) => a.family === other.family && !taken.has(other) && alike(a, other),
      );
      if (b === undefined) continue;
      partners.set(a, b);
      taken.add(b);
    }
  }
  return {
    matches: left.flatMap((a) => {
      const b = partners.get(a);
      return b === undefined ? [] : [{ a, b }];
    }),
    aAlone: left.filter((instance) => !partners.has(instance)),
    bAlone: right.filter((instance) => !taken.has(instance)),
  };
}
