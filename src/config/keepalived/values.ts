/** Reads single words: numbers, spans of time, addresses, names. What is wrong is reported where it stands. */
import type { IpAddress, Prefix } from "../../base/ip.ts";
import { parseIp, parsePrefix } from "../../base/ip.ts";
import type { Duration } from "../../base/time.ts";
import { microseconds } from "../../base/time.ts";
import { didYouMean } from "../suggest.ts";
import type { Word } from "./lexer.ts";
import type { Reading } from "./reading.ts";
import type { Statement } from "./tree.ts";

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A whole decimal number in `range`. */
export function readInteger(
  { findings }: Reading,
  { text, at }: Word,
  what: string,
  { min, max }: Range,
): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) {
    const message = `${what} must be a whole decimal number from ${min} to ${max}, not ${quote(text)}`;
    findings.error(at, "number-invalid", message);
    return undefined;
  }
  const value = Number(text);
  if (value >= min && value <= max) return value === 0 ? 0 : value;
  findings.error(at, "number-range", `${what} must be from ${min} to ${max}, not ${text}`);
  return undefined;
}

/** Seconds with up to six decimals; `range` is in seconds. */
export function readSeconds(
  { findings }: Reading,
  { text, at }: Word,
  what: string,
  { min, max }: Range,
): Duration | undefined {
  if (!/^\+?(\d+(\.\d*)?|\.\d+)$/.test(text)) {
    const message = `${what} must be a number of seconds from ${min} to ${max}, not ${quote(text)}`;
    findings.error(at, "number-invalid", message);
    return undefined;
  }
  const value = Number(text);
  if (value >= min && value <= max) return microseconds(Math.round(value * 1_000_000));
  findings.error(at, "number-range", `${what} must be from ${min} to ${max} seconds, not ${text}`);
  return undefined;
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  on: true,
  true: true,
  yes: true,
  off: false,
  false: false,
  no: false,
};

/** The optional boolean of a flag; a flag without one is true. Undefined when it is none. */
export function readBoolean(
  { findings }: Reading,
  { keyword, words: [word] }: Statement,
): boolean | undefined {
  if (word === undefined) return true;
  const value = Object.hasOwn(BOOLEANS, word.text) ? BOOLEANS[word.text] : undefined;
  if (value === undefined) {
    const message = `${keyword.text} takes on, true, yes, off, false or no, not ${quote(word.text)}`;
    findings.error(word.at, "boolean-invalid", message);
  }
  return value;
}

/** One of a few words, written exactly so. */
export function readChoice<T extends string>(
  { findings }: Reading,
  { text, at }: Word,
  what: string,
  choices: readonly T[],
): T | undefined {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) {
    const message = `${what} must be one of ${choices.join(", ")}, not ${quote(text)}`;
    findings.error(at, "value-invalid", `${message}${didYouMean(text, choices)}`);
  }
  return choice;
}

export function readAddress(
  { findings }: Reading,
  { text, at }: Word,
  what: string,
): IpAddress | undefined {
  const address = parseIp(text);
  if (address === undefined)
    findings.error(at, "address-invalid", `${what} must be an IP address, not ${quote(text)}`);
  return address;
}

export function readPrefix(
  { findings }: Reading,
  { text, at }: Word,
  what: string,
): Prefix | undefined {
  const prefix = parsePrefix(text);
  if (prefix === undefined) {
    const message = `${what} must be ADDRESS or ADDRESS/LENGTH, not ${quote(text)}${lengthHint(text)}`;
    findings.error(at, "address-invalid", message);
  }
  return prefix;
}

function lengthHint(text: string): string {
  const [host = ""] = text.split("/");
  const address = parseIp(host);
  if (address === undefined) return "";
  return `; the length is from 0 to ${address.includes(":") ? 128 : 32}`;
}

/** IFNAMSIZ without its null byte. */
export const INTERFACE_NAME_MAX = 15;

/** An interface name, and whether this router has it unless interfaces may come later. */
export function readInterface(
  { findings, environment, interfacesMayComeLater }: Reading,
  { text, at }: Word,
): string | undefined {
  if (text === "" || text.length > INTERFACE_NAME_MAX || /[/\s:]/.test(text)) {
    const message = `an interface name has 1 to 15 characters without blank, colon and slash, not ${quote(text)}`;
    findings.error(at, "interface-name", message);
    return undefined;
  }
  const known = environment.interfaces;
  if (known !== undefined && !known.includes(text) && !interfacesMayComeLater) {
    const list = known.length === 0 ? "" : ` (there are ${known.slice(0, 12).join(", ")})`;
    const message = `there is no interface ${text} on this router${list}${didYouMean(text, known)}`;
    findings.error(at, "interface-unknown", message);
  }
  return text;
}

/** Text in quotes, shortened when it is long. */
export function quote(text: string): string {
  return text.length > 60 ? `"${text.slice(0, 57)}..."` : `"${text}"`;
}

/** The bytes of a text in UTF-8, as lower-case hex. */
export function utf8Hex(text: string): string {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >>> 6), 0x80 | (code & 63));
    else if (code < 0x10000)
      bytes.push(0xe0 | (code >>> 12), 0x80 | ((code >>> 6) & 63), 0x80 | (code & 63));
    else
      bytes.push(
        0xf0 | (code >>> 18),
        0x80 | ((code >>> 12) & 63),
        0x80 | ((code >>> 6) & 63),
        0x80 | (code & 63),
      );
  }
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
