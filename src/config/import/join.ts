/** Facts of one router from files in several languages. */
import type { ReplicationFacts, RouterFacts } from "./facts.ts";

/** The first part that names something counts; lists are put behind each other. At least one part. */
export function joinFacts(parts: readonly RouterFacts[]): RouterFacts {
  const all = <T>(pick: (facts: RouterFacts) => readonly T[]): readonly T[] => parts.flatMap(pick);
  const replication = parts.find((facts) => facts.replication !== undefined)?.replication;
  return {
    files: all(({ files }) => files),
    name: parts.find(({ name }) => name !== undefined)?.name,
    networks: all(({ networks }) => networks),
    instances: all(({ instances }) => instances),
    groups: all(({ groups }) => groups),
    checks: all(({ checks }) => checks),
    replication,
    hooks: Object.assign(
      {},
      ...parts.map(({ hooks }) => hooks).toReversed(),
    ) as RouterFacts["hooks"],
    notCarried: all(({ notCarried }) => notCarried),
  };
}

/** A router of which only conntrackd.conf is known. */
export const factsOfReplication = (
  replication: ReplicationFacts,
  notCarried: RouterFacts["notCarried"],
): RouterFacts => ({
  files: [replication.at.file],
  name: undefined,
  networks: [],
  instances: [],
  groups: [],
  checks: [],
  replication,
  hooks: {},
  notCarried,
});
