/**
 * From text to words. White space and line ends are alike, `#` begins a comment that ends with its line, braces are words
 * of their own, and a path goes on to the next blank or quotation mark, whatever it contains.
 */
import type { Position } from "../diagnostics.ts";

export interface Token {
  /**
   * "quoted" and "placeholder" are no part of the language, but people copy them from how-tos; their text is without
   * quotation marks, and with pointed brackets. "stray" is a semicolon. "end" is the end of the file.
   */
  readonly type: "word" | "path" | "open" | "close" | "quoted" | "placeholder" | "stray" | "end";
  readonly text: string;
  readonly at: Position;
}

const BLANK = /(?:\s|#.*)*/y;
const PATH = /\/[^\s"]*/y;
const QUOTED = /"([^"\n]*)"?/y;
const PLACEHOLDER = /<[^>\n]*>?/y;
const WORD = /[^\s{}#"<;]+/y;

const SIGNS: Readonly<Record<string, Token["type"]>> = { "{": "open", "}": "close", ";": "stray" };

/** Hands out the words of one file, one by one. */
export class Lexer {
  readonly #file: string;
  readonly #text: string;
  #offset = 0;
  #line = 1;
  /** Offset of the first character of the line. */
  #lineStart = 0;
  #ahead: Token | undefined;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  /** The next word, which stays the next one. */
  peek(): Token {
    this.#ahead ??= this.#read();
    return this.#ahead;
  }

  next(): Token {
    const token = this.peek();
    // The end of the file stays where it is, so that nobody can read past it.
    if (token.type !== "end") this.#ahead = undefined;
    return token;
  }

  #read(): Token {
    this.#skipBlank();
    const at = this.#position();
    const first = this.#text[this.#offset];
    if (first === undefined) return { type: "end", text: "", at };
    const sign = SIGNS[first];
    if (sign !== undefined) {
      this.#offset += 1;
      return { type: sign, text: first, at };
    }
    if (first === '"') return { type: "quoted", text: this.#take(QUOTED), at };
    if (first === "<") return { type: "placeholder", text: this.#take(PLACEHOLDER), at };
    if (first === "/") return { type: "path", text: this.#take(PATH), at };
    return { type: "word", text: this.#take(WORD), at };
  }

  #skipBlank(): void {
    BLANK.lastIndex = this.#offset;
    const blank = BLANK.exec(this.#text)?.[0] ?? "";
    for (let at = blank.indexOf("\n"); at >= 0; at = blank.indexOf("\n", at + 1)) {
      this.#line += 1;
      this.#lineStart = this.#offset + at + 1;
    }
    this.#offset += blank.length;
  }

  /** What `pattern` finds here: its group if it has one. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#offset;
    const [whole = "", inner = whole] = pattern.exec(this.#text) ?? [];
    this.#offset += whole.length;
    return inner;
  }

  #position(): Position {
    const column = this.#offset - this.#lineStart + 1;
    return { file: this.#file, line: this.#line, column };
  }
}
