/** Which of the two routers this one is. */
import type { IpAddress } from "../../base/ip.ts";
import { didYouMean } from "../suggest.ts";
import type { PairConfig, PairRouter } from "./model.ts";

/** What is known of the machine that asks. */
export interface NodeFacts {
  /** The name that somebody gave it (`--node`); nothing else counts then. */
  readonly name?: string;
  readonly addresses?: readonly IpAddress[];
  readonly hostName?: string;
}

export type FoundNode =
  /** `how` is a sentence such as "this is alpha: it has 192.168.1.2 (lan)". */
  | { readonly ok: true; readonly router: PairRouter; readonly how: string }
  | { readonly ok: false; readonly message: string };

/** Finds the router by its name, else by the addresses it owns, else by its host name. */
export function findNode(
  pair: PairConfig,
  { name, addresses = [], hostName }: NodeFacts,
): FoundNode {
  if (name !== undefined) return findByName(pair, name);
  const owned = pair.routers.map((router) => ownedBy(pair, router, addresses));
  const candidates = pair.routers.filter((_, index) => (owned[index]?.length ?? 0) > 0);
  const [router, other] = candidates;
  if (router !== undefined && other !== undefined) {
    const lists = pair.routers.map(
      ({ name: own }, index) => `${owned[index]?.join(", ")} of ${own}`,
    );
    const message = `this router has addresses of both: ${lists.join(" and ")}; remove the wrong ones, or say --node ${router.name} or --node ${other.name}`;
    return { ok: false, message };
  }
  if (router !== undefined) {
    const list = owned[pair.routers.indexOf(router)]?.join(", ") ?? "";
    return { ok: true, router, how: `this is ${router.name}: it has ${list}` };
  }
  return findByHostName(pair, hostName);
}

function findByName(pair: PairConfig, name: string): FoundNode {
  const router = pair.routers.find((candidate) => candidate.name === name);
  if (router !== undefined) return { ok: true, router, how: `this is ${name}: it was named` };
  const names = pair.routers.map((candidate) => candidate.name);
  const message = `pair ${pair.name} has no router ${JSON.stringify(name)}, only ${names.join(" and ")}${didYouMean(name, names)}`;
  return { ok: false, message };
}

/** Own addresses of `router` that are here. A virtual one tells nothing: it moves. */
function ownedBy(
  pair: PairConfig,
  router: PairRouter,
  here: readonly IpAddress[],
): readonly string[] {
  const present = new Set(here);
  for (const { addresses, unadvertised } of pair.networks)
    for (const { address } of [...addresses, ...unadvertised]) present.delete(address);
  return Object.entries(router.addresses).flatMap(([network, prefixes]) =>
    prefixes
      .filter(({ address }) => present.has(address))
      .map(({ address }) => `${address} (${network})`),
  );
}

function findByHostName(pair: PairConfig, hostName: string | undefined): FoundNode {
  const short = hostName?.split(".")[0]?.toLowerCase();
  const router = pair.routers.find(({ name }) =>
    [short, hostName?.toLowerCase()].includes(name.toLowerCase()),
  );
  if (router !== undefined) {
    const how = `this is ${router.name}: its host name is ${hostName}, although it has none of the addresses`;
    return { ok: true, router, how };
  }
  const [a, b] = pair.routers;
  const host = hostName === undefined ? "" : `, and its host name ${hostName} is none of the names`;
  const message = `this router has no address of ${a.name} or ${b.name}${host}: correct routers in the file, or say --node ${a.name} or --node ${b.name}`;
  return { ok: false, message };
}
