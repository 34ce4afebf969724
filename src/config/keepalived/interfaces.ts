/** garp_group and interface_up_down_delays: what is configured per interface rather than per instance. */
import type { Duration } from "../../base/time.ts";
import { formatDuration, NO_TIME, seconds } from "../../base/time.ts";
import type { InstanceConfig, LinkDelay } from "../../vrrp/config.ts";
import type { Position } from "../diagnostics.ts";
import type { Reading, Table } from "./reading.ts";
import { keyword, readBlock } from "./reading.ts";
import type { Statement } from "./tree.ts";
import { readInteger, readInterface, readSeconds } from "./values.ts";

/** Least time between two announcements on an interface. */
export interface Spacing {
  readonly arp: Duration;
  readonly na: Duration;
}

interface SpacingDraft {
  arp: Duration;
  na: Duration;
  readonly interfaces: string[];
}

const INTERVAL = { min: 0, max: 86_400 };

function interval(name: string, field: "arp" | "na", what: string): Table<SpacingDraft>[number] {
  const doc = `Least time between two ${what} on these interfaces.`;
  return keyword(name, "SECONDS", { doc, initial: "0" }, (reading, { words: [word] }, draft) => {
    const value = word && readSeconds(reading, word, name, INTERVAL);
    if (value !== undefined) draft[field] = value;
  });
}

export const GARP_GROUP: Table<SpacingDraft> = [
  interval("garp_interval", "arp", "gratuitous ARPs"),
  interval("gna_interval", "na", "unsolicited neighbour advertisements"),
  keyword(
    "interface",
    "INTERFACE",
    { doc: "The interface." },
    (reading, { words: [word] }, draft) => {
      const name = word && readInterface(reading, word);
      if (name !== undefined) draft.interfaces.push(name);
    },
  ),
  keyword("interfaces", "{ … }", { doc: "Several interfaces." }, (reading, { block }, draft) => {
    for (const { keyword: first, words } of block?.statements ?? []) {
      for (const word of [first, ...words]) {
        const name = readInterface(reading, word);
        if (name !== undefined) draft.interfaces.push(name);
      }
    }
  }),
];

/** Reads a garp_group block into `spacing`. */
export function readGarpGroup(
  reading: Reading,
  { block }: Statement,
  spacing: Map<string, Spacing>,
): void {
  const draft: SpacingDraft = { arp: NO_TIME, na: NO_TIME, interfaces: [] };
  readBlock(reading, GARP_GROUP, { owner: "garp_group", block, draft });
  for (const name of draft.interfaces) spacing.set(name, { arp: draft.arp, na: draft.na });
}

export const DELAY_FORM = "INTERFACE DOWN [UP]";

export interface PlacedDelay extends LinkDelay {
  readonly at: Position;
}

/** Reads the lines of an interface_up_down_delays block. */
export function readLinkDelays(
  reading: Reading,
  { block }: Statement,
  delays: PlacedDelay[],
): void {
  for (const { keyword: word, words } of block?.statements ?? []) {
    const [downWord, upWord] = words;
    const name = readInterface(reading, word);
    if (downWord === undefined) {
      const message = `${word.text} lacks its delay: write ${DELAY_FORM} in seconds`;
      reading.findings.error(word.at, "value-missing", message);
      continue;
    }
    const range = { min: 0, max: 255 };
    const down = readInteger(reading, downWord, "the delay", range);
    const up = upWord === undefined ? down : readInteger(reading, upWord, "the delay", range);
    if (name !== undefined && down !== undefined && up !== undefined)
      delays.push({ interface: name, down: seconds(down), up: seconds(up), at: word.at });
  }
}

/**
 * Cuts down delays that are longer than the backup router waits: it would take over from a router that still holds its
 * addresses. One centisecond less than all intervals but one remains.
 */
export function limitLinkDelays(
  { findings }: Reading,
  delays: readonly PlacedDelay[],
  instances: readonly InstanceConfig[],
): LinkDelay[] {
  return delays.map(({ at, ...delay }) => {
    const waits = instances
      .filter((instance) => instance.interface === delay.interface)
      .map(({ downAdverts, interval: one }) => (downAdverts - 1) * one - 10_000);
    const most = Math.max(0, Math.min(delay.down, ...waits)) as Duration;
    if (most === delay.down) return delay;
    const message = `the backup router takes over before ${formatDuration(delay.down)} are over; the delay is cut to ${formatDuration(most)}`;
    findings.warn(at, "delay-cut", message);
    return { ...delay, down: most };
  });
}
