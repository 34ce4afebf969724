/** Reads single values: numbers, switches, paths, names. What is wrong is reported where it stands, with what to write. */
import { type Duration, seconds } from "../../base/time.ts";
import type { FindingCode } from "../codes.ts";
import type { Position } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import type { Token } from "./lexer.ts";
import { type Parser, quote } from "./parser.ts";

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A value, and where it stands. */
export interface Placed<T> {
  readonly value: T;
  readonly at: Position;
}

/** What a plain number may be: conntrackd keeps 32 bits, and most of its numbers end up in signed ones. */
export const COUNT: Range = { min: 0, max: 2_147_483_647 };

/**
 * The next word as a value of `keyword`. What people copy from how-tos with its quotation marks or as a placeholder is
 * reported, and is no value. `form` is how the value is written, `meaning` what a placeholder stands for.
 */
export function readValue(
  parser: Parser,
  keyword: Token,
  form: string,
  meaning = "a value",
): Token | undefined {
  const token = parser.argument(keyword, form);
  if (token === undefined || (token.type !== "quoted" && token.type !== "placeholder"))
    return token;
  if (token.type === "placeholder" || /[<>\s]|^$/.test(token.text)) {
    const message = `${quote(token)} is a placeholder for ${meaning}: write that without quotation marks and brackets, as in ${keyword.text} ${form}`;
    return wrong(parser, token, "placeholder", message);
  }
  const message = `values have no quotation marks: write ${keyword.text} ${token.text}`;
  return wrong(parser, token, "quote-unexpected", message);
}

export const wrong = (
  parser: Parser,
  { at }: { readonly at: Position },
  code: FindingCode,
  message: string,
): undefined => {
  parser.findings.error(at, code, message);
};

/** A whole decimal number in `range`. */
export function readNumber(
  parser: Parser,
  keyword: Token,
  { min, max }: Range,
): number | undefined {
  const token = readValue(parser, keyword, "NUMBER");
  if (token === undefined) return undefined;
  const what = `${keyword.text} must be a whole number from ${min} to ${max}`;
  if (!/^\d+$/.test(token.text)) {
    const [digits = ""] = /^\d+/.exec(token.text) ?? [];
    const hint = digits === "" ? "" : ": it has no unit and no fraction";
    return wrong(parser, token, "number-invalid", `${what}, not ${quote(token)}${hint}`);
  }
  const value = Number(token.text);
  if (value >= min && value <= max) return value;
  return wrong(parser, token, "number-range", `${what}, not ${quote(token)}`);
}

/** A number of which 0 means nothing: it stands for `initial` then, with a warning. */
export function readPositive(
  parser: Parser,
  keyword: Token,
  { initial, max = COUNT.max }: { readonly initial: number; readonly max?: number },
): number | undefined {
  const { at } = parser.peek();
  const value = readNumber(parser, keyword, { min: 0, max });
  if (value !== 0) return value;
  const message = `${keyword.text} 0 has no meaning: the default of ${initial} counts`;
  parser.findings.warn(at, "number-range", message);
  return initial;
}

export function readSeconds(
  parser: Parser,
  keyword: Token,
  initial: Duration,
): Duration | undefined {
  const value = readPositive(parser, keyword, { initial: initial / seconds(1) });
  return value === undefined ? undefined : seconds(value);
}

const SWITCHES: Readonly<Record<string, boolean>> = { on: true, yes: true, off: false, no: false };

/** What a word says in any case of letters; undefined when it is neither on nor off. */
export function switchOf({ type, text }: Token): boolean | undefined {
  const word = text.toLowerCase();
  return type === "word" && Object.hasOwn(SWITCHES, word) ? SWITCHES[word] : undefined;
}

export function readSwitch(parser: Parser, keyword: Token): boolean | undefined {
  const token = readValue(parser, keyword, "on|off");
  if (token === undefined) return undefined;
  const value = switchOf(token);
  if (value !== undefined) return value;
  const message = `${keyword.text} takes on, yes, off or no, not ${quote(token)}`;
  return wrong(parser, token, "boolean-invalid", message);
}

/** sun_path of unix(7) without its null byte. */
export const SOCKET_PATH_MAX = 107;
const PATH_MAX = 4_095;

export function readPath(
  parser: Parser,
  keyword: Token,
  max: number = PATH_MAX,
): string | undefined {
  const token = readValue(parser, keyword, "/PATH");
  return token === undefined ? undefined : pathOf(parser, keyword, token, max);
}

export function pathOf(
  parser: Parser,
  keyword: Token,
  token: Token,
  max: number = PATH_MAX,
): string | undefined {
  const { type, text } = token;
  if (type !== "path") {
    const message = `${keyword.text} must be an absolute path, not ${quote(token)}: begin it with /`;
    return wrong(parser, token, "value-invalid", message);
  }
  if (/[{}]/.test(text)) {
    const message = `a path goes on to the next blank, so ${quote(token)} contains the brace: put a blank before it`;
    return wrong(parser, token, "value-invalid", message);
  }
  if (text.length <= max) return text;
  const message = `${keyword.text} must be at most ${max} characters long, not ${text.length}`;
  return wrong(parser, token, "number-range", message);
}

/** One of a few words, in any case of letters. */
export function readChoice<T>(
  parser: Parser,
  keyword: Token,
  choices: Readonly<Record<string, T>>,
): T | undefined {
  const names = Object.keys(choices);
  const token = readValue(parser, keyword, names.join("|"));
  if (token === undefined) return undefined;
  const name = names.find((candidate) => candidate.toLowerCase() === token.text.toLowerCase());
  if (name !== undefined) return choices[name];
  const message = `${keyword.text} must be one of ${names.join(", ")}, not ${quote(token)}`;
  return wrong(parser, token, "value-invalid", `${message}${didYouMean(token.text, names)}`);
}
