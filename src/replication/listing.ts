/** Shows entries of tables in portions, for listings that take several turns. */
import { between, type Duration, type Instant, instant, NO_TIME } from "../base/time.ts";
import { Span } from "../wire/flow-record.ts";
import type { FlowTable, RecordKind } from "./flow-table.ts";
import { RESEND } from "./internal-cache.ts";

export interface Portion {
  /** The slot to begin with, and how many to look at. */
  readonly from: number;
  readonly count: number;
}

export interface ListRequest extends Portion {
  readonly kind: RecordKind;
  readonly cache: "internal" | "external";
}

/** Is given the same span for every entry. `expires` is undefined where entries do not. */
export type ShowEntry = (record: Span, age: Duration, expires: Duration | undefined) => void;

const listed = new Span(new DataView(new ArrayBuffer(0)));

/** `life` is how long entries live without being repeated. Returns where to go on, or undefined at the end. */
export function showEntries(
  {
    table,
    life,
    now,
  }: { readonly table: FlowTable; readonly life: Duration | undefined; readonly now: Instant },
  { from, count }: Portion,
  show: ShowEntry,
): number | undefined {
  const end = Math.min(table.slotEnd, from + count);
  for (let slot = from; slot < end; slot += 1) {
    if (!table.holds(slot) || table.isDead(slot)) continue;
    const expires = life === undefined ? undefined : timeLeft(life, table.idle(slot, now));
    show(table.load(slot, listed), table.age(slot, now), expires);
  }
  return end < table.slotEnd ? end : undefined;
}

/** Shows the numbers under which entries were sent that are not acknowledged. Returns where to go on, or undefined. */
export function showUnacknowledged(
  tables: readonly FlowTable[],
  { from, count }: Portion,
  show: (sequence: number) => void,
): number | undefined {
  let end = 0;
  for (const table of tables) {
    end = Math.max(end, table.slotEnd);
    for (let slot = from; slot < Math.min(table.slotEnd, from + count); slot += 1)
      if (table.holds(slot) && table.listOf(slot) === RESEND) show(table.stampOf(slot));
  }
  return from + count < end ? from + count : undefined;
}

const timeLeft = (life: Duration, idle: Duration): Duration =>
  idle < life ? between(instant(idle), instant(life)) : NO_TIME;
