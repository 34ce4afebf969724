/** Both routers: their own addresses, and how those fit the virtual ones. */
import {
  formatPrefix,
  type IpFamily,
  ipFamily,
  isLinkLocal,
  type Prefix,
  prefixContains,
} from "../../base/ip.ts";
import type { Position } from "../diagnostics.ts";
import {
  type Completion,
  itemsOf,
  type NetworkEntry,
  namesOf,
  type RouterEntry,
  unknownName,
} from "./completion.ts";
import { checkDuplicates } from "./duplicates.ts";
import type { PairRouter } from "./model.ts";
import type { Many, Placed } from "./reading.ts";
import { addressOf, hostFault, rangeOf } from "./subnet.ts";

/** Both routers with the addresses that could be read. */
export function completeRouters(
  completion: Completion,
  priorities: ReadonlyMap<string, number>,
  initial: number,
): readonly PairRouter[] {
  const { findings, networks, routers } = completion;
  for (const { value } of routers) {
    for (const { name, nameAt } of value ?? []) {
      if (networks.some((network) => network.name === name)) continue;
      unknownName(findings, { name, at: nameAt, what: "network" }, namesOf(networks));
    }
  }
  for (const network of networks) checkNetwork(completion, network);
  checkDuplicates(completion, priorities);
  return routers.map(({ name, value }) => ({
    name,
    priority: priorities.get(name) ?? initial,
    addresses: Object.fromEntries(
      (value ?? []).flatMap((entry) =>
        entry.value === undefined ? [] : [[entry.name, entry.value.map((own) => own.value)]],
      ),
    ),
  }));
}

function checkNetwork(completion: Completion, network: NetworkEntry): void {
  const { routers } = completion;
  const virtual = itemsOf(network.value?.address);
  const entries = routers.map(({ value }) => value?.find(({ name }) => name === network.name));
  const hosts = [...entries.flatMap(itemsOf), ...virtual, ...itemsOf(network.value?.unadvertised)];
  for (const placed of hosts) checkHost(completion, placed);
  for (const [index, router] of routers.entries()) {
    const entry = entries[index];
    if (virtual.length === 0 || isUnread(router, entry)) continue;
    const place = { router, network, at: entry?.at ?? router.nameAt };
    if (entry === undefined) reportMissing(completion, place);
    else
      for (const family of [4, 6] as const)
        checkFamily(completion, place, { family, own: itemsOf(entry) });
  }
  checkLink(completion, network);
}

/** What stands there and could not be read was reported. */
const isUnread = (router: RouterEntry, entry: Placed<unknown> | undefined): boolean =>
  router.value === undefined || (entry !== undefined && entry.value === undefined);

function checkHost({ findings }: Completion, { value, at }: Placed<Prefix>): void {
  const fault = hostFault(value);
  if (fault === undefined) return;
  const what = fault === "network" ? "the network itself" : "the network's broadcast address";
  const message = `${formatPrefix(value)} is ${what}: write the address of a host in it`;
  findings.error(at, "address-invalid", message);
}

interface Place {
  readonly router: RouterEntry;
  readonly network: NetworkEntry;
  readonly at: Position;
}

function reportMissing(
  { findings }: Completion,
  { router, network, at }: Place,
  family?: IpFamily,
): void {
  const example = itemsOf(network.value?.address).find(
    ({ value }) => family === undefined || ipFamily(value.address) === family,
  );
  const kind = family === undefined ? "" : `IPv${family} `;
  const subnet = example === undefined ? "" : ` in the subnet of ${formatPrefix(example.value)}`;
  const message = `routers.${router.name} has no ${kind}address of its own on ${network.name}: add ${network.name}: ADDRESS/LENGTH${subnet}`;
  findings.error(at, "address-missing", message);
}

/** One family of a router's own addresses against the virtual ones. */
function checkFamily(
  completion: Completion,
  place: Place,
  { family, own }: { readonly family: IpFamily; readonly own: Many<Prefix> },
): void {
  const { findings } = completion;
  const { router, network } = place;
  const isOf = ({ value }: Placed<Prefix>): boolean => ipFamily(value.address) === family;
  const virtual = itemsOf(network.value?.address).filter(isOf);
  const [first, second] = own.filter(isOf);
  if (second !== undefined) {
    const message = `routers.${router.name}.${network.name} has several IPv${family} addresses: advertisements are sent from one; keep that one`;
    findings.error(second.at, "address-several", message);
  }
  if (first === undefined) {
    // IPv6 elects with link-local addresses, which every interface has.
    const isNeeded = family === 4 || own.length === 0;
    if (virtual.length > 0 && isNeeded) reportMissing(completion, place, family);
    return;
  }
  for (const { value, at } of virtual) {
    if (prefixContains(first.value, value.address) || isLinkLocal(value.address)) continue;
    const message = `the virtual address ${value.address} is not in the subnet of ${router.name}'s ${formatPrefix(first.value)} on ${network.name}: ${subnetAdvice(first.value)}, or move it to unadvertised`;
    findings.error(at, "address-subnet", message);
  }
}

function subnetAdvice(own: Prefix): string {
  if (ipFamily(own.address) === 6 || own.length > 30) return "write an address of that subnet";
  const { first, last } = rangeOf(own);
  return `write one from ${addressOf(first + 1)} to ${addressOf(last - 1)}`;
}

/** Both ends of a dedicated link are neighbours. */
function checkLink({ findings, routers }: Completion, { name, value }: NetworkEntry): void {
  if (value === undefined || value.address !== undefined) return;
  const [a, b] = routers.map(
    (router) => router.value?.find((entry) => entry.name === name)?.value?.[0],
  );
  if (a === undefined || b === undefined) return;
  if (ipFamily(a.value.address) !== ipFamily(b.value.address)) return;
  if (prefixContains(a.value, b.value.address) && prefixContains(b.value, a.value.address)) return;
  const message = `${formatPrefix(a.value)} and ${formatPrefix(b.value)}, the ends of ${name}, are not in one subnet: look for a wrong digit`;
  findings.warn(b.at, "link-subnet", message);
}
