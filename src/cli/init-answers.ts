/** The questions of `duet init` in their order, and what is suggested for each. */
import path from "node:path";
import type { IpAddress, Prefix } from "../base/ip.ts";
import { formatPrefix } from "../base/ip.ts";
import { isName } from "../config/pair/maps.ts";
import type { Surroundings } from "../daemon/router-surroundings.ts";
import {
  checkGateway,
  checkInterface,
  checkName,
  checkOwn,
  checkYes,
  NONE,
  neighbourCheck,
} from "./init-checks.ts";
import { neighbours, type Plan, type PlannedNetwork } from "./init-plan.ts";
import type { Questions } from "./init-questions.ts";
import type { InitFlags } from "./init-run.ts";

interface Around {
  readonly flags: InitFlags;
  readonly questions: Questions;
  readonly surroundings: Surroundings;
}

/** Asks for everything that the flags do not say. */
export async function answersOf(around: Around): Promise<Plan> {
  const { flags } = around;
  const names = await askNames(around);
  const lan = await askLan(around);
  const wan = await askWan(around, lan.interface);
  const link = await askLink(around, [lan.interface, wan?.interface]);
  return {
    ...names,
    networks: [lan, wan, link].filter((network) => network !== undefined),
    dhcp: await askDhcp(around),
    secretFile: flags.secret
      ? path.resolve(flags.secretFile ?? path.join(path.dirname(flags.config), "secret"))
      : undefined,
  };
}

async function askNames({
  flags,
  questions,
  surroundings,
}: Around): Promise<Pick<Plan, "pair" | "node" | "peer">> {
  const pair = await questions.ask({
    flag: "--pair",
    given: flags.pair,
    text: "Name of the pair",
    suggestion: "home",
    isKnown: true,
    check: checkName([]),
  });
  const host = surroundings.hostName.split(".")[0] ?? "";
  const node = await questions.ask({
    flag: "--node",
    given: flags.node,
    text: "Name of this router",
    suggestion: isName(host) ? host : "alpha",
    isKnown: isName(host),
    check: checkName([]),
  });
  const peer = await questions.ask({
    flag: "--peer",
    given: flags.peer,
    text: "Name of the other router",
    suggestion: node === "beta" ? "alpha" : "beta",
    isKnown: false,
    check: checkName([node]),
  });
  return { pair, node, peer };
}

async function askLan(around: Around): Promise<PlannedNetwork> {
  const { flags, questions, surroundings } = around;
  const { interfaces, defaultRoute } = surroundings;
  const inside = interfaces.filter(
    ({ name, addresses }) => addresses.length > 0 && name !== defaultRoute?.interface,
  );
  const bridge = interfaces.find(({ name }) => name === "br-lan");
  const found = bridge ?? inside[0];
  const name = await questions.ask({
    flag: "--lan",
    given: flags.lan,
    text: "Interface of the LAN",
    suggestion: found?.name,
    isKnown: bridge !== undefined || inside.length === 1,
    check: checkInterface(surroundings, { mayBeNone: false, taken: [] }),
  });
  const ends = await askEnds(around, { name: "lan", interface: name ?? "", fallback: undefined });
  return await askVirtual(around, { ...ends, gateway: undefined });
}

async function askWan(around: Around, lan: string): Promise<PlannedNetwork | undefined> {
  const { flags, questions, surroundings } = around;
  const route = surroundings.defaultRoute;
  const isOther = route !== undefined && route.interface !== lan;
  const name = await questions.ask({
    flag: "--wan",
    given: flags.wan,
    text: `Interface of the WAN, or ${NONE}`,
    suggestion: isOther ? route.interface : NONE,
    isKnown: true,
    check: checkInterface(surroundings, { mayBeNone: true, taken: [lan] }),
  });
  if (name === undefined) return undefined;
  const ends = await askEnds(around, { name: "wan", interface: name, fallback: undefined });
  const gateway = await questions.ask({
    flag: "--gateway",
    given: flags.gateway,
    text: `Gateway of the WAN, or ${NONE}`,
    suggestion: route?.interface === name ? route.gateway : NONE,
    isKnown: true,
    check: checkGateway(ends),
  });
  return await askVirtual(around, { ...ends, gateway });
}

const LINK_ADDRESS = "10.255.0.1/30";

async function askLink(
  around: Around,
  taken: readonly (string | undefined)[],
): Promise<PlannedNetwork | undefined> {
  const { flags, questions, surroundings } = around;
  const free = surroundings.interfaces.filter(({ name }) => !taken.includes(name));
  // A cable between two routers has a subnet for two.
  const cable = free.find(({ addresses }) => addresses.some(({ length }) => length >= 30));
  const name = await questions.ask({
    flag: "--link",
    given: flags.link,
    text: `Interface of a cable between the routers, or ${NONE}`,
    suggestion: cable?.name ?? NONE,
    isKnown: true,
    check: checkInterface(surroundings, { mayBeNone: true, taken }),
  });
  if (name === undefined) return undefined;
  const ends = await askEnds(around, { name: "link", interface: name, fallback: LINK_ADDRESS });
  return { ...ends, virtual: undefined, gateway: undefined };
}

type Ends = Pick<PlannedNetwork, "name" | "interface" | "own" | "peer">;

interface Place {
  readonly name: PlannedNetwork["name"];
  readonly interface: string;
  /** Suggested where the interface has no address. */
  readonly fallback: string | undefined;
}

/** Both routers' own addresses. */
async function askEnds({ flags, questions, surroundings }: Around, place: Place): Promise<Ends> {
  const { name } = place;
  const [present] =
    surroundings.interfaces.find((one) => one.name === place.interface)?.addresses ?? [];
  const own = await questions.ask({
    flag: `--${name}-address`,
    given: flags[`${name}Address`],
    text: `Address of this router on ${place.interface}, with the length`,
    suggestion: present === undefined ? place.fallback : formatPrefix(present),
    isKnown: present !== undefined,
    check: checkOwn,
  });
  const [suggestion] = freeNeighbours(surroundings, own, []);
  const peer = await questions.ask({
    flag: `--${name}-peer`,
    given: flags[`${name}Peer`],
    text: `Address of the other router on that network`,
    suggestion: suggestion?.address,
    isKnown: false,
    check: neighbourCheck(own, []),
  });
  return { name, interface: place.interface, own, peer };
}

/** Addresses that this router knows of are somebody else's. */
function freeNeighbours(
  { defaultRoute }: Surroundings,
  own: Prefix,
  taken: readonly IpAddress[],
): readonly Prefix[] {
  const known = defaultRoute === undefined ? taken : [...taken, defaultRoute.gateway];
  return neighbours(own, known, 1);
}

async function askVirtual(
  { flags, questions, surroundings }: Around,
  ends: Ends & Pick<PlannedNetwork, "gateway">,
): Promise<PlannedNetwork> {
  const { name, own, peer, gateway } = ends;
  const key = name === "lan" ? "lanVirtual" : "wanVirtual";
  const taken = [peer.address, ...(gateway === undefined ? [] : [gateway])];
  const [suggestion] = freeNeighbours(surroundings, own, taken);
  const virtual = await questions.ask({
    flag: `--${name}-virtual`,
    given: flags[key],
    text: `Virtual address on the ${name.toUpperCase()}, which moves between them`,
    suggestion: suggestion?.address,
    isKnown: false,
    check: neighbourCheck(own, taken),
  });
  return { ...ends, virtual };
}

async function askDhcp({ flags, questions }: Around): Promise<boolean> {
  const given = flags.dhcp === undefined ? undefined : flags.dhcp ? "yes" : "no";
  return await questions.ask({
    flag: "--dhcp or --no-dhcp",
    given,
    text: "Do the routers lend addresses to the hosts of the LAN (DHCP)? yes or no",
    suggestion: "yes",
    isKnown: false,
    check: checkYes,
  });
}
