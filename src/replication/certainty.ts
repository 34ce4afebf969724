/**
 * How sure this router is that it holds all that the peer has. A Duet says so itself, by completing a round or by a digest of
 * its table; a conntrackd is believed to have told everything some time after it was asked to, until a message of it is lost:
 * it repeats what it is asked for if it still can, and never says that it cannot.
 */
import { after, between, type Duration, type Instant, seconds } from "../base/time.ts";

/** "none": nothing can be known; "partial": something is missing; "assumed": nothing speaks against it; "proven". */
export type Certainty = "none" | "partial" | "assumed" | "proven";

/** Unequal tables are a reason to ask for everything, less and less often if that does not make them equal. */
const ASK_AGAIN_MIN: Duration = seconds(10);
const ASK_AGAIN_MAX: Duration = seconds(600);
/** After a loss, the time without another one that has to pass before everything is asked for. */
const CALM: Duration = seconds(5);

export class CertaintyJudge {
  readonly #assumedAfter: () => Duration;
  #state: "none" | "partial" | "proven" = "none";
  #readyAt: Instant | undefined;
  #provenAt: Instant | undefined;
  #askAt: Instant | undefined;
  #lossAt: Instant | undefined;
  #patience: Duration = ASK_AGAIN_MIN;
  #mismatches = 0;

  /** A peer that proves nothing is believed to have told everything this long after it was asked to. */
  constructor(assumedAfter: () => Duration) {
    this.#assumedAfter = assumedAfter;
  }

  get mismatches(): number {
    return this.#mismatches;
  }

  /** When the tables were last known to be equal. */
  get provenAt(): Instant | undefined {
    return this.#provenAt;
  }

  peerRestarted(): void {
    this.#state = "partial";
    this.#readyAt = undefined;
  }

  peerReady(now: Instant): void {
    this.#readyAt = now;
  }

  /** A round with everything in it was received. */
  completed(now: Instant): void {
    this.#state = "proven";
    this.#provenAt = now;
  }

  /** The peer's table and ours were compared. Returns whether to ask the peer for everything. */
  compared(areEqual: boolean, now: Instant): boolean {
    if (areEqual) {
      this.completed(now);
      this.#patience = ASK_AGAIN_MIN;
      this.#askAt = undefined;
      return false;
    }
    this.#state = "partial";
    this.#mismatches += 1;
    return this.#mayAsk(now);
  }

  /** Messages of a peer that proves nothing were lost. */
  lossNoticed(now: Instant): void {
    this.#lossAt = now;
    this.#state = "partial";
    this.#readyAt = undefined;
  }

  /** Whether it is time to ask for everything on account of a loss. */
  wantsAll(now: Instant): boolean {
    if (this.#lossAt === undefined || between(this.#lossAt, now) < CALM) return false;
    if (!this.#mayAsk(now)) return false;
    this.#lossAt = undefined;
    return true;
  }

  #mayAsk(now: Instant): boolean {
    if (this.#askAt !== undefined && now < this.#askAt) return false;
    // What went well for long enough is forgiven.
    const isLongAgo = this.#askAt === undefined || between(this.#askAt, now) > ASK_AGAIN_MAX;
    if (isLongAgo) this.#patience = ASK_AGAIN_MIN;
    this.#askAt = after(now, this.#patience);
    this.#patience = Math.min(ASK_AGAIN_MAX, this.#patience * 2) as Duration;
    return true;
  }

  /** `isDuet`: the peer proves what it says, so that nothing needs to be assumed. */
  judge(isDuet: boolean, now: Instant): Certainty {
    if (this.#state === "proven") return "proven";
    if (this.#readyAt === undefined) return this.#state;
    return !isDuet && between(this.#readyAt, now) >= this.#assumedAfter() ? "assumed" : "partial";
  }
}
