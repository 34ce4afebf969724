import type * as v from "valibot";

/** What a valibot schema may carry, seen as data. */
interface Node {
  readonly type: string;
  readonly pipe?: readonly { readonly type: string }[];
  readonly entries?: Readonly<Record<string, Node>>;
  readonly item?: Node;
  readonly wrapped?: Node;
  readonly value?: Node;
  readonly default?: unknown;
  readonly options?: readonly (string | number | Node)[];
}

/** The shape of a schema's values, for people. */
export const formatShape = (schema: v.GenericSchema): string => format(schema, "");

type Format = (node: Node, indent: string) => string;

const FORMATS: Readonly<Record<string, Format>> = {
  object: ({ entries = {} }, indent) => formatObject(entries, indent),
  strict_object: ({ entries = {} }, indent) => formatObject(entries, indent),
  array: ({ item }, indent) => `[${format(required(item), indent)}, …]`,
  nullable: ({ wrapped }, indent) => `${format(required(wrapped), indent)} or null`,
  optional: ({ wrapped, default: value }, indent) => {
    const unless = typeof value === "string" ? `, ${JSON.stringify(value)} unless given` : "";
    return `${format(required(wrapped), indent)}${unless}`;
  },
  record: ({ value }, indent) => `{ NAME: ${format(required(value), indent)}, … }`,
  picklist: ({ options = [] }) => options.map((option) => JSON.stringify(option)).join(" | "),
  union: ({ options = [] }, indent) =>
    options.map((option) => format(option as Node, indent)).join(" | "),
  unknown: () => "any JSON",
  string: () => "string",
  number: () => "number",
  boolean: () => "boolean",
};

function format(node: Node, indent: string): string {
  if (node.pipe?.some(({ type }) => type === "iso_timestamp") === true) return "time";
  const known = FORMATS[node.type];
  if (known === undefined) throw new TypeError(`no words for a schema of type ${node.type}`);
  return known(node, indent);
}

function formatObject(entries: Readonly<Record<string, Node>>, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(entries).map(
    ([name, node]) => `${inner}${name}: ${format(node, inner)}\n`,
  );
  return lines.length === 0 ? "{}" : `{\n${lines.join("")}${indent}}`;
}

function required(node: Node | undefined): Node {
  if (node === undefined) throw new TypeError("a schema is not as valibot makes them");
  return node;
}
