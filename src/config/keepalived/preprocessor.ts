/**
 * What happens to the lines of a configuration before they mean anything: includes, `@ID` conditions, `$` definitions
 * and repetitions, in keepalived's order. The result goes to a tree builder line by line.
 */
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";
import type { Environment, FileSource } from "../source.ts";
import { configIdOf } from "../source.ts";
import type { Scope } from "./expander.ts";
import { Expander, NO_SCOPE } from "./expander.ts";
import type { Line } from "./lexer.ts";
import { lexLine, positionAt, stripComment } from "./lexer.ts";
import { argumentsOf, isRepetition, roundsOf } from "./repetition.ts";
import type { TreeBuilder } from "./tree.ts";

const INCLUDE_DEPTH_MAX = 16;
const FILES_MAX = 256;
const LINES_MAX = 50_000;
/** keepalived drops lines of more than 1023 bytes. */
const LINE_SIZE_MAX = 16_384;
/** Rounds through conditions, definitions and repetitions that one line may take. */
const PASSES_MAX = 32;

const INCLUDE = /^(include[rmwba]?)(?:\s+(.*))?$/;
const CONDITION = /^@(\^?)(\S+)(?:\s+|$)/;
const DEFINITION = /^\$([A-Za-z_][A-Za-z0-9_]*)=\s*(.*)$/s;

/** A definition whose lines end in a backslash, while it is being read. */
interface OpenDefinition {
  readonly name: string;
  readonly lines: string[];
}

export class Preprocessor {
  readonly #source: FileSource;
  readonly #environment: Environment;
  readonly #findings: Findings;
  readonly #tree: TreeBuilder;
  readonly #expander: Expander;
  readonly #files: string[] = [];
  readonly #stack: string[] = [];
  #definition: OpenDefinition | undefined;
  #lines = 0;

  constructor(
    { source, environment }: { source: FileSource; environment: Environment },
    findings: Findings,
    tree: TreeBuilder,
  ) {
    this.#source = source;
    this.#environment = environment;
    this.#findings = findings;
    this.#tree = tree;
    this.#expander = new Expander(findings, environment);
  }

  /** Every file that was read or could not be read, each once, in order. */
  get files(): readonly string[] {
    return this.#files;
  }

  /** Reads a file and everything it includes. */
  readMain(path: string): void {
    const at = { file: path, line: 1, column: 1 };
    const reason = this.#readFile(path);
    if (reason !== undefined)
      this.#findings.error(at, "file-unreadable", `${path} cannot be read: ${reason}`);
  }

  #readFile(path: string): string | undefined {
    if (!this.#files.includes(path)) this.#files.push(path);
    const file = this.#source.read(path);
    if (!file.ok) return file.reason;
    this.#stack.push(path);
    for (const [index, raw] of file.text.split("\n").entries()) {
      if (this.#expander.exhausted) break;
      this.#readLine({ file: path, line: index + 1, text: raw.replace(/\r$/, "") });
    }
    this.#endDefinition();
    this.#stack.pop();
    return undefined;
  }

  #readLine(line: Line): void {
    if (line.text.includes("\0")) {
      const at = positionAt(line, line.text.indexOf("\0"));
      this.#findings.warn(at, "null-byte", "this line contains a null byte and is ignored");
      return;
    }
    if (line.text.length > LINE_SIZE_MAX) {
      const message = "this line has more than 16384 characters and is ignored: divide it";
      this.#findings.error(positionAt(line, 0), "expansion-limit", message);
      return;
    }
    const text = stripComment(line.text).trimEnd();
    if (this.#definition === undefined) this.#process(sliceLine({ ...line, text }, 0), NO_SCOPE, 0);
    else this.#continueDefinition(text.trim());
  }

  /** `line` begins with what counts. */
  #process(line: Line, scope: Scope, pass: number): void {
    if (line.text === "" || this.#expander.exhausted) return;
    if (pass > PASSES_MAX) {
      const at = positionAt(line, 0);
      this.#findings.error(
        at,
        "expansion-limit",
        "this line needs too many passes: it expands to itself, or has too many conditions",
      );
      return;
    }
    const condition = CONDITION.exec(line.text);
    if (condition !== null) {
      this.#processCondition(line, condition, scope, pass);
    } else if (DEFINITION.test(line.text)) {
      this.#define(line);
    } else if (isRepetition(line.text)) {
      this.#repeat(line, scope, pass);
    } else if (scope === NO_SCOPE && INCLUDE.test(line.text)) {
      this.#include(line);
    } else {
      this.#expand(line, scope, pass);
    }
  }

  #processCondition(line: Line, match: RegExpExecArray, scope: Scope, pass: number): void {
    const [prefix, negation, id] = match;
    const applies = (id === configIdOf(this.#environment)) !== (negation === "^");
    const rest = sliceLine(line, prefix.length);
    if (applies) this.#process(rest, scope, pass + 1);
    else if (DEFINITION.test(rest.text) && rest.text.endsWith("\\"))
      // The following lines belong to the definition that does not apply, and go with it.
      this.#definition = { name: "", lines: [] };
  }

  #define({ text }: Line): void {
    const [, name = "", value = ""] = DEFINITION.exec(text) ?? [];
    if (!value.endsWith("\\")) {
      this.#expander.define(name, value.trimEnd());
      return;
    }
    const first = value.slice(0, -1).trim();
    this.#definition = { name, lines: first === "" ? [] : [first] };
  }

  #continueDefinition(text: string): void {
    const more = text.endsWith("\\");
    this.#definition?.lines.push(more ? text.slice(0, -1).trim() : text);
    if (!more) this.#endDefinition();
  }

  #endDefinition(): void {
    const definition = this.#definition;
    this.#definition = undefined;
    if (definition !== undefined && definition.name !== "")
      this.#expander.define(definition.name, definition.lines.join("\n"));
  }

  #repeat(line: Line, scope: Scope, pass: number): void {
    const kind = /^~(\w+)/.exec(line.text)?.[1] ?? "";
    const range = argumentsOf(line.text);
    if (range === undefined) {
      const at = positionAt(line, 0);
      this.#findings.error(at, "definition-invalid", `~${kind}( is not closed: add )`);
      return;
    }
    const inner = sliceLine({ ...line, text: line.text.slice(0, range.to) }, range.from);
    const rounds = roundsOf(kind, this.#expander.expand(inner, scope)?.text ?? inner.text);
    if (typeof rounds === "string") {
      this.#findings.error(positionAt(line, 0), "definition-invalid", rounds);
      return;
    }
    const rest = sliceLine(line, range.to + 1);
    for (const round of rounds) {
      if (!this.#expander.spend(line, rest.text.length)) return;
      this.#process(rest, new Map([...scope, ...round]), pass + 1);
    }
  }

  #expand(line: Line, scope: Scope, pass: number): void {
    const expanded = this.#expander.expand(line, scope);
    if (expanded === undefined) {
      this.#emit(line);
      return;
    }
    for (const part of splitLines(expanded)) {
      if (/^[@~]/.test(part.text) || DEFINITION.test(part.text))
        this.#process(part, scope, pass + 1);
      else this.#emit(part);
    }
  }

  #emit(line: Line): void {
    this.#lines += 1;
    if (this.#lines <= LINES_MAX) this.#tree.add(lexLine(line, this.#findings));
    else if (this.#lines === LINES_MAX + 1)
      this.#findings.error(
        positionAt(line, 0),
        "expansion-limit",
        "the configuration has more than 50000 lines; nothing after this is read",
      );
  }

  #include(line: Line): void {
    const [, keyword = "", argument = ""] = INCLUDE.exec(line.text) ?? [];
    const at = positionAt(line, 0);
    const pattern = argument.trim().replace(/^"(.*)"$/, "$1");
    if (pattern === "") {
      this.#findings.error(at, "value-missing", `${keyword} needs the name of a file`);
      return;
    }
    const absolute = pattern.startsWith("/") ? pattern : `${directoryOf(line.file)}/${pattern}`;
    const matches = isPattern(pattern) ? this.#source.glob(absolute) : [absolute];
    if (matches.length === 0) this.#reportNoMatch(at, keyword, pattern);
    for (const path of matches) this.#includeFile(at, keyword, path);
  }

  #includeFile(at: Position, keyword: string, path: string): void {
    const limit = this.#limitReached(path);
    if (limit !== undefined) {
      this.#findings.error(at, "include-limit", limit);
      return;
    }
    const reason = this.#readFile(path);
    if (reason === undefined) return;
    const message = `${path} cannot be read: ${reason}`;
    if (keyword === "include") this.#findings.warn(at, "file-unreadable", message);
    else this.#findings.error(at, "file-unreadable", message);
  }

  #limitReached(path: string): string | undefined {
    if (this.#stack.includes(path))
      return `${path} includes itself: ${[...this.#stack, path].join(" -> ")}`;
    if (this.#stack.length >= INCLUDE_DEPTH_MAX)
      return "files include each other more than 16 deep";
    if (this.#files.length >= FILES_MAX) return "more than 256 files are included";
    return undefined;
  }

  // includew, includeb and includea insist on a match even of a pattern; the others do not.
  #reportNoMatch(at: Position, keyword: string, pattern: string): void {
    const message = `no file matches ${pattern}`;
    if (/^include[wba]$/.test(keyword)) this.#findings.error(at, "include-empty", message);
    else this.#findings.warn(at, "include-empty", message);
  }
}

const isPattern = (path: string): boolean => /[*?[{]/.test(path);

/** Without a slash at the end. */
function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash);
}

/** The line from `index` on, without blanks in front. */
function sliceLine(line: Line, index: number): Line {
  const { text, columns, before = 0 } = line;
  const start = index + (/^\s*/.exec(text.slice(index))?.[0].length ?? 0);
  if (start === 0) return line;
  const rest = { ...line, text: text.slice(start) };
  return columns === undefined
    ? { ...rest, before: before + start }
    : { ...rest, columns: columns.slice(start) };
}

function splitLines(line: Line): readonly Line[] {
  const parts: Line[] = [];
  let start = 0;
  for (const text of line.text.split("\n")) {
    const columns = line.columns?.slice(start, start + text.length) ?? [];
    parts.push(sliceLine({ ...line, text, columns }, 0));
    start += text.length + 1;
  }
  return parts;
}
