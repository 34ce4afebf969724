/** YAML as people like to read it: what fits stands in one line, the rest in blocks. */

export type Emitted = string | readonly Emitted[] | EmittedMap;
/** Keys in their order; those without a value are left out. */
export interface EmittedMap {
  readonly [key: string]: Emitted | undefined;
}

const WIDTH_MAX = 100;
const INDENT = "  ";

/** `key: value` as lines that end with a line break, in one line if that is short enough. */
export function emitEntry(key: string, value: Emitted, indent = ""): string {
  const start = `${indent}${quoteIfNeeded(key)}:`;
  const line = `${start} ${flow(value)}\n`;
  if (typeof value === "string" || line.length <= WIDTH_MAX) return line;
  return `${start}\n${emitBlock(value, indent + INDENT)}`;
}

/** The entries of a map one below the other, each in one line if that is short enough. */
export function emitBlock(value: Exclude<Emitted, string>, indent: string): string {
  if (isList(value)) return value.map((item) => `${indent}- ${flow(item)}\n`).join("");
  return entriesOf(value)
    .map(([key, inner]) => emitEntry(key, inner, indent))
    .join("");
}

const isList = (value: Emitted): value is readonly Emitted[] => Array.isArray(value);

const entriesOf = (map: EmittedMap): readonly [string, Emitted][] =>
  Object.entries(map).flatMap(([key, value]): [string, Emitted][] =>
    value === undefined ? [] : [[key, value]],
  );

function flow(value: Emitted): string {
  if (typeof value === "string") return value;
  if (isList(value)) return `[${value.map(flow).join(", ")}]`;
  const entries = entriesOf(value).map(([key, inner]) => `${quoteIfNeeded(key)}: ${flow(inner)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** Texts that every reader of YAML, old or new, takes for the text that they are, also inside brackets. */
const PLAIN = /^[A-Za-z0-9/](?:[A-Za-z0-9_./@%+:-]*[A-Za-z0-9_./@%+-])?$/;
const OTHER_TYPE = /^(?:true|false|yes|no|on|off|y|n|null|nan|[-+.\deE_:]+|0[xob].*)$/i;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/** `text` as YAML reads it back as the same text. */
export function quoteIfNeeded(text: string): string {
  const isPlain = PLAIN.test(text) && (IPV4.test(text) || !OTHER_TYPE.test(text));
  return isPlain ? text : JSON.stringify(text);
}
