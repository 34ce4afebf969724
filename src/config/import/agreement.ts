/** What both routers must say alike. */
import type { FindingCode } from "../codes.ts";
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";
import type { Found, RouterFacts } from "./facts.ts";

/** What the parts of a merge share. */
export interface Merge {
  readonly findings: Findings;
  readonly known: readonly RouterFacts[];
}

/** The first value; an error when another one differs. `what` completes "the routers do not agree on …". */
export function agree<T>(
  { findings }: Merge,
  found: readonly (Found<T> | undefined)[],
  what: string,
  show: (value: T) => string = String,
): T | undefined {
  const all = found.filter((one) => one !== undefined);
  const [first] = all;
  if (first === undefined) return undefined;
  const other = all.find(({ value }) => show(value) !== show(first.value));
  if (other !== undefined) {
    const message = `the files do not agree on ${what}: it is ${show(other.value)} here and ${show(first.value)} in ${placeText(first.at)}; make them equal, then import again`;
    findings.error(other.at, DISAGREEMENT, message);
  }
  return first.value;
}

export const DISAGREEMENT: FindingCode = "import-disagreement";

const placeText = ({ file, line }: Position): string => `${file}:${line}`;
