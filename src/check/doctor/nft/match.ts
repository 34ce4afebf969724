/** Whether a packet matches: true, false, or undefined when that cannot be known here. */
import { type Prefix, parseIp, parsePrefix, prefixContains } from "../../../base/ip.ts";
import { type Field, fieldsOf, type Packet } from "./packet.ts";
import { asList, asObject, type JsonObject, type Ruleset, setKey } from "./ruleset.ts";

export type Answer = boolean | undefined;

/** The names that nft writes for protocol numbers. */
const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  "ipv6-icmp": 58,
  ospf: 89,
  comp: 108,
  vrrp: 112,
  carp: 112,
  sctp: 132,
  udplite: 136,
};

/** Where named sets are looked up. */
export interface Scope {
  readonly ruleset: Ruleset;
  readonly family: string;
  readonly table: string;
}

export function evaluateMatch(match: JsonObject, packet: Packet, scope: Scope): Answer {
  const fields = fieldsOf(match["left"], packet);
  if (fields.some(({ kind }) => kind === "absent")) return false;
  return compare(fields, match["op"], (field) => equals(field, match["right"], scope));
}

function compare(
  fields: readonly Field[],
  op: unknown,
  same: (fields: readonly Field[]) => Answer,
): Answer {
  switch (op) {
    case "==":
    case "in":
      return same(fields);
    case "!=":
    case "!":
      return not(same(fields));
    default:
      return undefined;
  }
}

const not = (answer: Answer): Answer => (answer === undefined ? undefined : !answer);

/** True when one is true, false when all are false. */
function anyOf(answers: readonly Answer[]): Answer {
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

function allOf(answers: readonly Answer[]): Answer {
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

/** Compares with a value, a list of flags, a set, a range, a prefix or the name of a set. */
export function equals(fields: readonly Field[], right: unknown, scope: Scope): Answer {
  const elements = elementsOf(right, scope);
  if (elements !== undefined)
    return anyOf(elements.map((element) => equals(fields, unwrapped(element), scope)));
  const parts = asObject(right)?.["concat"];
  if (parts !== undefined) {
    const list = asList(parts);
    if (list.length !== fields.length) return undefined;
    return allOf(fields.map((field, index) => equalsOne(field, list[index])));
  }
  const [field, ...more] = fields;
  return field === undefined || more.length > 0 ? undefined : equalsOne(field, right);
}

/** Elements with a timeout, counter or comment are wrapped. */
const unwrapped = (element: unknown): unknown => {
  const inner = asObject(asObject(element)?.["elem"]);
  return inner === undefined ? element : inner["val"];
};

function elementsOf(right: unknown, scope: Scope): readonly unknown[] | undefined {
  if (Array.isArray(right)) return asList(right);
  const set = asObject(right)?.["set"];
  if (set !== undefined) return Array.isArray(set) ? asList(set) : [set];
  if (typeof right !== "string" || !right.startsWith("@")) return undefined;
  return scope.ruleset.sets.get(setKey(scope.family, scope.table, right.slice(1)));
}

function equalsOne(field: Field, right: unknown): Answer {
  if (field.kind === "within") return meetsNetwork(field.prefix, right);
  if (field.kind !== "known") return undefined;
  const { value } = field;
  const range = asObject(right)?.["range"];
  if (range !== undefined) return inRange(value, asList(range));
  const prefix = asObject(asObject(right)?.["prefix"]);
  if (prefix !== undefined)
    return inPrefix(value, `${String(prefix["addr"])}/${String(prefix["len"])}`);
  if (typeof right === "string") return equalsWord(value, right);
  if (typeof right === "number") return typeof value === "number" ? value === right : undefined;
  return undefined;
}

function equalsWord(value: string | number, word: string): Answer {
  if (typeof value === "string") {
    if (word.endsWith("*")) return value.startsWith(word.slice(0, -1));
    return (parseIp(word) ?? word) === value;
  }
  const number = Object.hasOwn(PROTOCOLS, word) ? PROTOCOLS[word] : Number.parseInt(word, 10);
  return number === undefined || Number.isNaN(number) ? undefined : number === value;
}

/** True when the whole network is meant, false when nothing of it is. */
function meetsNetwork(network: Prefix, right: unknown): Answer {
  const object = asObject(asObject(right)?.["prefix"]);
  const text = object === undefined ? right : `${String(object["addr"])}/${String(object["len"])}`;
  const other = typeof text === "string" ? parsePrefix(text) : undefined;
  if (other === undefined) return undefined;
  if (other.length <= network.length) return prefixContains(other, network.address);
  return prefixContains(network, other.address) ? undefined : false;
}

/** Ranges of numbers; those of addresses are rare and not judged. */
function inRange(value: string | number, [from, to]: readonly unknown[]): Answer {
  if (typeof value !== "number" || typeof from !== "number" || typeof to !== "number")
    return undefined;
  return value >= from && value <= to;
}

function inPrefix(value: string | number, text: string): Answer {
  const prefix = parsePrefix(text);
  const address = typeof value === "string" ? parseIp(value) : undefined;
  return prefix === undefined || address === undefined
    ? undefined
    : prefixContains(prefix, address);
}
