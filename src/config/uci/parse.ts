/** OpenWrt's configuration files (/etc/config/NAME), read strictly as libuci does, with all errors told at once. */
import type { Diagnostic, Position } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import type { UciFindingCode } from "./codes.ts";
import type { UciBlock, UciEntry, UciFile, UciSection, UciStatement } from "./model.ts";
import { isUciName } from "./model.ts";
import { UciScanner } from "./scanner.ts";

/** Characters; real files have some thousands. */
const SIZE_MAX = 1_000_000;
const STATEMENTS_MAX = 20_000;
const ERRORS_MAX = 50;

/** libuci takes the first letter, too. */
const KEYWORDS: ReadonlyMap<string, string> = new Map([
  ["p", "package"],
  ["c", "config"],
  ["o", "option"],
  ["l", "list"],
]);
const TYPE = /^[\x21-\x7e]+$/;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_TEXT = /[\0\uFFFD]/;

interface SectionDraft extends UciSection {
  readonly blocks: BlockDraft[];
}

interface BlockDraft extends UciBlock {
  readonly entries: UciEntry[];
}

/** Reads the file. What is wrong is in `diagnostics`; it never throws. `file` is the name it has in findings. */
export function parseUci(file: string, text: string): UciFile {
  return new Parser(file, text).read();
}

class Parser {
  readonly #file: string;
  readonly #text: string;
  readonly #sections: SectionDraft[] = [];
  readonly #named = new Map<string, SectionDraft>();
  readonly #diagnostics: Diagnostic[] = [];
  /** Undefined before the first section, and in one that is wrong. */
  #block: BlockDraft | undefined;
  #hasSection = false;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  read(): UciFile {
    if (this.#isReadable()) this.#readStatements();
    return {
      file: this.#file,
      text: this.#text,
      sections: this.#sections,
      diagnostics: this.#diagnostics,
    };
  }

  #isReadable(): boolean {
    const begin = { file: this.#file, line: 1, column: 1 };
    if (this.#text.length > SIZE_MAX) {
      const message = `the file has ${this.#text.length} characters, and no configuration has more than ${SIZE_MAX}: check that it is the right one`;
      this.#error(begin, "uci-limit", message);
      return false;
    }
    const binary = NOT_TEXT.exec(this.#text);
    if (binary === null) return true;
    const before = this.#text.slice(0, binary.index).split("\n");
    const at = { file: this.#file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    const message = "here is something that is not text: restore the file from a backup";
    this.#error(at, "uci-not-text", message);
    return false;
  }

  #readStatements(): void {
    const scanner = new UciScanner(this.#file, this.#text);
    for (let count = 1; ; count += 1) {
      const scanned = scanner.next();
      if (scanned.type === "end") return;
      if (scanned.type === "open-quote") {
        const { at, mark } = scanned.quote;
        const message = `this quotation mark ${mark} is never closed: put another ${mark} where the value ends`;
        this.#error(at, "uci-quote", message);
        return;
      }
      const limit = this.#limitReached(count);
      if (limit !== undefined) {
        this.#error(scanned.statement.at, "uci-limit", limit);
        return;
      }
      this.#readStatement(scanned.statement);
    }
  }

  #limitReached(count: number): string | undefined {
    if (this.#diagnostics.length >= ERRORS_MAX)
      return "there are more errors than these; the rest of the file was not read";
    if (count <= STATEMENTS_MAX) return undefined;
    return `no configuration has more than ${STATEMENTS_MAX} lines that say something: check that this is the right file`;
  }

  #readStatement(statement: UciStatement): void {
    const { keyword, at } = statement;
    switch (KEYWORDS.get(keyword) ?? keyword) {
      case "package":
        this.#checkCount(statement, 1, 1, "package NAME");
        return;
      case "config":
        this.#readConfig(statement);
        return;
      case "option":
        this.#readEntry(statement, "option");
        return;
      case "list":
        this.#readEntry(statement, "list");
        return;
      default: {
        const known = KEYWORDS.values();
        const message = `${shown(keyword)} is no keyword: a line begins with config, option, list or package${didYouMean(keyword, known)}`;
        this.#error(at, "uci-keyword", message);
      }
    }
  }

  #readConfig(statement: UciStatement): void {
    this.#hasSection = true;
    this.#block = undefined;
    if (!this.#checkCount(statement, 1, 2, "config TYPE 'NAME', or config TYPE")) return;
    const [type = "", name = ""] = statement.words.map(({ text }) => text);
    if (!TYPE.test(type)) {
      const message = `${shown(type)} cannot be the type of a section: it must be printable characters without blanks`;
      this.#error(statement.at, "uci-name", message);
      return;
    }
    if (name !== "" && !this.#checkName(statement, name, "section")) return;
    const block: BlockDraft = { header: statement, entries: [] };
    const earlier = this.#named.get(name);
    if (earlier !== undefined && earlier.type !== type) {
      const message = `section ${name} is of type ${earlier.type} since line ${earlier.at.line}: give this one another name, or the same type`;
      this.#error(statement.at, "uci-section-type", message);
      return;
    }
    this.#block = block;
    if (earlier !== undefined) {
      earlier.blocks.push(block);
      return;
    }
    const section: SectionDraft = {
      type,
      name: name === "" ? undefined : name,
      at: statement.at,
      blocks: [block],
    };
    this.#sections.push(section);
    if (name !== "") this.#named.set(name, section);
  }

  #readEntry(statement: UciStatement, type: UciEntry["type"]): void {
    if (!this.#hasSection) {
      const message = `${type} stands before the first section: write config TYPE 'NAME' above it`;
      this.#error(statement.at, "uci-section-missing", message);
      return;
    }
    if (!this.#checkCount(statement, 1, 2, `${type} NAME 'VALUE'`)) return;
    const [name = "", value = ""] = statement.words.map(({ text }) => text);
    if (!this.#checkName(statement, name, type)) return;
    this.#block?.entries.push({ type, name, value, statement });
  }

  #checkCount({ at, words, keyword }: UciStatement, min: number, max: number, form: string) {
    if (words.length < min) {
      this.#error(at, "uci-argument-missing", `${keyword} needs more words: write ${form}`);
      return false;
    }
    const extra = words[max];
    if (extra === undefined) return true;
    const message = `${keyword} has words too many, from ${shown(extra.text)} on: write ${form}, and put a value with blanks in quotes`;
    this.#error(at, "uci-argument-extra", message);
    return false;
  }

  #checkName({ at }: UciStatement, name: string, what: string): boolean {
    if (isUciName(name)) return true;
    const message = `${shown(name)} cannot be the name of ${what === "section" ? "a section" : `an ${what === "list" ? "option" : what}`}: use letters, digits and underscores only`;
    this.#error(at, "uci-name", message);
    return false;
  }

  #error(at: Position, code: UciFindingCode, message: string): void {
    this.#diagnostics.push({ at, severity: "error", code, message });
  }
}

/** A word in a message: quoted, and not longer than anybody reads. */
const shown = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
