/** Maps: those with fixed keys (records), and those by names that people choose. */
import { isMap, isNode, isScalar, type Node, type Pair } from "yaml";
import type { Position } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import { type JsonSchema, type Kind, nodeOf, quote, wrongType } from "./kinds.ts";
import type { Placed, Reading, Spot } from "./reading.ts";

/** One key of a record. */
export interface Field<T> {
  readonly kind: Kind<T>;
  /** A sentence, for the schema and the reference. */
  readonly doc: string;
  /** What holds without the key, for the reference; undefined: the key must be there. */
  readonly initial: string | undefined;
}

export type Fields<T> = { readonly [K in keyof T]: Field<T[K]> };

/** What was read of a record. A key that is there with a value that could not be read has the value undefined. */
export type Draft<T> = { readonly [K in keyof T]?: Placed<T[K] | undefined> };

/** A map with the keys of `fields`; others are refused with the nearest one. */
export function record<T extends object>(fields: Fields<T>, form: string): Kind<Draft<T>> {
  const entries = Object.entries(fields) as [string, Field<unknown>][];
  const names = entries.map(([name]) => name);
  const required = entries.filter(([, { initial }]) => initial === undefined);
  return {
    form,
    schema: {
      type: "object",
      properties: Object.fromEntries(entries.map(([name, field]) => [name, schemaOf(field)])),
      ...(required.length > 0 && { required: required.map(([name]) => name) }),
      additionalProperties: false,
    },
    read: (spot, reading) => {
      const draft: Record<string, Placed<unknown>> = {};
      const isRead = readPairs(spot, reading, form, (key, inner) => {
        const field = names.includes(key.text) ? fields[key.text as keyof T] : undefined;
        if (field === undefined) {
          const where = spot.path === "" ? "a pair's file" : spot.path;
          const hint = key.text === "<<" ? MERGE : adviceOn(key.text, names);
          const message = `there is no key ${quote(key.text)} in ${where}${hint}`;
          reading.error(key.at, "key-unknown", message);
          return;
        }
        draft[key.text] = { value: field.kind.read(inner, reading), at: inner.at };
      });
      if (!isRead) return undefined;
      for (const [name, { kind }] of required) {
        if (Object.hasOwn(draft, name)) continue;
        const path = spot.path === "" ? name : `${spot.path}.${name}`;
        reading.error(spot.at, "key-missing", `${path} is missing: it must be ${kind.form}`);
      }
      return draft as Draft<T>;
    },
  };
}

const MERGE = ": maps are not merged; write the keys out";

function adviceOn(word: string, names: readonly string[]): string {
  const hint = didYouMean(word, names);
  return hint === "" ? `: there ${names.length === 1 ? "is" : "are"} ${names.join(", ")}` : hint;
}

const schemaOf = ({ kind, doc }: Field<unknown>): JsonSchema => ({
  ...kind.schema,
  description: doc,
});

/** What names are made of: they become names of instances, sections and files. */
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,31}$/;
/** Names that every object has: they would be found where nothing was given. */
const RESERVED: readonly string[] = [
  "constructor",
  "hasOwnProperty",
  "isPrototypeOf",
  "propertyIsEnumerable",
  "toLocaleString",
  "toString",
  "valueOf",
];
export const NAME_FORM = "1 to 32 letters, digits, -, _ and ., of which the first one is a letter";
export const isName = (text: string): boolean => NAME.test(text) && !RESERVED.includes(text);

export interface Entry<T> extends Placed<T> {
  readonly name: string;
  /** Where the name stands. */
  readonly nameAt: Position;
}

/** Entries by name, in the order of the file. */
export type Named<T> = readonly Entry<T | undefined>[];

interface Names {
  readonly form: string;
  readonly max: number;
  readonly min?: number;
}

/** A map from names that people choose; entries whose value could not be read have the value undefined. */
export function named<T>(kind: Kind<T>, { form, max, min = 0 }: Names): Kind<Named<T>> {
  return {
    form,
    schema: {
      type: "object",
      propertyNames: { pattern: NAME.source, not: { enum: RESERVED } },
      additionalProperties: kind.schema,
      minProperties: min,
      maxProperties: max,
    },
    read: (spot, reading) => {
      const entries: Entry<T | undefined>[] = [];
      const isRead = readPairs(spot, reading, form, ({ text: name, at: nameAt }, inner) => {
        if (isName(name)) {
          entries.push({ name, nameAt, value: kind.read(inner, reading), at: inner.at });
        } else {
          const message = `${spot.path} has the name ${quote(name)}: names have ${NAME_FORM}`;
          reading.error(nameAt, "name-invalid", message);
        }
      });
      if (!isRead) return undefined;
      // Those that were refused for their names were there.
      const { length } = entriesOf(spot);
      if (length >= min && length <= max) return entries;
      const count = min === max ? min : length < min ? `at least ${min}` : `at most ${max}`;
      const message = `${spot.path} must have ${count} ${max === 1 || count === "at least 1" ? "entry" : "entries"}, not ${length}: it must be ${form}`;
      return reading.error(spot.at, "entry-count", message);
    },
  };
}

const entriesOf = ({ node }: Spot): readonly unknown[] => (isMap(node) ? node.items : []);

interface Key {
  readonly text: string;
  readonly at: Position;
}

/** Calls `visit` for every key and its value, and reports keys that are there twice. False when it is no map. */
function readPairs(
  spot: Spot,
  reading: Reading,
  form: string,
  visit: (key: Key, value: Spot) => void,
): boolean {
  const { node, at, path } = spot;
  if (!isMap(node)) {
    wrongType(spot, reading, form);
    return false;
  }
  const seen = new Map<string, Position>();
  for (const pair of node.items) {
    const key = keyOf(pair, reading, spot);
    if (key === undefined) continue;
    const first = seen.get(key.text);
    if (first !== undefined) {
      const message = `${key.text} stands here already, in line ${first.line}: remove one of the two`;
      reading.error(key.at, "key-duplicate", message);
      continue;
    }
    seen.set(key.text, key.at);
    const inner = path === "" ? key.text : `${path}.${key.text}`;
    reading.remember(inner, key.at);
    visit(key, reading.spot(nodeOf(pair.value), inner, seen.size > 0 ? key.at : at));
  }
  return true;
}

function keyOf({ key }: Pair, reading: Reading, parent: Spot): Key | undefined {
  const node: Node | null = isNode(key) ? key : null;
  const spot = reading.spot(node, parent.path, parent.at);
  if (isScalar(spot.node)) {
    return { text: spot.node.source ?? String(spot.node.value), at: spot.at };
  }
  const message = `a key must be a word: put addresses and texts with special characters in double quotes`;
  return reading.error(spot.at, "type-invalid", message);
}
