/** Gratuitous ARP and unsolicited neighbour advertisements: the same keywords globally and per instance. */
import type { Duration } from "../../base/time.ts";
import { NO_TIME, seconds } from "../../base/time.ts";
import type { AnnouncementConfig } from "../../vrrp/config.ts";
import type { Keyword, Reading } from "./reading.ts";
import { keyword } from "./reading.ts";
import type { Statement } from "./tree.ts";
import { readInteger } from "./values.ts";

/** What is configured; everything else follows the next level up. */
export interface AnnouncementDraft {
  repeat?: number;
  delay?: Duration;
  refresh?: Duration;
  refreshRepeat?: number;
  lowerPriorityRepeat?: number;
  lowerPriorityDelay?: Duration;
}

type Counts = "repeat" | "refreshRepeat" | "lowerPriorityRepeat";
type Spans = "delay" | "refresh" | "lowerPriorityDelay";

const COUNT_MAX = 65_535;
const SECONDS_MAX = 86_400;

/** The keywords with `prefix` in front, `vrrp_` in global_defs. */
export function announcementKeywords<Draft extends { readonly announcements: AnnouncementDraft }>(
  prefix: string,
): readonly Keyword<Draft>[] {
  const global = prefix !== "";
  const initial = (value: string): string => (global ? value : "the global value");
  return [
    span(
      "garp_master_delay",
      "delay",
      initial("5"),
      "Seconds until the second, identical burst; 0 for none.",
    ),
    count(
      "garp_master_repeat",
      "repeat",
      initial("5"),
      "Frames per address in a burst on becoming MASTER.",
    ),
    span(
      "garp_master_refresh",
      "refresh",
      initial("0"),
      "Period of refresh bursts while MASTER; 0 for none.",
    ),
    count(
      "garp_master_refresh_repeat",
      "refreshRepeat",
      initial("1"),
      "Frames per address in a refresh burst.",
    ),
    span(
      "garp_lower_prio_delay",
      "lowerPriorityDelay",
      initial("garp_master_delay"),
      "Seconds until the second burst after a lower priority was heard.",
    ),
    count(
      "garp_lower_prio_repeat",
      "lowerPriorityRepeat",
      initial("garp_master_repeat"),
      "Frames per address when a lower priority is heard; 0 for none.",
    ),
  ];

  function span(name: string, field: Spans, value: string, doc: string): Keyword<Draft> {
    const options = { doc, initial: value };
    return keyword(prefix + name, "SECONDS", options, (reading, statement, draft) => {
      const read = readWhole(reading, statement, SECONDS_MAX);
      if (read !== undefined) draft.announcements[field] = seconds(read);
    });
  }

  function count(name: string, field: Counts, value: string, doc: string): Keyword<Draft> {
    const options = { doc, initial: value };
    return keyword(prefix + name, "COUNT", options, (reading, statement, draft) => {
      const read = readWhole(reading, statement, COUNT_MAX);
      if (read === undefined) return;
      if (field !== "repeat" || read > 0) draft.announcements[field] = read;
      else raiseToOne(reading, statement, draft.announcements);
    });
  }
}

function raiseToOne(
  { findings }: Reading,
  { keyword: { text, at } }: Statement,
  announcements: AnnouncementDraft,
): void {
  findings.warn(at, "number-rounded", `${text} 0 is taken as 1: an address must be announced`);
  announcements.repeat = 1;
}

function readWhole(
  reading: Reading,
  { keyword: { text }, words }: Statement,
  max: number,
): number | undefined {
  const [word] = words;
  return word === undefined ? undefined : readInteger(reading, word, text, { min: 0, max });
}

export interface AnnouncementContext {
  readonly global: AnnouncementDraft;
  readonly strict: boolean;
  /** `vrrp_min_garp`: one frame and no second burst unless configured otherwise. */
  readonly minimal: boolean;
  readonly arpInterval: Duration;
  readonly naInterval: Duration;
}

/** An instance's own values over the global ones over keepalived's defaults. */
export function completeAnnouncements(
  own: AnnouncementDraft,
  { global, strict, minimal, arpInterval, naInterval }: AnnouncementContext,
): AnnouncementConfig {
  const { repeat, delay, ...rest } = {
    repeat: minimal ? 1 : 5,
    delay: minimal ? NO_TIME : seconds(5),
    refresh: NO_TIME,
    refreshRepeat: 1,
    ...global,
    ...own,
  };
  return {
    repeat,
    delay,
    refresh: rest.refresh,
    refreshRepeat: rest.refreshRepeat,
    lowerPriorityRepeat: strict ? 0 : (rest.lowerPriorityRepeat ?? repeat),
    lowerPriorityDelay: strict ? NO_TIME : (rest.lowerPriorityDelay ?? delay),
    arpInterval,
    naInterval,
  };
}
