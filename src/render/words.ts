/** Words and numbers in the languages of the rendered files. */
import { ipBits, ipBytes, ipFamily, ipFromBytes, type Prefix } from "../base/ip.ts";
import { type Duration, seconds, toSeconds } from "../base/time.ts";

/** Seconds with as many decimals as they need, at most six. */
export const secondsText = (span: Duration): string => String(Number(toSeconds(span).toFixed(6)));

/** Whole seconds, rounded up, at least 1: a program that knows no fractions must not be made stricter. */
export const wholeSeconds = (span: Duration): number => Math.max(1, Math.ceil(toSeconds(span)));

export const isWhole = (span: Duration): boolean => span > 0 && span % seconds(1) === 0;

/**
 * A command of keepalived.conf, in double quotes. Words are grouped by quotes inside. What keepalived would expand, end the
 * line at or count as a quotation mark of the line is written as octal escapes.
 */
export function commandText(argv: readonly string[]): string {
  const inner = argv.map(groupWord).join(" ");
  return `"${inner.replaceAll("\\", String.raw`\\`).replaceAll(EXPANDED, octal)}"`;
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const EXPANDED = /["$~\x00-\x1f\x7f]/g;

const octal = (character: string): string =>
  `\\${(character.codePointAt(0) ?? 0).toString(8).padStart(3, "0")}`;

/** Backslashes escape inside single quotes, too. */
const groupWord = (word: string): string =>
  /^[^\s'"\\]+$/.test(word) ? word : `'${word.replaceAll(/['\\]/g, String.raw`\$&`)}'`;

/** Whether keepalived.conf can hold the word where no command is expected: nothing escapes a quote there. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
export const isWritable = (word: string): boolean => !/["\x00-\x1f\x7f]/.test(word);

/** A word of keepalived.conf: in double quotes where it is not plain. */
export const plainWord = (word: string): string =>
  /^[\w./:][\w./:@%+,=-]*$/.test(word) ? word : `"${word}"`;

/** The prefix with its host bits cleared. */
export function networkOf({ address, length }: Prefix): Prefix {
  const bytes = ipBytes(address).map((byte, index) => byte & maskByte(length, index));
  return { address: ipFromBytes(bytes), length };
}

/** The netmask of an IPv4 prefix, such as 255.255.255.0. */
export function netmaskOf({ address, length }: Prefix): string {
  const count = ipBits(ipFamily(address)) / 8;
  return ipFromBytes(Uint8Array.from({ length: count }, (_, index) => maskByte(length, index)));
}

function maskByte(length: number, index: number): number {
  const bits = Math.min(8, Math.max(0, length - index * 8));
  return (0xff00 >>> bits) & 0xff;
}
