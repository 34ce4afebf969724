/** What the packet filter does with a packet to or from this router, over all hooks that it passes. */
import type { Packet } from "./packet.ts";
import type { Ruleset } from "./ruleset.ts";
import { chainsAt, type Effect, type Passage, walkChain } from "./walk.ts";

export interface Travel {
  readonly passage: Passage;
  /** Undefined: a rule that may spare it the tracking was not understood. */
  readonly tracked: boolean | undefined;
}

/** NF_IP_PRI_CONNTRACK of linux/netfilter_ipv4.h: what comes later cannot keep a packet from being tracked. */
const TRACKING_PRIORITY = -200;
const HOOKS = { in: ["ingress", "prerouting", "input"], out: ["output", "postrouting"] } as const;

/** Follows a packet of this router or for it. A certain drop is told before a possible one. */
export function travel(ruleset: Ruleset, direction: "in" | "out", packet: Packet): Travel {
  const effects: Effect[] = [];
  let passage: Passage = { outcome: "passes" };
  for (const hook of HOOKS[direction])
    for (const chain of chainsAt(ruleset, hook, packet)) {
      if (chain.base === undefined || chain.base.type === "nat") continue;
      const isEarly = chain.base.priority < TRACKING_PRIORITY;
      const state = !isEarly && trackedAfter(effects) === false ? "untracked" : packet.state;
      const journey = walkChain(ruleset, chain, { ...packet, state });
      if (isEarly) effects.push(...journey.effects);
      if (journey.passage.outcome === "dropped")
        return { passage: journey.passage, tracked: trackedAfter(effects) };
      if (passage.outcome === "passes") passage = journey.passage;
    }
  return { passage, tracked: trackedAfter(effects) };
}

function trackedAfter(effects: readonly Effect[]): boolean | undefined {
  const notrack = effects.filter(({ name }) => name === "notrack");
  if (notrack.some(({ certain }) => certain)) return false;
  return notrack.length === 0 ? true : undefined;
}

/** What source translation does, or may do, with a packet that is forwarded: up to the first thing that is certain. */
export function translations(ruleset: Ruleset, packet: Packet): readonly Effect[] {
  const effects = chainsAt(ruleset, "postrouting", packet)
    .filter(({ base }) => base?.type === "nat")
    .flatMap((chain) => walkChain(ruleset, chain, packet).effects)
    .filter(({ name }) => name !== "notrack");
  const end = effects.findIndex(({ certain }) => certain);
  return end < 0 ? effects : effects.slice(0, end + 1);
}

/** True when something in the rules makes the kernel track connections. */
export const tracksConnections = ({ chains }: Ruleset): boolean =>
  chains.some(
    ({ base, rules }) =>
      base?.type === "nat" ||
      rules.some(({ statements, place }) =>
        /"ct"|"ct helper"|conntrack/.test(JSON.stringify(statements) + place.text),
      ),
  );
