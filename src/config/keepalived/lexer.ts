/**
 * From text to words. A statement is one line of words; quotes group a word, an unquoted brace is a word of its own and
 * ends the statement, `#` and `!` begin a comment outside quotes.
 */
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";

/** A line after comments are gone and definitions are put in. */
export interface Line {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
  /** Characters of the file's line that stand before `text`. */
  readonly before?: number;
  /** For each character of `text` the column in the file it came from; undefined when they follow each other. */
  readonly columns?: readonly number[];
}

export interface Word {
  readonly type: "word" | "open" | "close";
  /** Without quotes. A quoted word is kept as written between them, backslashes included. */
  readonly text: string;
  readonly quoted: boolean;
  readonly at: Position;
}

export function positionAt(line: Line, index: number): Position {
  const { file, line: number, before = 0, columns } = line;
  const column =
    columns === undefined ? before + index + 1 : (columns[index] ?? columns.at(-1) ?? 1);
  return { file, line: number, column };
}

/**
 * Where the quotation that begins at `start` ends. `\"` does not end it, as commands need, unless no other quote
 * follows on the line. -1 when it is not closed.
 */
function closingQuote(text: string, start: number): number {
  let escaped = -1;
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '"') return at;
    if (text[at] !== "\\") continue;
    at += 1;
    if (text[at] === '"') escaped = at;
  }
  return escaped;
}

/** The text up to a comment. */
export function stripComment(text: string): string {
  if (!/[#!]/.test(text)) return text;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "#" || character === "!") return text.slice(0, at);
    if (character !== '"') continue;
    const end = closingQuote(text, at);
    if (end < 0) return text;
    at = end;
  }
  return text;
}

const SPACE = /[ \t\v\f\r]/;

/** Keywords that take a command, where single quotes group a word, too. */
const COMMAND_KEYWORD =
  /^(script|process|notify|notify_\w+|startup_script|shutdown_script|\w+_script)$/;

/** The words of a line. A quotation that is not closed is reported and goes to the end of the line. */
export function lexLine(line: Line, findings: Findings): readonly Word[] {
  const { text } = line;
  const words: Word[] = [];
  let at = 0;
  /** Where the statement begins that the next word belongs to. */
  let statement = 0;
  while (at < text.length) {
    const character = text[at] ?? "";
    const start = positionAt(line, at);
    if (SPACE.test(character)) {
      at += 1;
    } else if (character === "{" || character === "}") {
      const type = character === "{" ? "open" : "close";
      words.push({ type, text: character, quoted: false, at: start });
      statement = words.length;
      at += 1;
    } else {
      const takesCommand = COMMAND_KEYWORD.test(words[statement]?.text ?? "");
      const { value, end, quoted } = readWord(line, at, takesCommand, findings);
      words.push({ type: "word", text: value, quoted, at: start });
      at = end;
    }
  }
  return words;
}

interface WordText {
  readonly value: string;
  readonly end: number;
  readonly quoted: boolean;
}

function readWord(line: Line, start: number, takesCommand: boolean, findings: Findings): WordText {
  const { text } = line;
  const single = takesCommand && text[start] === "'";
  if (text[start] !== '"' && !single) return readBareWord(text, start);
  const end = single ? text.indexOf("'", start + 1) : closingQuote(text, start);
  if (end >= 0) return { value: text.slice(start + 1, end), end: end + 1, quoted: true };
  findings.error(
    positionAt(line, start),
    "quote-missing",
    "this quotation is not closed on its line: add the closing quote",
  );
  return { value: text.slice(start + 1), end: text.length, quoted: true };
}

// ${NAME} that nobody defined stays in one word, so that its braces do not break the blocks of the whole file.
const BARE_WORD = /(?:\$\{[^{}"]*\}|[^ \t\v\f\r{}"])+/y;

function readBareWord(text: string, start: number): WordText {
  BARE_WORD.lastIndex = start;
  const value = BARE_WORD.exec(text)?.[0] ?? "";
  return { value, end: start + value.length, quoted: false };
}
