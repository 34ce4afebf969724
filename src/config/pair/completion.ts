/** What completing a pair's file needs everywhere: the routers and networks as they were read, and where findings go. */
import type { Prefix } from "../../base/ip.ts";
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";
import { didYouMean } from "../suggest.ts";
import { quote } from "./kinds.ts";
import type { Draft, Entry } from "./maps.ts";
import type { NetworkKeys } from "./network-keys.ts";
import type { Many } from "./reading.ts";

export type RouterEntry = Entry<readonly Entry<Many<Prefix> | undefined>[] | undefined>;
export type NetworkEntry = Entry<Draft<NetworkKeys> | undefined>;

export interface Completion {
  readonly findings: Findings;
  readonly pairName: string;
  /** Exactly two. */
  readonly routers: readonly RouterEntry[];
  readonly networks: readonly NetworkEntry[];
}

/** Reports a name of none of `known`, which are `what`. */
export function unknownName(
  findings: Findings,
  { name, at, what }: { readonly name: string; readonly at: Position; readonly what: string },
  known: readonly string[],
): void {
  const hint = didYouMean(name, known);
  const list =
    hint === ""
      ? `: there ${known.length === 1 ? "is" : "are"} ${known.slice(0, 12).join(", ")}`
      : hint;
  findings.error(at, "name-unknown", `there is no ${what} ${quote(name)}${list}`);
}

/** What may have been given, or not, or in a way that could not be read. */
export type Given<T> = { readonly value: T | undefined } | undefined;

/** What was given, or `initial`. */
export const valueOr = <T, D>(field: Given<T>, initial: D): T | D => field?.value ?? initial;

/** Values of a list, or nothing. */
export const valuesOf = <T>(field: Given<Many<T>>): readonly T[] =>
  itemsOf(field).map(({ value }) => value);

export const itemsOf = <T>(field: Given<Many<T>>): Many<T> => field?.value ?? [];

export const namesOf = (entries: readonly { readonly name: string }[]): readonly string[] =>
  entries.map(({ name }) => name);
