/**
 * From a plan to commands of iproute2 and nftables, still without touching the system. The order is: namespaces, their
 * kernel settings, the cables between them, then one script per namespace; what is per namespace may run in parallel.
 */
import { formatPrefix, type IpFamily, ipFamily } from "../base/ip.ts";
import type {
  Bridge,
  Cable,
  CableEnd,
  LabPlan,
  NamespacePlan,
  RoutePlan,
  Sysctl,
} from "./topology.ts";

/** A command line and what it reads from its standard input. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly input?: string;
}

/** Where `ip netns` keeps its names. */
export const NETNS_FOLDER = "/run/netns";

/**
 * The command line that runs `argv` inside `namespace`, with a /sys that shows its interfaces. ip-netns(8) replaces
 * itself, so the process id stays.
 */
export const inNamespace = (
  namespace: string,
  argv: readonly string[],
): readonly [string, ...string[]] => ["ip", "netns", "exec", namespace, ...argv];

/** Creates the empty namespaces. */
export const creation = (plan: LabPlan): Command =>
  ipBatch(plan.namespaces.map(({ name }) => `netns add ${name}`));

/**
 * Plugs the cables in; both ends are still down. No two interfaces of the lab have the same index: the kernel tells of a
 * lost carrier at once only where an interface and the one behind it have different ones, as a VLAN and its port have.
 */
export function cabling(plan: LabPlan): Command {
  const end = ({ role, interface: name, mac }: CableEnd, index: number): string => {
    const namespace = plan.namespaces.find((candidate) => candidate.role === role);
    if (namespace === undefined) throw new RangeError(`no namespace for ${role}`);
    const hardware = mac === undefined ? "" : `address ${mac} `;
    return `name ${name} index ${index} ${hardware}netns ${namespace.name}`;
  };
  const line = ([left, right]: Cable, cable: number): string => {
    const index = FIRST_INDEX + 2 * cable;
    return `link add ${end(left, index)} type veth peer ${end(right, index + 1)}`;
  };
  return ipBatch(plan.cables.map(line));
}

/** Above what the kernel gives to loopback, tunnels and bridges by itself. */
const FIRST_INDEX = 100;

/** Kernel settings of one namespace. They come before the cables: an interface copies the defaults when it appears. */
export const settings = (namespace: NamespacePlan): Command => ({
  argv: inNamespace(namespace.name, ["sh", "-eu"]),
  input: `${namespace.sysctls.map(sysctlLine).join("\n")}\n`,
});

/** Addresses, routes and rules of one namespace, whose cables are plugged in. */
export function configuration(plan: LabPlan, namespace: NamespacePlan): Command {
  const script = [
    ...heredoc("ip -batch -", interfaceLines(plan, namespace)),
    ...heredoc(`${WITH_IPV6} ip -batch -`, networkLines(namespace, 6)),
    ...heredoc("nft -f -", [namespace.ruleset]),
    ...heredoc(`${WITH_IPV6} nft -f -`, [namespace.ipv6Ruleset]),
    // The connection-tracking settings only exist once a rule needs connection tracking.
    ...namespace.sysctls.filter(({ path }) => path.startsWith("net/netfilter/")).map(sysctlLine),
  ];
  return { argv: inNamespace(namespace.name, ["sh", "-eu"]), input: `${script.join("\n")}\n` };
}

function sysctlLine({ path, value, optional }: Sysctl): string {
  const file = `/proc/sys/${path}`;
  return optional
    ? `test ! -w ${file} || echo ${value} > ${file} || true`
    : `echo ${value} > ${file}`;
}

function interfaceLines(plan: LabPlan, namespace: NamespacePlan): string[] {
  const plugged = plan.cables
    .flat()
    .filter(({ role }) => role === namespace.role)
    .map((end) => end.interface);
  return [
    "link set lo up",
    ...namespace.bridges.flatMap(bridgeLines),
    ...plugged.map((name) => `link set ${name} up`),
    ...namespace.bridges.map(({ name }) => `link set ${name} up`),
    ...networkLines(namespace, 4),
  ];
}

/** Addresses and routes of one family. */
function networkLines({ addresses, routes }: NamespacePlan, family: IpFamily): string[] {
  const nodad = family === 6 ? " nodad" : "";
  return [
    ...addresses
      .filter(({ prefix }) => ipFamily(prefix.address) === family)
      .map((each) => `address add ${formatPrefix(each.prefix)} dev ${each.interface}${nodad}`),
    ...routes.filter(({ via }) => ipFamily(via) === family).map(routeLine),
  ];
}

const bridgeLines = ({ name, ports, mac }: Bridge): string[] => [
  `link add ${name} ${mac === undefined ? "" : `address ${mac} `}type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
  ...ports.map((port) => `link set ${port} master ${name}`),
];

const routeLine = ({ destination, via }: RoutePlan): string =>
  `route add ${formatPrefix(destination)} via ${via}`;

const ipBatch = (lines: readonly string[]): Command => ({
  argv: ["ip", "-batch", "-"],
  input: `${lines.join("\n")}\n`,
});

/** Nothing for no lines. */
function heredoc(command: string, lines: readonly string[]): string[] {
  const text = lines.join("\n").trimEnd();
  return text === "" ? [] : [`${command} <<'END'`, text, "END"];
}

/** Before a command that a kernel without IPv6 refuses. */
const WITH_IPV6 = "test ! -d /proc/sys/net/ipv6 ||";
