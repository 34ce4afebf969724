import fc from "fast-check";
import { expect, test } from "vitest";
import type { Packet } from "../../src/check/doctor/nft/packet.ts";
import { type Ruleset, readRuleset } from "../../src/check/doctor/nft/ruleset.ts";
import { travel } from "../../src/check/doctor/nft/travel.ts";
import {
  ACCEPT,
  codesOf,
  DROP,
  diagnosis,
  INPUT,
  match,
  meta,
  OPEN_INPUT,
} from "../support/doctor.ts";
import { ip } from "../support/vrrp-config.ts";

const PACKET: Packet = {
  family: 4,
  input: "lan",
  output: undefined,
  protocol: 112,
  source: ip("10.1.0.3"),
  destination: ip("224.0.0.18"),
  ttl: 255,
  destinationPort: undefined,
  state: "new",
};

/** Conditions that hold, that do not, and that cannot be known here. */
const CONDITIONS = {
  yes: match(meta("l4proto"), "vrrp"),
  no: match(meta("l4proto"), "tcp"),
  unknown: match(meta("mark"), 1),
};

interface PlainRule {
  readonly holds: "yes" | "no" | "unknown";
  readonly verdict: object;
}

/** Chains may only enter those after them, so that there is no loop. */
const verdicts = (later: readonly string[]): fc.Arbitrary<object> =>
  fc.oneof(
    fc.constantFrom<object>(ACCEPT, DROP, { return: null }, { counter: null }),
    ...later.map((target) => fc.constantFrom<object>({ jump: { target } }, { goto: { target } })),
  );

const rules = (later: readonly string[]): fc.Arbitrary<readonly PlainRule[]> =>
  fc.array(fc.record({ holds: fc.constantFrom("yes", "no"), verdict: verdicts(later) }), {
    maxLength: 5,
  });

type Chains = Readonly<Record<"input" | "a" | "b", readonly PlainRule[]>>;

const chains: fc.Arbitrary<Chains> = fc.record({
  input: rules(["a", "b"]),
  a: rules(["b"]),
  b: rules([]),
});

function rulesetOf(all: Chains, isOpen: boolean): Ruleset {
  const [family, table] = ["inet", "t"];
  const base = isOpen ? OPEN_INPUT : INPUT;
  const made = Object.keys(all).map((name) => ({
    chain: { family, table, name, handle: 1, ...(name === "input" && base) },
  }));
  const filled = Object.entries(all).flatMap(([chain, list]) =>
    list.map(({ holds, verdict }, handle) => ({
      rule: { family, table, chain, handle, expr: [CONDITIONS[holds], verdict] },
    })),
  );
  const items = [...made, ...filled];
  return readRuleset({ nftables: items }, "");
}

const outcome = (all: Chains, isOpen: boolean): string =>
  travel(rulesetOf(all, isOpen), "in", PACKET).passage.outcome;

/** What the kernel does, chain by chain, where every condition is known. */
function kernelVerdict(all: Chains, isOpen: boolean): string {
  const enter = (name: keyof Chains): "accept" | "drop" | "back" => {
    for (const { holds, verdict } of all[name]) {
      if (holds !== "yes") continue;
      if ("accept" in verdict) return "accept";
      if ("drop" in verdict) return "drop";
      if ("return" in verdict) return "back";
      const { jump, goto } = verdict as Readonly<Record<string, { target: keyof Chains }>>;
      const target = (jump ?? goto)?.target;
      if (target === undefined) continue;
      const result = enter(target);
      if (result !== "back" || goto !== undefined) return result;
    }
    return "back";
  };
  const result = enter("input");
  const accepted = result === "accept" || (result === "back" && isOpen);
  return accepted ? "passes" : "dropped";
}

test("where every condition is known the packet fares as in the kernel", () => {
  fc.assert(
    fc.property(chains, fc.boolean(), (all, isOpen) => {
      expect(outcome(all, isOpen)).toBe(kernelVerdict(all, isOpen));
    }),
    { numRuns: 500 },
  );
});

test("a condition that is not known makes certain only what comes out either way", () => {
  fc.assert(
    fc.property(chains, fc.boolean(), fc.nat(), (all, isOpen, pick) => {
      const places = Object.entries(all).flatMap(([name, list]) =>
        list.map((_, index) => ({ name: name as keyof Chains, index })),
      );
      const place = places[pick % Math.max(places.length, 1)];
      if (place === undefined) return;
      const variant = (holds: PlainRule["holds"]): Chains => ({
        ...all,
        [place.name]: all[place.name].map((rule, index) =>
          index === place.index ? { verdict: rule.verdict, holds } : rule,
        ),
      });
      const [yes, no] = [outcome(variant("yes"), isOpen), outcome(variant("no"), isOpen)];
      const unknown = outcome(variant("unknown"), isOpen);
      if (yes === no) expect([yes, "maybe"]).toContain(unknown);
      else expect(unknown).toBe("maybe");
    }),
    { numRuns: 500 },
  );
});

test("whatever nft prints, nothing throws and nothing hangs", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.string(), (json, listing) => {
      const items = { nftables: Array.isArray(json) ? json : [{ rule: json }, { chain: json }] };
      expect(codesOf(diagnosis({ ruleset: { json: items, listing } }))).toBeDefined();
    }),
  );
});
