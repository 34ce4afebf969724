/** Times and sizes as the file writes them: a number and its unit. */
import { type Duration, microseconds } from "../../base/time.ts";

const TIME_UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000_000],
  ["h", 3_600_000_000],
  ["m", 60_000_000],
  ["s", 1_000_000],
  ["ms", 1_000],
  ["us", 1],
];
const SIZE_UNITS: readonly (readonly [string, number])[] = [
  ["MiB", 1_048_576],
  ["KiB", 1_024],
  ["B", 1],
];

/** A number of one to twelve digits, maybe with a fraction, and the unit. */
const QUANTITY = /^(\d{1,12}(?:\.\d{1,9})?)([A-Za-z]+)$/;

/** What 100ms, 1.5s, 30m, 12h and 7d stand for; undefined for anything else, or less than a microsecond. */
export const parseDuration = (text: string): Duration | undefined => {
  const count = parse(text, TIME_UNITS);
  return count === undefined ? undefined : microseconds(count);
};

/** The same the other way round, in the largest unit that makes it a whole number. */
export const durationText = (span: Duration): string => write(span, TIME_UNITS);

/** Bytes that 512B, 64KiB and 4MiB stand for. */
export const parseSize = (text: string): number | undefined => parse(text, SIZE_UNITS);

export const sizeText = (bytes: number): string => write(bytes, SIZE_UNITS);

type Units = readonly (readonly [string, number])[];

function parse(text: string, units: Units): number | undefined {
  const [, digits = "", unit] = QUANTITY.exec(text) ?? [];
  const factor = units.find(([name]) => name === unit)?.[1];
  if (factor === undefined) return undefined;
  const count = Math.round(Number(digits) * factor);
  const isExact = Math.abs(count - Number(digits) * factor) < 0.001;
  return isExact && Number.isSafeInteger(count) ? count : undefined;
}

function write(count: number, units: Units): string {
  // Nothing at all is told in the unit that people think in.
  if (count === 0) return units === TIME_UNITS ? "0s" : "0B";
  const [name, factor] = units.find(([, size]) => count % size === 0) ?? ["", 1];
  return `${count / factor}${name}`;
}
