/** Values that routes and rules have in common, and those with units of their own. */
import { didYouMean } from "../suggest.ts";
import type { Word } from "./lexer.ts";
import type { NameKind } from "./names.ts";
import type { Reading } from "./reading.ts";
import { quote } from "./values.ts";

const WHAT: Readonly<Record<NameKind, string>> = {
  table: "routing table",
  protocol: "routing protocol",
  scope: "scope",
  realm: "realm",
  dsfield: "type of service",
  group: "interface group",
};

/** A number, or a name of iproute2's. */
export const named =
  (kind: NameKind) =>
  ({ findings, names }: Reading, { text, at }: Word): number | undefined => {
    const value = names.lookUp(kind, text);
    if (value === undefined) {
      const hint = didYouMean(text, names.known(kind));
      const message = `there is no ${WHAT[kind]} ${quote(text)}; write its number or add it under /etc/iproute2${hint}`;
      findings.error(at, "name-unknown", message);
    }
    return value;
  };

/** A whole number in decimal or with 0x, from `min` to `max`. */
export const number =
  (what: string, max: number, min = 0) =>
  ({ findings }: Reading, { text, at }: Word): number | undefined => {
    if (!/^(\d{1,10}|0x[0-9a-fA-F]{1,8})$/.test(text)) {
      findings.error(at, "number-invalid", `${what} must be a number, not ${quote(text)}`);
      return undefined;
    }
    const value = Number(text);
    if (value >= min && value <= max) return value;
    findings.error(at, "number-range", `${what} must be from ${min} to ${max}, not ${text}`);
    return undefined;
  };

/**
 * A time of ip-route(8): milliseconds with `ms`, seconds with `s`, or the kernel's own unit, of which one millisecond has
 * `unitsPerMs`.
 */
export const routeTime =
  (what: string, unitsPerMs: number) =>
  ({ findings }: Reading, { text, at }: Word): number | undefined => {
    const match = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|sec|msec|msecs|secs)?$/.exec(text);
    if (match === null) {
      findings.error(
        at,
        "number-invalid",
        `${what} must be a time such as 30ms, not ${quote(text)}`,
      );
      return undefined;
    }
    const [, digits = "0", unit] = match;
    if (unit === undefined) return Math.floor(Number(digits));
    const milliseconds = Number(digits) * (unit.startsWith("m") ? 1 : 1000);
    return Math.round(milliseconds * unitsPerMs);
  };

/** FROM/TO or TO, by number or name. */
export function readRealms(
  reading: Reading,
  { text, at }: Word,
): { from: number; to: number } | undefined {
  const parts = text.split("/");
  const numbers = parts.map((part) => reading.names.lookUp("realm", part));
  const to = numbers.at(-1);
  const from = parts.length === 2 ? numbers[0] : 0;
  if (parts.length <= 2 && to !== undefined && from !== undefined) return { from, to };
  const message = `realms must be TO or FROM/TO, not ${quote(text)}`;
  reading.findings.error(at, "route-invalid", message);
  return undefined;
}

/** START-END or one number, in 0 to `max`. */
export const span =
  (what: string, max: number) =>
  ({ findings }: Reading, { text, at }: Word): { start: number; end: number } | undefined => {
    const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text);
    const start = Number(match?.[1] ?? Number.NaN);
    const end = Number(match?.[2] ?? start);
    if (start <= end && end <= max) return { start, end };
    const message = `${what} must be NUMBER or FIRST-LAST up to ${max}, not ${quote(text)}`;
    findings.error(at, "number-range", message);
    return undefined;
  };
