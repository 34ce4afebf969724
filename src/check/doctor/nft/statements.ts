/** What the statements of a rule do: ask for something, decide about the packet, or do something with it. */
import { type Answer, equals, evaluateMatch, type Scope } from "./match.ts";
import { fieldsOf, type Packet } from "./packet.ts";
import { asList, asObject, type JsonObject, setKey } from "./ruleset.ts";

export interface Branch {
  readonly name: "jump" | "goto";
  readonly target: string;
}
export type Verdict = { readonly name: "accept" | "drop" | "return" | "queue" } | Branch;
/** A verdict, and whether it applies. */
export type Choice = readonly [Verdict, Answer];

/** What a rule does with a packet beside its verdict. */
export interface Deed {
  readonly name: "notrack" | "masquerade" | "snat";
  /** Of snat: what nft prints after `addr`. */
  readonly address: unknown;
}

/** Statements that neither match nor decide. */
const NEUTRAL: ReadonlySet<string> = new Set([
  "counter",
  "log",
  "mangle",
  "notrack",
  "masquerade",
  "snat",
  "dnat",
  "redirect",
  "set",
  "map",
  "flow",
  "ct helper",
  "ct timeout",
  "ct expectation",
  "last",
  "dup",
  "accept",
  "drop",
  "reject",
  "jump",
  "goto",
  "return",
  "continue",
  "queue",
  "vmap",
]);

/** What a statement asks for: true where it asks for nothing. */
export function condition(statement: JsonObject, packet: Packet, scope: Scope): Answer {
  const match = asObject(statement["match"]);
  if (match !== undefined) return evaluateMatch(match, packet, scope);
  const [name = ""] = Object.keys(statement);
  return NEUTRAL.has(name) || isTarget(statement) ? true : undefined;
}

/** Rules of iptables that nft shows: matches and targets of its own kind. */
const isTarget = (statement: JsonObject): boolean =>
  asObject(statement["xt"])?.["type"] === "target";

function targetName(statement: JsonObject, text: string): string | undefined {
  if (!("xt" in statement)) return undefined;
  const named = asObject(statement["xt"])?.["name"];
  if (isTarget(statement) && typeof named === "string") return named;
  return /xt target "(\w+)"/.exec(text)?.[1];
}

export function deedOf(statement: JsonObject, text: string): Deed | undefined {
  const target = targetName(statement, text);
  if ("notrack" in statement || target === "NOTRACK" || target === "CT")
    return { name: "notrack", address: undefined };
  if ("masquerade" in statement || target === "MASQUERADE")
    return { name: "masquerade", address: undefined };
  if (!("snat" in statement)) return undefined;
  return { name: "snat", address: asObject(statement["snat"])?.["addr"] };
}

/** The verdicts of a statement in their order, and whether each applies. */
export function verdictsOf(
  statement: JsonObject,
  text: string,
  packet: Packet,
  scope: Scope,
): readonly Choice[] {
  const vmap = asObject(statement["vmap"]);
  if (vmap !== undefined) return mappedVerdicts(vmap, packet, scope);
  const target = targetName(statement, text);
  if (target === "REJECT" || target === "DROP") return [[{ name: "drop" }, true]];
  const verdict = verdictOf(statement);
  return verdict === undefined ? [] : [[verdict, true]];
}

function verdictOf(statement: JsonObject): Verdict | undefined {
  for (const name of ["accept", "drop", "return", "queue"] as const)
    if (name in statement) return { name };
  if ("reject" in statement) return { name: "drop" };
  // Translation ends the way through its chain.
  if (["masquerade", "snat", "dnat", "redirect"].some((name) => name in statement))
    return { name: "accept" };
  for (const name of ["jump", "goto"] as const) {
    const target = asObject(statement[name])?.["target"];
    if (typeof target === "string") return { name, target };
  }
  return undefined;
}

function mappedVerdicts(
  { key, data }: JsonObject,
  packet: Packet,
  scope: Scope,
): readonly Choice[] {
  const fields = fieldsOf(key, packet);
  if (fields.some(({ kind }) => kind === "absent")) return [];
  const found: Choice[] = [];
  for (const pair of pairsOf(data, scope)) {
    const [from, to] = asList(pair);
    const applies = equals(fields, asObject(asObject(from)?.["elem"])?.["val"] ?? from, scope);
    const verdict = verdictOf(asObject(to) ?? {});
    if (applies !== false && verdict !== undefined) found.push([verdict, applies]);
  }
  return found;
}

function pairsOf(data: unknown, scope: Scope): readonly unknown[] {
  if (typeof data !== "string") return asList(asObject(data)?.["set"]);
  return scope.ruleset.sets.get(setKey(scope.family, scope.table, data.slice(1))) ?? [];
}
