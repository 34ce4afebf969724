/** What is certain from a pair's file and still not what anybody wants, beyond what its reader says. */
import { type IpAddress, ipFamily, prefixContains } from "../base/ip.ts";
import type { Position } from "../config/diagnostics.ts";
import type { LoadedPair, PairConfig, PairNetwork } from "../config/pair/model.ts";
import { type Finding, found } from "./finding.ts";

/** Looks up the first of some paths in the file, from the exact one to the section around it. */
type Place = (...paths: readonly string[]) => Position;

/** None when the file has errors, which come first. */
export function checkPair({ pair, positions, files }: LoadedPair): readonly Finding[] {
  if (pair === undefined) return [];
  const start: Position = { file: files[0] ?? "", line: 1, column: 1 };
  const place: Place = (...paths) => {
    const path = paths.find((candidate) => Object.hasOwn(positions, candidate));
    return (path === undefined ? undefined : positions[path]) ?? start;
  };
  return [
    ...checkPriorities(pair, place),
    ...checkTogether(pair, place),
    ...checkLinks(pair, place),
    ...pair.networks.flatMap((network) => checkDhcp(network, pair, place)),
  ];
}

function checkPriorities(
  { routers, election, tracking }: PairConfig,
  place: Place,
): readonly Finding[] {
  const [first, second] = routers;
  const difference = Math.abs(first.priority - second.priority);
  const weights = [...tracking.interfaces, ...tracking.checks].filter(({ weight }) => weight !== 0);
  const at = place("election.priority", "vrrp.priority", "election", "vrrp");
  if (weights.length === 0) {
    if (difference > 0 || !election.preempt) return [];
    const message = `${first.name} and ${second.name} both have priority ${first.priority}, and preempt is true`;
    const fix = `write priority: { ${first.name}: 150, ${second.name}: 100 } under vrrp, or leave out preempt`;
    return [found("priority-tie", at, message, fix)];
  }
  const swing = weights.reduce((total, { weight }) => total + Math.abs(weight), 0);
  const names = weights.map(({ name }) => name).join(", ");
  const tracked = place("tracking", "track");
  if (!election.preempt) {
    const message = `${names} lowers the priority, but preempt is false, so the other router does not take over`;
    const fix =
      "write preempt: true under vrrp, or leave the weights out: a failure is a fault then";
    return [found("weight-no-effect", tracked, message, fix)];
  }
  if (swing > difference) return [];
  const message = `weights of ${names} come to ${swing}, and the priorities are ${difference} apart`;
  const fix = `make the weights come to more than ${difference}, or leave them out`;
  return [found("weight-no-effect", tracked, message, fix)];
}

function checkTogether({ networks, election }: PairConfig, place: Place): readonly Finding[] {
  const moving = networks.filter(({ addresses }) => addresses.length > 0);
  if (election.together || moving.length < 2) return [];
  const names = moving.map(({ name }) => name).join(", ");
  const message = `networks ${names} move apart from each other, because together is false`;
  const fix = "leave out together: all networks then move at once";
  return [found("group-absent", place("election.together", "election"), message, fix)];
}

/** A network with virtual addresses has hosts. */
function checkLinks({ networks, replication }: PairConfig, place: Place): readonly Finding[] {
  const links = new Set(replication?.links);
  const shared = networks.filter(({ name, addresses }) => links.has(name) && addresses.length > 0);
  return shared.map(({ name }) => {
    const message = `connections are replicated over network ${name}, which has virtual addresses and therefore hosts`;
    const at = place("replication.links", "replication", `networks.${name}`);
    const fix =
      "add a network without address, such as link: { interface: eth3 }, and both routers' addresses on it";
    return found("link-shared", at, message, fix);
  });
}

function checkDhcp(network: PairNetwork, pair: PairConfig, place: Place): readonly Finding[] {
  const { dhcp, name } = network;
  const virtuals = [...network.addresses, ...network.unadvertised]
    .map(({ address }) => address)
    .filter((address) => ipFamily(address) === 4);
  if (dhcp === undefined || virtuals.length === 0) return [];
  const isLocal = (address: IpAddress): boolean =>
    pair.routers.some(({ addresses }) =>
      (addresses[name] ?? []).some((prefix) => prefixContains(prefix, address)),
    );
  const own = pair.routers.map(({ addresses }) =>
    (addresses[name] ?? []).map((one) => one.address),
  );
  const servesBoth = own.every((list) => list.some((address) => dhcp.dns.includes(address)));
  const wrong = {
    router: dhcp.router.filter((address) => !virtuals.includes(address)),
    dns: servesBoth
      ? []
      : dhcp.dns.filter((address) => !virtuals.includes(address) && isLocal(address)),
  };
  return (["router", "dns"] as const).flatMap((key) => {
    if (wrong[key].length === 0) return [];
    const message = `dhcp ${key} of network ${name} is ${wrong[key].join(", ")}, and the virtual address there is ${virtuals.join(", ")}`;
    const at = place(`networks.${name}.dhcp.${key}`, `networks.${name}.dhcp`, `networks.${name}`);
    return [
      found("dhcp-option-not-virtual", at, message, `leave out ${key}, or write ${virtuals[0]}`),
    ];
  });
}
