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
  type NetworkEntry,
  namesOf,
  type RouterEntry,
  unknownName,
  valuesOf,
} from "./completion.ts";
import type { PairRouter } from "./model.ts";
import type { Many, Placed } from "./reading.ts";
import { hostFault, rangeOf } from "./subnet.ts";

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
  const virtual = valuesOf(network.value?.address);
  for (const router of completion.routers) {
    if (router.value === undefined) continue;
    const entry = router.value.find(({ name }) => name === network.name);
    const own = entry?.value;
    // What stands there and could not be read was reported.
    if (entry !== undefined && own === undefined) continue;
    for (const placed of own ?? []) checkHost(completion, placed);
    if (virtual.length === 0) continue;
    const at = entry?.at ?? router.nameAt;
    if (own === undefined) reportMissing(completion, { router, network, at, family: undefined });
    else
      for (const family of [4, 6] as const)
        checkFamily(completion, { router, network, family, at }, own);
  }
  for (const placed of network.value?.address?.value ?? []) checkHost(completion, placed);
  for (const placed of network.value?.unadvertised?.value ?? []) checkHost(completion, placed);
  checkLink(completion, network);
}

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
  readonly family: IpFamily | undefined;
}

function reportMissing({ findings }: Completion, { router, network, at, family }: Place): void {
  const [example] = (network.value?.address?.value ?? []).filter(
    ({ value }) => family === undefined || ipFamily(value.address) === family,
  );
  const kind = family === undefined ? "" : `IPv${family} `;
  const subnet = example === undefined ? "" : ` in the subnet of ${formatPrefix(example.value)}`;
  const message = `routers.${router.name} has no ${kind}address of its own on ${network.name}: add ${network.name}: ADDRESS/LENGTH${subnet}`;
  findings.error(at, "address-missing", message);
}

/** One family of a router's own addresses against the virtual ones. */
function checkFamily(completion: Completion, place: Place, own: Many<Prefix>): void {
  const { findings } = completion;
  const { router, network, family } = place;
  const isOf = ({ value }: Placed<Prefix>): boolean => ipFamily(value.address) === family;
  const virtual = (network.value?.address?.value ?? []).filter(isOf);
  const [first, second] = own.filter(isOf);
  if (second !== undefined) {
    const message = `routers.${router.name}.${network.name} has several IPv${family} addresses: advertisements are sent from one; keep that one`;
    findings.error(second.at, "address-several", message);
  }
  if (first === undefined) {
    // IPv6 elects with link-local addresses, which every interface has.
    if (virtual.length > 0 && (family === 4 || own.length === 0)) reportMissing(completion, place);
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
  const text = (number: number): string =>
    [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
  return `write one from ${text(first + 1)} to ${text(last - 1)}`;
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

interface Holder {
  readonly router: string | undefined;
  readonly network: string;
  readonly place: string;
}

/** No address is there twice, unless its owner has priority 255. */
function checkDuplicates(completion: Completion, priorities: ReadonlyMap<string, number>): void {
  const { findings, networks, routers } = completion;
  const holders = new Map<string, Holder>();
  const report = (at: Position, address: string, [a, b]: readonly [Holder, Holder]): void => {
    const name = (holder: Holder): string =>
      holder.router === undefined
        ? `virtual on ${holder.network}`
        : `${holder.router}'s on ${holder.network}`;
    const hint =
      a.router === undefined || b.router === undefined
        ? `, or set vrrp.priority of ${a.router ?? b.router ?? "its owner"} to 255 if it owns the address`
        : "";
    const message = `${address} is ${name(a)} and ${name(b)}: write another address${hint}`;
    findings.error(at, "address-duplicate", message);
  };
  const take = ({ value: { address }, at }: Placed<Prefix>, holder: Holder): void => {
    const other = holders.get(address);
    if (other === undefined || isLinkLocal(address)) {
      holders.set(address, holder);
      return;
    }
    // Two networks on one interface may share the router's own address.
    if (
      other.router !== undefined &&
      other.router === holder.router &&
      other.place === holder.place
    )
      return;
    const owner =
      holder.router === undefined
        ? other.router
        : other.router === undefined
          ? holder.router
          : undefined;
    if (owner !== undefined && other.network === holder.network && priorities.get(owner) === 255)
      return;
    report(at, address, [other, holder]);
  };
  for (const { name: router, value } of routers) {
    for (const { name: network, value: own } of value ?? []) {
      const draft = networks.find((entry) => entry.name === network)?.value?.interface?.value;
      const named =
        typeof draft === "string" ? draft : draft?.find(({ name }) => name === router)?.value;
      for (const placed of own ?? []) take(placed, { router, network, place: named ?? network });
    }
  }
  for (const { name: network, value } of networks)
    for (const list of [value?.address, value?.unadvertised])
      for (const placed of list?.value ?? [])
        take(placed, { router: undefined, network, place: "" });
}
