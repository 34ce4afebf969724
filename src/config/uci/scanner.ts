/**
 * From the text of a UCI file to its statements. A word may be put together from quoted and bare parts; a backslash takes the
 * next character as it is, or the end of the line away; a value in quotes may go on over lines; `;` ends a statement.
 */
import type { Position } from "../diagnostics.ts";
import type { UciStatement, UciWord } from "./model.ts";

/** Where a quotation began that never ends. */
export interface OpenQuote {
  readonly at: Position;
  readonly mark: string;
}

type Scanned =
  | { readonly type: "statement"; readonly statement: UciStatement }
  | { readonly type: "open-quote"; readonly quote: OpenQuote }
  | { readonly type: "end" };

const BLANK = /[^\S\n]*/y;
const KEYWORD = /[^\s;#]+/y;
const COMMENT = /#[^\n]*/y;
const BARE = /[^\s'"\\;#]+/y;
const LINE_JOINT = /\\\r?\n/y;

export class UciScanner {
  readonly #file: string;
  readonly #text: string;
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  /** The next statement; comments and empty lines are passed over. */
  next(): Scanned {
    for (;;) {
      this.#take(BLANK);
      this.#take(COMMENT);
      const character = this.#text[this.#offset];
      if (character === undefined) return { type: "end" };
      if (character === "\n") this.#breakLine(this.#offset);
      else if (character === ";") this.#offset += 1;
      else return this.#statement();
    }
  }

  #statement(): Scanned {
    const at = this.#position(this.#offset);
    const start = this.#offset;
    const lineStart = this.#lineStart;
    const keyword = this.#take(KEYWORD);
    const words: UciWord[] = [];
    for (;;) {
      this.#take(BLANK);
      const character = this.#text[this.#offset];
      if (character === undefined || "\n;#".includes(character)) break;
      const word = this.#word();
      if ("mark" in word) return { type: "open-quote", quote: word };
      words.push(word);
    }
    const end = words.at(-1)?.end ?? start + keyword.length;
    const lines = this.#ownLines(lineStart, start);
    return { type: "statement", statement: { at, keyword, start, end, words, lines } };
  }

  /** Called behind the last word: the lines of the statement, unless another one stands on them. */
  #ownLines(lineStart: number, start: number): UciStatement["lines"] {
    this.#take(COMMENT);
    const character = this.#text[this.#offset];
    if (this.#text.slice(lineStart, start).trim() !== "" || character === ";") return undefined;
    return { start: lineStart, end: character === undefined ? this.#offset : this.#offset + 1 };
  }

  #word(): UciWord | OpenQuote {
    const start = this.#offset;
    let text = "";
    for (;;) {
      const character = this.#text[this.#offset];
      if (character === undefined || /[\s;#]/.test(character)) break;
      if (character === "'" || character === '"') {
        const at = this.#position(this.#offset);
        const inner = this.#quoted(character);
        if (inner === undefined) return { at, mark: character };
        text += inner;
      } else if (character === "\\") text += this.#escaped();
      else text += this.#take(BARE);
    }
    return { text, start, end: this.#offset };
  }

  /** The text up to the closing mark; undefined when there is none. */
  #quoted(mark: string): string | undefined {
    this.#offset += 1;
    let text = "";
    for (;;) {
      const character = this.#text[this.#offset];
      if (character === undefined) return undefined;
      if (character === mark) break;
      if (character === "\\" && mark === '"') {
        text += this.#escaped();
        continue;
      }
      text += character;
      if (character === "\n") this.#breakLine(this.#offset);
      else this.#offset += 1;
    }
    this.#offset += 1;
    return text;
  }

  /** Behind a backslash: the next character, or nothing where the line ends. */
  #escaped(): string {
    if (this.#take(LINE_JOINT) !== "") {
      this.#breakLine(this.#offset - 1);
      return "";
    }
    const character = this.#text[this.#offset + 1] ?? "";
    this.#offset += 1 + character.length;
    return character;
  }

  /** `at` is the offset of a line feed. */
  #breakLine(at: number): void {
    this.#offset = at + 1;
    this.#line += 1;
    this.#lineStart = this.#offset;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#offset;
    const text = pattern.exec(this.#text)?.[0] ?? "";
    this.#offset += text.length;
    return text;
  }

  #position(offset: number): Position {
    return { file: this.#file, line: this.#line, column: offset - this.#lineStart + 1 };
  }
}
