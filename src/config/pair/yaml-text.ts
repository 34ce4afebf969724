/**
 * Text to YAML nodes. What YAML allows and no pair needs is limited before it costs anything: depth, aliases, documents,
 * size. The first error of syntax is told and no other one, because those that follow are its consequences.
 */
import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isNode,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  visit,
} from "yaml";
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";
import type { PairFindingCode } from "./codes.ts";

/** Characters. 250 networks take a tenth of it. */
const TEXT_MAX = 262_144;
/** Open collections at once, documents and pairs included; the deepest key needs half of it. */
const DEPTH_MAX = 32;
const ALIASES_MAX = 256;

export interface YamlText {
  readonly root: Node | null;
  /** What aliases stand for. */
  readonly targets: ReadonlyMap<Alias, Node>;
  /** Where the character `offset` stands. */
  position(offset: number): Position;
}

/** The one document of `text`; undefined after an error. */
export function readYaml(file: string, text: string, findings: Findings): YamlText | undefined {
  const start: Position = { file, line: 1, column: 1 };
  if (!isText(text, start, findings)) return undefined;
  const counter = new LineCounter();
  counter.addNewLine(0);
  const position = (offset: number): Position => {
    const { line, col } = counter.linePos(Math.min(offset, text.length));
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const fail = (offset: number, code: PairFindingCode, message: string): undefined => {
    findings.error(position(offset), code, message);
  };
  const parsed = tokensOf(text, counter);
  if (typeof parsed === "number") return fail(parsed, "nesting-limit", TOO_DEEP);
  const [document, second] = [...new Composer(OPTIONS).compose(parsed, true, text.length)];
  if (document === undefined) return fail(0, "file-empty", EMPTY);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const offset = isOpenQuote(problem.message) ? lastQuote(document) : problem.pos[0];
    return fail(offset, ...explain(problem.code, problem.message));
  }
  if (second !== undefined) return fail(second.range[0], "syntax", SECOND);
  const aliases = aliasesOf(document);
  if (aliases.unknown !== undefined) return fail(...aliases.unknown);
  const root = document.contents;
  if (isEmpty(root)) return fail(0, "file-empty", EMPTY);
  if (!text.endsWith("\n")) findings.warn(position(text.length), "file-cut", CUT);
  return { root, targets: aliases.targets, position };
}

const OPTIONS = { version: "1.2", uniqueKeys: false, prettyErrors: false } as const;

const EMPTY =
  "the file is empty: duet init writes one, and docs/reference/duet-yaml.md lists what may stand in it";
const CUT =
  "the last line does not end with a line break: look whether the end of the file is missing";
const TOO_DEEP =
  "this is nested more deeply than anything in a pair's file: look for brackets that are not closed";
const SECOND = "a second document begins here: the file describes one pair; remove the line ---";

function isText(text: string, start: Position, findings: Findings): boolean {
  if (text.length > TEXT_MAX) {
    const message = `the file has ${text.length} characters, and more than ${TEXT_MAX} are not read: is it the right file?`;
    findings.error(start, "file-too-large", message);
    return false;
  }
  const end = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code))
    .filter((character) => !"\t\n\r".includes(character))
    .map((character) => text.indexOf(character))
    .filter((index) => index >= 0)
    .reduce((first, index) => Math.min(first, index), text.length);
  if (end === text.length) return true;
  const before = text.slice(0, end).split("\n");
  const at = { ...start, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  const code = text.charCodeAt(end);
  const message = `this is not a text: it contains the character with the code ${code}; is it the right file, and all of it?`;
  findings.error(at, "file-not-text", message);
  return false;
}

/** The tokens, or where the text gets too deep: the composer calls itself for each level. */
function tokensOf(text: string, counter: LineCounter): readonly CST.Token[] | number {
  const parser = new Parser(counter.addNewLine);
  const tokens: CST.Token[] = [];
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > DEPTH_MAX) return offset;
    // The lexer marks documents and scalars with characters that are not in the text.
    if (!MARKS.has(lexeme)) offset += lexeme.length;
  }
  tokens.push(...parser.end());
  return tokens;
}

const MARKS: ReadonlySet<string> = new Set(["\u{2}", "\u{18}", "\u{1f}", "\u{feff}"]);

interface Aliases {
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly unknown?: readonly [number, PairFindingCode, string];
}

/** An alias stands for what its anchor named last before it. */
function aliasesOf(document: Document): Aliases {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  let unknown: Aliases["unknown"];
  visit(document, (_, node) => {
    if (!isNode(node)) return undefined;
    if (!isAlias(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      return undefined;
    }
    const target = anchors.get(node.source);
    if (target !== undefined) targets.set(node, target);
    unknown = refusalOf(node, target, targets.size);
    return unknown === undefined ? undefined : visit.BREAK;
  });
  return unknown === undefined ? { targets } : { targets, unknown };
}

function refusalOf(node: Alias, target: Node | undefined, count: number): Aliases["unknown"] {
  const offset = node.range?.[0] ?? 0;
  if (target === undefined) {
    const message = `there is no anchor &${node.source} before this alias: write the value instead`;
    return [offset, "syntax", message];
  }
  if (count <= ALIASES_MAX) return undefined;
  const message = `there are more than ${ALIASES_MAX} aliases: write the values instead`;
  return [offset, "alias-limit", message];
}

const isEmpty = (root: unknown): boolean =>
  root === null || (isNode(root) && "value" in root && root.value === null);

/** Noticed at the end of the file only; but where it begins is where it is wrong. */
const isOpenQuote = (message: string): boolean => /^Missing closing .quote/.test(message);

function lastQuote(document: Document): number {
  let offset = 0;
  visit(document, {
    Scalar: (_, { type, range }) => {
      if (type?.startsWith("QUOTE_") === true) offset = range?.[0] ?? offset;
    },
  });
  return offset;
}

const ADVICE: Readonly<Record<string, string>> = {
  BAD_ALIAS: "an anchor or alias is not possible like this: write the value instead",
  BAD_DIRECTIVE: "directives (lines that begin with %) are not needed: remove it",
  BAD_DQ_ESCAPE: "in double quotes \\ begins an escape: write \\\\ or use single quotes",
  BAD_INDENT:
    "a bracket or brace before this is not closed, or the line is not indented far enough",
  BAD_SCALAR_START: "a text cannot begin with this character: put it in double quotes",
  BLOCK_AS_IMPLICIT_KEY:
    "the line is indented too far, or has two colons, or the blank after a colon is missing",
  BLOCK_IN_FLOW:
    "a comma is missing, or an address that ends in a colon stands without double quotes",
  KEY_OVER_1024_CHARS: "a key is longer than 1024 characters: look for quotes that are not closed",
  MISSING_CHAR: "something is not closed, or a colon is missing after a key",
  MULTILINE_IMPLICIT_KEY:
    "a key goes over several lines: look for a missing colon or a wrong indent",
  MULTIPLE_DOCS: SECOND,
  TAG_RESOLVE_FAILED: "tags (words that begin with !) are not needed: remove it",
  UNEXPECTED_TOKEN:
    "something stands here that does not belong here: look before it for a missing colon, and for a bracket or comma too many",
};

function explain(code: string, message: string): [PairFindingCode, string] {
  if (code === "TAB_AS_INDENT") {
    return ["tab-indent", "YAML lines are not indented with tabs: write blanks instead"];
  }
  const [detail = ""] = message.split("\n");
  const advice = detail.endsWith("at the same column")
    ? "what belongs together begins in the same column"
    : (ADVICE[code] ?? "see the end of this line");
  return ["syntax", `this is not correct YAML: ${advice} (${detail})`];
}
