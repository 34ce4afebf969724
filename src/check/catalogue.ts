/**
 * The catalogue of findings: what each code means, what brings it about, what follows from it and what to do. The readers'
 * own tables say what was found; this says the rest.
 */
import { CONNTRACKD_FINDINGS, FINDINGS } from "../config/codes.ts";
import { PAIR_FINDINGS } from "../config/pair/codes.ts";
import type { Advice } from "./catalogue/advice.ts";
import { CONNTRACKD_ADVICE } from "./catalogue/conntrackd.ts";
import { ELECTION_ENTRIES } from "./catalogue/election.ts";
import { KEEPALIVED_ADVICE } from "./catalogue/keepalived.ts";
import { SHARED_ADVICE, TEXT_ADVICE } from "./catalogue/language.ts";
import { PAIR_ADVICE } from "./catalogue/pair-file.ts";
import { REPLICATION_ENTRIES } from "./catalogue/replication.ts";
import { SERVICES_ENTRIES } from "./catalogue/services.ts";
import { UCI_ENTRIES } from "./catalogue/uci.ts";
import { DOCTOR_ENTRIES } from "./doctor/catalogue.ts";
import type { FindingEntry } from "./entry.ts";

/** One part of the catalogue, under a heading of the reference. */
export interface CatalogueSection {
  readonly title: string;
  readonly entries: readonly FindingEntry[];
}

type Row = Omit<FindingEntry, "code">;

const entriesOf = (rows: Readonly<Record<string, Row>>): readonly FindingEntry[] =>
  Object.entries(rows).map(([code, { severity, summary, cause, consequence, fix }]) => ({
    code,
    severity,
    summary,
    cause,
    consequence,
    fix,
  }));

function readersEntries(
  summaries: Readonly<Record<string, string>>,
  advice: Readonly<Record<string, Advice>>,
): readonly FindingEntry[] {
  return Object.entries(summaries).flatMap(([code, summary]) => {
    const added = advice[code];
    if (added === undefined) return [];
    const { severity, cause, consequence, fix } = added;
    return [{ code, severity, summary, cause, consequence, fix }];
  });
}

/** In the order of the reference. A code stands in two sections where two readers share it. */
export const CATALOGUE: readonly CatalogueSection[] = [
  { title: "The election, over both routers", entries: entriesOf(ELECTION_ENTRIES) },
  { title: "Replication, over both routers", entries: entriesOf(REPLICATION_ENTRIES) },
  { title: "DHCP, firewall and system", entries: entriesOf(SERVICES_ENTRIES) },
  { title: "The live router (duet doctor)", entries: entriesOf(DOCTOR_ENTRIES) },
  { title: "duet.yaml", entries: readersEntries(PAIR_FINDINGS, PAIR_ADVICE) },
  {
    title: "keepalived.conf",
    entries: readersEntries(FINDINGS, { ...SHARED_ADVICE, ...TEXT_ADVICE, ...KEEPALIVED_ADVICE }),
  },
  {
    title: "conntrackd.conf",
    entries: readersEntries(CONNTRACKD_FINDINGS, { ...SHARED_ADVICE, ...CONNTRACKD_ADVICE }),
  },
  { title: "OpenWrt's files", entries: entriesOf(UCI_ENTRIES) },
];

/** The entries of `code`, one for each section that has it: what they say is the same, their summaries aside. */
export const findEntries = (code: string): readonly FindingEntry[] =>
  findSections(code).map(({ entry }) => entry);

/** Every entry of `code` with the heading it stands under, one for each section that has it. */
export const findSections = (
  code: string,
): readonly { readonly title: string; readonly entry: FindingEntry }[] =>
  CATALOGUE.flatMap(({ title, entries }) =>
    entries.filter((entry) => entry.code === code).map((entry) => ({ title, entry })),
  );

/** All codes, sorted, each once. */
export const catalogueCodes = (): readonly string[] =>
  [...new Set(CATALOGUE.flatMap(({ entries }) => entries.map(({ code }) => code)))].toSorted();
