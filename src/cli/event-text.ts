import * as v from "valibot";
import { formatDuration, microseconds } from "../base/time.ts";
import type { EventRecord } from "../control/contract.ts";
import { recordText } from "../control/records.ts";
import type { Level } from "../log/catalogue.ts";
import { printable } from "../log/line.ts";
import type { Colour, Paint } from "./paint.ts";

const COLOURS: Readonly<Record<Level, Colour>> = {
  error: "red",
  warn: "yellow",
  info: "green",
  debug: "dim",
};

const stepsSchema = v.object({
  steps: v.array(v.object({ name: v.string(), took: v.number(), detail: v.string() })),
});

/** One event on a line; for a transition a second line says how long each of its steps took. */
export function formatEvent(record: EventRecord, paint: Paint): string {
  const { at, source, level, data } = record;
  const word = paint(COLOURS[level], level.padEnd(5));
  const line = `${at} ${word} ${source} ${printable(recordText(record))}\n`;
  const transition = v.safeParse(stepsSchema, data);
  if (!transition.success || transition.output.steps.length === 0) return line;
  const steps = transition.output.steps.map(({ name, took, detail }) => {
    // How it was detected stands in the line above.
    const what = detail === "" || name === "detect" ? name : `${name} (${printable(detail)})`;
    return `${what} ${formatDuration(microseconds(took))}`;
  });
  return `${line}${paint("dim", `    ${steps.join(", ")}`)}\n`;
}
