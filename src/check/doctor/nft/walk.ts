/**
 * The way of one packet through the chains of a hook. Where a rule asks for something that is not known here, both ways are
 * followed: what is then found is possible and not certain.
 */
import type { Answer } from "./match.ts";
import type { Packet } from "./packet.ts";
import type { BaseChain, Chain, Rule, RulePlace, Ruleset } from "./ruleset.ts";
import {
  type Branch,
  type Choice,
  condition,
  type Deed,
  deedOf,
  type Verdict,
  verdictsOf,
} from "./statements.ts";

/** Something that a rule does with the packet beside its verdict. */
export interface Effect extends Deed {
  readonly place: RulePlace;
  readonly certain: boolean;
}

interface End {
  readonly verdict: "accept" | "drop";
  readonly place: RulePlace;
  /** Chains that the packet came through before, the one of the hook first. */
  readonly trail: readonly string[];
}

/** "maybe": a rule on the way was not understood, or asks for what is not known. */
export type Passage =
  | { readonly outcome: "passes" }
  | ({ readonly outcome: "dropped" | "maybe" } & Pick<End, "place" | "trail">);

export interface Journey {
  readonly passage: Passage;
  readonly effects: readonly Effect[];
}

/** Kernels allow 16. */
const DEPTH_MAX = 16;
/** Far more rules than a router has; a listing that goes beyond is given up as not understood. */
const STEPS_MAX = 200_000;

/** Chains of one hook in the order in which the kernel runs them. */
export function chainsAt(ruleset: Ruleset, hook: string, packet: Packet): readonly Chain[] {
  const families =
    hook === "ingress" ? ["netdev", "inet"] : ["inet", packet.family === 4 ? "ip" : "ip6"];
  return ruleset.chains
    .filter(({ family, base }) => base?.hook === hook && families.includes(family))
    .filter(({ base }) => isOnDevice(base, packet))
    .toSorted((a, b) => (a.base?.priority ?? 0) - (b.base?.priority ?? 0));
}

const isOnDevice = (base: BaseChain | undefined, { input }: Packet): boolean =>
  base === undefined || base.devices.length === 0 || base.devices.includes(input ?? "");

/** Sends the packet through one base chain. */
export const walkChain = (ruleset: Ruleset, chain: Chain, packet: Packet): Journey =>
  new Walk(ruleset, packet).journey(chain);

/** How a rule leaves the packet: at the next rule, out of the chain, away for good, or out of the chain perhaps. */
type Step = "next" | "return" | "gone" | "perhaps-return";

/** Where on its way the packet is. */
interface Way {
  /** Chains that it was sent here from. */
  readonly trail: readonly string[];
  /** Nothing unknown was needed to come here. */
  readonly sure: boolean;
}

class Walk {
  readonly #ruleset: Ruleset;
  readonly #packet: Packet;
  readonly #ends: End[] = [];
  readonly #effects: Effect[] = [];
  #steps = 0;

  constructor(ruleset: Ruleset, packet: Packet) {
    this.#ruleset = ruleset;
    this.#packet = packet;
  }

  journey(chain: Chain): Journey {
    const { family, table, name, base } = chain;
    if (this.#walk(chain, { trail: [], sure: true }))
      this.#ends.push({
        verdict: base?.drops === true ? "drop" : "accept",
        place: { family, table, chain: name, handle: undefined, text: "" },
        trail: [],
      });
    // nft does not always say to which interface such a chain belongs.
    const isOurs = base?.hook !== "ingress" || base.devices.length > 0;
    return { passage: this.#passage(isOurs), effects: [...this.#effects] };
  }

  /** Where every end is a drop, the last one is certain. */
  #passage(isOurs: boolean): Passage {
    const drops = this.#ends.filter(({ verdict }) => verdict === "drop");
    const isCertain = isOurs && drops.length === this.#ends.length;
    const drop = isCertain ? drops.at(-1) : drops[0];
    if (drop === undefined) return { outcome: "passes" };
    const { place, trail } = drop;
    return { outcome: isCertain ? "dropped" : "maybe", place, trail };
  }

  /** True when the packet comes back from the chain, or may. */
  #walk(chain: Chain, { trail, sure }: Way): boolean {
    let mayReturn = false;
    for (const rule of chain.rules) {
      this.#steps += 1;
      if (this.#steps > STEPS_MAX) return this.#leaveOpen(rule.place, trail);
      const step = this.#step(rule, { trail, sure: sure && !mayReturn });
      if (step === "return") return true;
      if (step === "gone") return mayReturn;
      mayReturn ||= step === "perhaps-return";
    }
    return true;
  }

  /** Nothing can be said about what happens from here on. */
  #leaveOpen(place: RulePlace, trail: readonly string[]): boolean {
    this.#ends.push({ verdict: "drop", place, trail }, { verdict: "accept", place, trail });
    return true;
  }

  #step(rule: Rule, way: Way): Step {
    const { place } = rule;
    const scope = { ruleset: this.#ruleset, family: place.family, table: place.table };
    let matches: Answer = true;
    for (const statement of rule.statements) {
      const holds = condition(statement, this.#packet, scope);
      if (holds === false) return "next";
      if (holds === undefined) matches = undefined;
      const effect = deedOf(statement, place.text);
      const sure = way.sure && matches === true;
      if (effect !== undefined)
        this.#effects.push({ ...effect, place, certain: sure && this.#ends.length === 0 });
      const step = this.#decide(verdictsOf(statement, place.text, this.#packet, scope), place, {
        ...way,
        sure: matches === true,
      });
      if (step !== "next") return step;
    }
    return "next";
  }

  /** `way.sure` says whether the rule matches for certain. */
  #decide(verdicts: readonly Choice[], place: RulePlace, way: Way): Step {
    for (const [verdict, applies] of verdicts) {
      const step = this.#follow(verdict, place, { ...way, sure: way.sure && applies === true });
      if (step !== "next") return step;
    }
    return "next";
  }

  #follow(verdict: Verdict, place: RulePlace, { trail, sure }: Way): Step {
    const away = sure ? "gone" : "next";
    switch (verdict.name) {
      case "accept":
      case "drop":
        this.#ends.push({ verdict: verdict.name, place, trail });
        return away;
      case "queue":
        this.#leaveOpen(place, trail);
        return away;
      case "return":
        return sure ? "return" : "perhaps-return";
      case "jump":
      case "goto":
        return this.#enter(verdict, place, { trail, sure });
    }
  }

  #enter({ name, target }: Branch, place: RulePlace, { trail, sure }: Way): Step {
    const chain = this.#ruleset.chains.find(
      (one) => one.family === place.family && one.table === place.table && one.name === target,
    );
    if (chain === undefined || trail.length >= DEPTH_MAX) {
      this.#leaveOpen(place, trail);
      return "next";
    }
    const comesBack = this.#walk(chain, { trail: [...trail, place.chain], sure });
    if (name === "jump") return comesBack || !sure ? "next" : "gone";
    if (!sure) return "perhaps-return";
    return comesBack ? "return" : "gone";
  }
}
