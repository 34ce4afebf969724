/**
 * Kinds of values: how each is read from YAML, what it is called, and its JSON Schema, in one place, so that the reader, the
 * schema and the reference cannot disagree.
 */
import { isMap, isNode, isScalar, isSeq, type Node, Scalar } from "yaml";
import type { PairFindingCode } from "./codes.ts";
import type { Many, Placed, Reading, Spot } from "./reading.ts";

type Json = string | number | boolean | null | readonly Json[] | JsonSchema;
export interface JsonSchema {
  readonly [key: string]: Json;
}

/** How one kind of value is written. */
export interface Kind<T> {
  /** Completes "must be …": "true or false". */
  readonly form: string;
  readonly schema: JsonSchema;
  /** Undefined after a finding. */
  read(spot: Spot, reading: Reading): T | undefined;
}

/** What a parser of text says about a text that it does not take; `advice` goes to the end of the message. */
interface Refusal {
  readonly code: PairFindingCode;
  readonly advice?: string;
}

type Scalars = "string" | "number" | "boolean";

interface ScalarParts<T> {
  readonly form: string;
  readonly schema: JsonSchema;
  /** What YAML must take the text for, so that every other reader of YAML reads the same. */
  readonly types: readonly Scalars[];
  readonly parse: (text: string) => { readonly value: T } | Refusal;
}

/** A value that is one text, read as it is written: what YAML makes of numbers changes nothing. */
export function scalar<T>({ form, schema, types, parse }: ScalarParts<T>): Kind<T> {
  return {
    form,
    schema,
    read: (spot, reading) => {
      const { node, at, path } = spot;
      if (isNothing(spot) || !isScalar(node)) return wrongType(spot, reading, form);
      const text = node.source ?? String(node.value);
      const result = parse(text);
      if (!("value" in result)) {
        const { code, advice } = result;
        const hint = advice === undefined ? "" : `: ${advice}`;
        return reading.error(at, code, `${path} must be ${form}, not ${quote(text)}${hint}`);
      }
      if (types.some((type) => typeof node.value === type)) return result.value;
      const how = types.includes("string")
        ? `YAML takes ${text} for no text: put it in double quotes`
        : `write ${text} without quotation marks`;
      return reading.error(at, "value-invalid", `${path} must be ${form}: ${how}`);
    },
  };
}

/** Reports that `spot` is a map, a list or a text where `form` is needed. */
export function wrongType(spot: Spot, reading: Reading, form: string): undefined {
  const path = spot.path === "" ? "the file" : spot.path;
  if (isNothing(spot)) {
    const message = `${path} has no value: it must be ${form}`;
    return reading.error(spot.at, "value-missing", message);
  }
  const message = `${path} must be ${form}, not ${shapeOf(spot)}${colonHint(spot)}`;
  return reading.error(spot.at, "type-invalid", message);
}

/** `fd00::` is a key without a value to YAML. */
function colonHint({ node }: Spot): string {
  if (!isMap(node) || node.items.length !== 1) return "";
  const [pair] = node.items;
  const isBare = isScalar(pair?.key) && (pair.value === null || isNothing({ node: pair.value }));
  return isBare ? ": put an address that ends in a colon in double quotes" : "";
}

function shapeOf({ node }: Spot): string {
  if (isMap(node)) return "a map of keys and values";
  if (isSeq(node)) return "a list";
  return isScalar(node) ? quote(node.source ?? String(node.value)) : "nothing";
}

/** True for `key:` without anything after it, and for null. */
const isNothing = ({ node }: { readonly node: unknown }): boolean =>
  node === null || (isScalar(node) && node.value === null && node.type === Scalar.PLAIN);

export const nodeOf = (item: unknown): Node | null => (isNode(item) ? item : null);

const QUOTED_MAX = 60;

/** `text` in quotation marks, shortened. */
export const quote = (text: string): string =>
  JSON.stringify(text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text);

interface Shapes<S, L, M> {
  readonly scalar?: Kind<S>;
  readonly list?: Kind<L>;
  readonly map?: Kind<M>;
}

/** A value that may be written in several shapes. */
export function shapes<S = never, L = never, M = never>(kinds: Shapes<S, L, M>): Kind<S | L | M> {
  const all = [kinds.scalar, kinds.list, kinds.map].filter((kind) => kind !== undefined);
  const form = all.map((kind) => kind.form).join(", or ");
  return {
    form,
    schema: { anyOf: all.map(({ schema }) => schema) },
    read: (spot, reading) => {
      const { node } = spot;
      const kind = isMap(node) ? kinds.map : isSeq(node) ? kinds.list : kinds.scalar;
      if (kind !== undefined) return kind.read(spot, reading);
      return wrongType(spot, reading, form);
    },
  };
}

interface Length {
  readonly max: number;
  /** A list of nothing is allowed. */
  readonly mayBeEmpty?: boolean;
}

/** A list; what cannot be read in it leaves no hole. `form` says what it is a list of. */
export function list<T>(
  kind: Kind<T>,
  form: string,
  { max, mayBeEmpty = false }: Length,
): Kind<Many<T>> {
  return {
    form,
    schema: { type: "array", items: kind.schema, minItems: mayBeEmpty ? 0 : 1, maxItems: max },
    read: (spot, reading) => {
      const { node, path, at } = spot;
      if (!isSeq(node)) return wrongType(spot, reading, form);
      const { length } = node.items;
      if (length === 0 && !mayBeEmpty) {
        return reading.error(at, "value-missing", `${path} is an empty list: it must be ${form}`);
      }
      if (length > max) {
        const message = `${path} must have at most ${max} entries, not ${length}`;
        return reading.error(at, "entry-count", message);
      }
      return readItems(kind, spot, reading);
    },
  };
}

function readItems<T>(
  kind: Kind<T>,
  { node, path, at }: Spot,
  reading: Reading,
): Many<T> | undefined {
  if (!isSeq(node)) return undefined;
  const values: Placed<T>[] = [];
  for (const item of node.items) {
    const spot = reading.spot(nodeOf(item), path, at);
    const value = kind.read(spot, reading);
    if (value !== undefined) values.push({ value, at: spot.at });
  }
  // A list that lacks what was not understood would lead to more findings that are none.
  return values.length === node.items.length ? values : undefined;
}

/** One value, or a list of them. */
export function oneOrMore<T>(kind: Kind<T>, forms: string, length: Length): Kind<Many<T>> {
  const one: Kind<Many<T>> = {
    form: kind.form,
    schema: kind.schema,
    read: (spot, reading) => {
      const value = kind.read(spot, reading);
      return value === undefined ? undefined : [{ value, at: spot.at }];
    },
  };
  return shapes({ scalar: one, list: list(kind, forms, length) });
}

/** The same kind with its value made into something else. */
export const mapped = <A, B>(kind: Kind<A>, change: (value: A) => B): Kind<B> => ({
  form: kind.form,
  schema: kind.schema,
  read: (spot, reading) => {
    const value = kind.read(spot, reading);
    return value === undefined ? undefined : change(value);
  },
});
