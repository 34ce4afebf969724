/** vrrp_script sections of /etc/config/keepalived, with the weights of the track_script sections that name them. */
import { splitCommand, splitQuoted } from "../keepalived/commands.ts";
import type { PairCheck } from "../pair/model.ts";
import type { UciFile, UciSection } from "../uci/model.ts";
import { optionOf } from "../uci/model.ts";
import type { Found } from "./facts.ts";
import type { UciNotes } from "./uci-notes.ts";
import { found } from "./uci-notes.ts";
import { type References, readNumber, readTime } from "./uci-values.ts";

const READ = new Set(["name", "script", "interval", "timeout", "weight", "fall", "rise"]);
const WEIGHT_MAX = 253;

export function readChecks(
  file: UciFile,
  references: References,
  notes: UciNotes,
): readonly Found<PairCheck>[] {
  const trackers = references.all("track_script");
  for (const tracker of trackers)
    notes.option(
      tracker,
      "direction",
      "a check's weight cannot be turned round: write it with the other sign",
    );
  return file.sections.flatMap((section) => {
    if (section.type !== "vrrp_script") return [];
    const check = readCheck(section, trackers, notes);
    return check === undefined ? [] : [found(check, section.at)];
  });
}

function readCheck(
  section: UciSection,
  trackers: readonly UciSection[],
  notes: UciNotes,
): PairCheck | undefined {
  const name = optionOf(section, "name");
  const command = readCommand(optionOf(section, "script") ?? "");
  if (name === undefined || command.length === 0) {
    notes.section(section, "a check needs a name, and a script with its arguments");
    return undefined;
  }
  notes.others(section, READ, "checks of the pair's file have no such setting");
  const tracker = trackers.find((candidate) => optionOf(candidate, "value") === name);
  const interval = readTime(section, "interval", 1, notes).value;
  const number = (source: UciSection, option: string, min: number, fallback: number): number =>
    readNumber(source, option, { min, max: min < 0 ? WEIGHT_MAX : 1_000, fallback }, notes)
      ?.value ?? fallback;
  const weight = number(section, "weight", -WEIGHT_MAX, 0);
  return {
    type: "script",
    name,
    command,
    user: undefined,
    interval,
    // keepalived gives a script as long as its interval when nothing is said.
    timeout: readTime(section, "timeout", interval / 1_000_000, notes).value,
    rise: number(section, "rise", 1, 1),
    fall: number(section, "fall", 1, 1),
    weight: tracker === undefined ? weight : number(tracker, "weight", -WEIGHT_MAX, weight),
  };
}

/** OpenWrt's package puts quotation marks around several words, and writes one word as it is. */
function readCommand(text: string): readonly string[] {
  const isSeveral = /[ \t\n\v\f\r]/.test(text.trim());
  const quoted = isSeveral ? text : /^"(.*)"$/s.exec(text)?.[1];
  return (quoted === undefined ? splitCommand(text) : splitQuoted(quoted)) ?? [];
}
