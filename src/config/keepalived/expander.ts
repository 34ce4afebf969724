/**
 * `$` definitions, put in where they are used. Every character keeps the column it came from, so that a finding in
 * expanded text points at the `$` that brought it. All work is bounded: a definition may not cost more than its file.
 */

import { Prng } from "../../base/random.ts";
import type { Findings } from "../findings.ts";
import type { Environment } from "../source.ts";
import { configIdOf } from "../source.ts";
import { didYouMean } from "../suggest.ts";
import type { Line } from "./lexer.ts";
import { positionAt } from "./lexer.ts";

/** Definitions inside definitions; deeper ones refer to themselves. */
const NESTING_MAX = 32;
/** Characters of one expanded line. */
const LINE_SIZE_MAX = 65_536;
/** Characters and references of all expanded lines of a configuration. */
const TOTAL_SIZE_MAX = 4_000_000;
const REFERENCES_MAX = 100_000;

// Sticky, so that a long line need not be cut into pieces.
const BRACED = /\$\{([^{}"]*)\}/y;
const BARE = /\$([A-Za-z_][A-Za-z0-9_]*)/y;

/** Definitions that a repetition adds to the others. */
export type Scope = ReadonlyMap<string, string>;
export const NO_SCOPE: Scope = new Map();

interface Output {
  text: string;
  readonly columns: number[];
}

/** Where text is expanded: in a line itself, or inside definitions that came from one of its characters. */
interface Use {
  readonly line: Line;
  readonly scope: Scope;
  /** Names of the definitions that are being put in. */
  readonly within: readonly string[];
  /** Index in the line that all of the text came from; undefined for the line's own text. */
  readonly origin?: number;
}

export class Expander {
  readonly #findings: Findings;
  readonly #environment: Environment;
  readonly #random: Prng;
  readonly #definitions = new Map<string, string>();
  #size = 0;
  #references = 0;
  #exhausted = false;

  constructor(findings: Findings, environment: Environment) {
    this.#findings = findings;
    this.#environment = environment;
    this.#random = new Prng(environment.randomSeed ?? 0);
  }

  /** Lines of a definition with several are joined by line feeds. */
  define(name: string, value: string): void {
    this.#definitions.set(name, value);
  }

  /** True after a limit was reached: the rest of the configuration must not be read. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** `line` with all definitions put in; undefined when it holds none. */
  expand(line: Line, scope: Scope): Line | undefined {
    if (!line.text.includes("$")) return undefined;
    const output: Output = { text: "", columns: [] };
    this.#expandInto(output, line.text, { line, scope, within: [] });
    if (this.#exhausted) return { ...line, text: "", columns: [] };
    if (output.text === line.text) return undefined;
    return { ...line, text: output.text, columns: output.columns };
  }

  /** Accounts for text that repetitions produce. False when it is too much. */
  spend(line: Line, size: number): boolean {
    this.#size += size;
    if (this.#size > TOTAL_SIZE_MAX)
      this.#exhaust(line, "definitions and repetitions expand to more than 4 MB");
    return !this.#exhausted;
  }

  #expandInto(output: Output, text: string, use: Use): void {
    let at = 0;
    while (at < text.length && !this.#exhausted) {
      const dollar = text.indexOf("$", at);
      const literalEnd = dollar < 0 ? text.length : dollar;
      this.#append(output, text.slice(at, literalEnd), use, at);
      if (dollar < 0) return;
      const reference = this.#resolve(text, dollar, use);
      if (reference.value === undefined) this.#append(output, reference.text, use, dollar);
      else this.#enter(output, reference, { ...use, origin: use.origin ?? dollar });
      at = dollar + reference.text.length;
    }
  }

  #enter(output: Output, { name, value = "" }: Reference, use: Use): void {
    const { line, within, origin } = use;
    this.#references += 1;
    if (within.length >= NESTING_MAX || within.includes(name))
      this.#exhaust(line, `the definition of ${name} refers to itself`, origin);
    else if (this.#references > REFERENCES_MAX)
      this.#exhaust(line, "more than 100000 definitions are put in", origin);
    else this.#expandInto(output, value, { ...use, within: [...within, name] });
  }

  #append(output: Output, text: string, { line, origin }: Use, at: number): void {
    if (text === "" || !this.spend(line, text.length)) return;
    if (output.text.length + text.length > LINE_SIZE_MAX) {
      this.#exhaust(line, "this line expands to more than 64 kB", origin ?? at);
      return;
    }
    for (let index = 0; index < text.length; index += 1)
      output.columns.push(positionAt(line, origin ?? at + index).column);
    output.text += text;
  }

  /** The reference at `text[at]`; without a value it stays as it is. */
  #resolve(text: string, at: number, use: Use): Reference {
    const { line, scope, origin: from = at } = use;
    const braced = matchAt(BRACED, text, at);
    if (braced !== null) {
      const name = braced[1] ?? "";
      const value = this.#predefined(name, line) ?? this.#lookUp(name, scope);
      if (value === undefined) this.#reportUnknown(use, from, name, braced[0]);
      return { text: braced[0], name, value };
    }
    const bare = matchAt(BARE, text, at);
    if (bare === null) return { text: "$", name: "", value: undefined };
    const name = bare[1] ?? "";
    const ends = /^[\s,)]|^$/.test(text.charAt(at + bare[0].length));
    const value = this.#lookUp(name, scope);
    if (value === undefined) this.#reportUnknown(use, from, name, bare[0]);
    else if (!ends)
      this.#findings.warn(
        positionAt(line, from),
        "definition-unknown",
        `${bare[0]} is only put in before a blank, a comma or a closing parenthesis; write \${${name}} here`,
      );
    return { text: bare[0], name, value: ends ? value : undefined };
  }

  #lookUp(name: string, scope: Scope): string | undefined {
    return scope.get(name) ?? this.#definitions.get(name);
  }

  #predefined(content: string, { file }: Line): string | undefined {
    const [name = "", ...words] = content.trim().split(/\s+/);
    switch (name) {
      case "_HASH":
        return "#";
      case "_BANG":
        return "!";
      case "_INSTANCE":
        return configIdOf(this.#environment);
      case "_PWD":
        return directoryOf(file);
      case "_ENV":
        return this.#variable(words[0] ?? "");
      case "_RANDOM":
        return this.#randomText(words);
      default:
        return undefined;
    }
  }

  #variable(name: string): string {
    const { variables } = this.#environment;
    return Object.hasOwn(variables, name) ? (variables[name] ?? "") : "";
  }

  #randomText(words: readonly string[]): string | undefined {
    if (!words.every((word) => /^\d{1,9}$/.test(word)) || words.length > 2) return undefined;
    const low = Number(words[0] ?? 0);
    const high = Number(words[1] ?? 32_767);
    return high < low ? undefined : String(low + this.#random.below(high - low + 1));
  }

  // Commands may well contain a shell's $NAME, so nothing is said about those in quotes.
  #reportUnknown({ line, scope }: Use, from: number, name: string, text: string): void {
    if (this.#findings.isFull) return;
    const before = line.text.slice(0, from);
    if ((before.match(/"/g)?.length ?? 0) % 2 === 1) return;
    const known = [...this.#definitions.keys(), ...scope.keys()];
    const message = `${text} is not defined before this line${didYouMean(name, known)}`;
    const at = positionAt(line, from);
    if (text.startsWith("${")) this.#findings.error(at, "definition-unknown", message);
    else this.#findings.warn(at, "definition-unknown", `${message}; it is kept as it stands`);
  }

  #exhaust(line: Line, what: string, from = 0): void {
    if (!this.#exhausted)
      this.#findings.error(
        positionAt(line, from),
        "expansion-limit",
        `${what}; nothing after this is read`,
      );
    this.#exhausted = true;
  }
}

interface Reference {
  /** As it is written. */
  readonly text: string;
  readonly name: string;
  readonly value: string | undefined;
}

function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(text);
}

function directoryOf(file: string): string {
  const folder = /^(.+)\/[^/]*$/.exec(file)?.[1];
  return folder ?? (file.startsWith("/") ? "/" : ".");
}
