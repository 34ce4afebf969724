/** What the pair's file says of one router, as ground on which the router's other files are checked. */
import type { Position } from "../config/diagnostics.ts";
import type { UsablePair } from "../config/pair/derivation.ts";
import { deriveModel } from "../config/pair/derive.ts";
import type { PairFacts, RouterFile } from "./picture.ts";

/** Where the pair's file lies on the routers. */
const PLACE = "/etc/duet/duet.yaml";

/** Undefined when the pair has no router of that name. */
export function pairFactsOf(loaded: UsablePair, name: string, text: string): PairFacts | undefined {
  const { pair, positions, files } = loaded;
  const router = pair.routers.find((candidate) => candidate.name === name);
  if (router === undefined) return undefined;
  const file = files[0] ?? PLACE;
  const start: Position = { file, line: 1, column: 1 };
  const { model, replication } = deriveModel(loaded, name);
  const ownFile: RouterFile = { file, place: PLACE, text, lines: text.split("\n") };
  const ownAddresses = pair.networks.flatMap(({ name: network, interfaces }) =>
    (router.addresses[network] ?? []).map((prefix) => ({
      interface: interfaces[name] ?? network,
      prefix,
      at: positions[`routers.${name}.${network}`] ?? start,
    })),
  );
  return {
    base: {
      election: { model, file },
      replication: replication && { config: replication, file },
      files: [ownFile],
    },
    ownAddresses,
  };
}
