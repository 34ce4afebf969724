import type { FieldValue, Level } from "./catalogue.ts";

/** "journal" is text as systemd's journal wants it: a priority of sd-daemon(3) instead of time and level. */
export type LogFormat = "text" | "json" | "journal";

export interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly level: Level;
  readonly name: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** Priorities of syslog(3). */
const PRIORITIES: Readonly<Record<Level, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/** Includes the C1 controls, which terminals obey as they do escape sequences. */
// oxlint-disable-next-line no-control-regex -- Finding control characters is what it is for.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** Makes control characters visible, so that a name or a script's output can neither forge a line nor drive a terminal. */
export const printable = (text: string): string =>
  text.replaceAll(CONTROL, (character) => {
    if (character === "\n") return String.raw`\n`;
    return String.raw`\x` + character.charCodeAt(0).toString(16).padStart(2, "0");
  });

/** Formats lines for people. */
export function formatTextLine(format: "text" | "journal"): (line: LogLine) => string {
  if (format === "journal")
    return ({ level, text }) => `<${PRIORITIES[level]}>${printable(text)}\n`;
  return ({ at, level, text }) => `${new Date(at).toISOString()} ${level} ${printable(text)}\n`;
}

/** Formats lines for programs: the event's own fields stand beside time, level, event and text. */
export function formatJsonLine({ at, level, name, text, fields }: LogLine): string {
  const time = new Date(at).toISOString();
  return `${JSON.stringify({ time, level, event: name, text, ...fields })}\n`;
}
