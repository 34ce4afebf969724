/** Remarks for the operator, each kind at most once in a while, so that a misconfigured peer cannot fill a disk. */
import { after, type Duration, type Instant, seconds } from "../base/time.ts";
import type { Remark, RouterAction } from "./events.ts";

const PAUSE: Duration = seconds(60);
const KINDS_MAX = 1_024;

export class Remarks {
  readonly #quietUntil = new Map<string, { until: Instant; suppressed: number }>();

  /** Adds a remark to `out` unless its like was made within the last minute; the next one says how many were left out. */
  add(remark: Omit<Remark, "type">, out: RouterAction[]): void {
    const kind = `${remark.subject} ${remark.code}`;
    const quiet = this.#quietUntil.get(kind);
    if (quiet !== undefined && remark.at < quiet.until) {
      quiet.suppressed += 1;
      return;
    }
    if (this.#quietUntil.size >= KINDS_MAX) this.#quietUntil.clear();
    this.#quietUntil.set(kind, { until: after(remark.at, PAUSE), suppressed: 0 });
    const more =
      quiet === undefined || quiet.suppressed === 0 ? "" : ` (${quiet.suppressed} more since)`;
    out.push({ type: "report", report: { type: "remark", ...remark, text: remark.text + more } });
  }

  /** A change of state makes everything about `subject` news again. */
  forget(subject: string): void {
    for (const kind of this.#quietUntil.keys())
      if (kind.startsWith(`${subject} `)) this.#quietUntil.delete(kind);
  }
}
