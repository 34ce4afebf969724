/** The demonstration behind `npm start`: one drill, told to a person who sees it for the first time. */
import { fileURLToPath } from "node:url";
import { between, type Duration, type Instant, toSeconds } from "../base/time.ts";
import { monotonicNow } from "../kernel/clock.ts";
import { type DrillPhase, singleRouter } from "./drill.ts";
import { type DrillReport, formatMs } from "./drill-report.ts";
import { figures } from "./drill-text.ts";
import { runDrills } from "./drills.ts";
import { findCase } from "./faults.ts";
import { EXIT, type ExitCode } from "./lab-error.ts";
import { drawLab } from "./picture.ts";
import type { Screen } from "./screen.ts";
import { formatEntry, inOrder, type TimelineEntry } from "./timeline.ts";
import { otherRouter, type RouterName } from "./topology.ts";
import type { Traffic } from "./traffic.ts";

/** The how-to's keepalived.conf, with the LAN address in the LAN's subnet. */
export const HOW_TO_FILE: string = fileURLToPath(
  new URL("../../examples/how-to/keepalived.conf", import.meta.url),
);

/** The how-to's conntrackd.conf, for the lab's sync link. */
export const HOW_TO_CONNTRACKD_FILE: string = fileURLToPath(
  new URL("../../examples/how-to/conntrackd.conf", import.meta.url),
);

const DOWNLOADS = 20;
const REFRESH_MS = 100;
/** Entries are held back this long, because a lost probe is known to be lost 100 ms after it was sent. */
const HOLD_BACK: Duration = 200_000 as Duration;

/** Resolves with the exit status. Throws LabError, and AbortError after `signal`. */
export async function runDemo(screen: Screen, signal: AbortSignal): Promise<ExitCode> {
  const cut = findCase("cut");
  if (cut === undefined) throw new RangeError("no such drill: cut");
  const story = new Story(screen);
  story.introduce();
  const options = {
    daemon: "duet",
    configFile: HOW_TO_FILE,
    conntrackdFile: HOW_TO_CONNTRACKD_FILE,
  } as const;
  const refresh = setInterval(() => {
    story.refresh();
  }, REFRESH_MS);
  try {
    const reports = await runDrills({
      labName: "demo",
      routers: { alpha: options, beta: options },
      cases: [cut],
      downloadCount: DOWNLOADS,
      signal,
      watcher: story,
    });
    return reports.every(({ passed }) => passed) ? EXIT.done : EXIT.failedDrill;
  } finally {
    clearInterval(refresh);
    screen.live("");
  }
}

class Story {
  readonly #screen: Screen;
  #startAt: Instant = monotonicNow();
  #faultAt: Instant | undefined;
  #pending: TimelineEntry[] = [];
  #traffic: Traffic | undefined;
  #phase: DrillPhase | undefined;
  #active: RouterName | undefined;
  #isOver = false;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  introduce(): void {
    this.#screen.line(this.#screen.paint("bold", "Two routers that behave as one"));
    this.#screen.line();
    this.#screen.line(drawLab());
    this.#screen.line();
    this.#screen.line("Both routers run `duet run --keepalived examples/how-to/keepalived.conf");
    this.#screen.line("                           --conntrackd examples/how-to/conntrackd.conf`.");
    this.#screen.line(
      "The client sends 1000 probes a second through them and holds downloads open.",
    );
    this.#screen.line();
  }

  readonly opened = (traffic: Traffic): void => {
    this.#traffic = traffic;
  };

  readonly entered = (phase: DrillPhase, active: RouterName | undefined): void => {
    this.#flush(monotonicNow());
    const stays = active !== undefined && active === this.#active;
    this.#phase = phase;
    this.#active = active;
    if (phase !== "end") this.#heading(PHASES[phase](active));
    else if (stays)
      this.#heading(
        `${active} stays active: ${otherRouter(active)} is back and does not preempt it`,
      );
  };

  readonly told = (entry: TimelineEntry): void => {
    if (entry.kind === "act" && this.#phase === "fault") this.#faultAt = entry.at;
    this.#pending.push(entry);
  };

  readonly reported = (report: DrillReport): void => {
    this.#flush(monotonicNow());
    this.#screen.live("");
    this.#isOver = true;
    this.#heading("Result");
    for (const line of figures(report)) this.#screen.line(line);
    this.#screen.line();
    for (const { met, text, detail } of report.expectations) {
      const mark = met ? this.#screen.paint("good", "ok    ") : this.#screen.paint("bad", "NOT OK");
      this.#screen.line(`  ${mark} ${text} (${detail})`);
    }
    this.#explainDownloads(report);
    this.#screen.line();
  };

  /** Tells what has settled and renews the living line. */
  refresh(): void {
    const now = monotonicNow();
    this.#flush((now - HOLD_BACK) as Instant);
    if (!this.#isOver) this.#screen.live(this.#status(now));
  }

  #heading(text: string): void {
    this.#screen.line();
    this.#screen.line(this.#screen.paint("bold", text));
  }

  #flush(until: Instant): void {
    const ready = this.#pending.filter(({ at }) => at <= until);
    this.#pending = this.#pending.filter(({ at }) => at > until);
    for (const entry of inOrder(ready)) {
      const line = formatEntry(entry, this.#faultAt ?? this.#startAt);
      this.#screen.line(`  ${entry.kind === "note" ? line : this.#screen.paint(entry.kind, line)}`);
    }
  }

  #status(now: Instant): string {
    const traffic = this.#traffic;
    const elapsed = `${toSeconds(between(this.#startAt, now)).toFixed(1).padStart(5)} s`;
    if (traffic === undefined) return `${elapsed}  building the lab`;
    const parts = [elapsed, this.#flowStatus(traffic, now)];
    const tally = traffic.tally("through");
    if (tally !== undefined && this.#phase !== "election")
      parts.push(`${tally.answered} probes answered`);
    const { total, alive } = traffic.downloads();
    if (total > 0) parts.push(`${alive} of ${total} downloads alive`);
    return parts.join("   ");
  }

  #flowStatus(traffic: Traffic, now: Instant): string {
    if (this.#phase === "election") return "the routers decide who is active";
    const gap = traffic.gaps("through").at(-1);
    if (gap === undefined || gap.to !== null)
      return `through ${singleRouter(traffic) ?? "the pair"}`;
    return `NO ANSWER for ${formatMs(between(gap.from, now) / 1_000)}`;
  }

  #explainDownloads({ downloads, active }: DrillReport): void {
    const lost = (downloads?.reset ?? 0) + (downloads?.stalled ?? 0);
    if (lost === 0) return;
    this.#screen.line();
    this.#screen.line(
      `  ${lost} downloads did not survive the way from ${active} to ${otherRouter(active)}.`,
    );
  }
}

type Heading = (active: RouterName | undefined) => string;

const PHASES: Readonly<Record<Exclude<DrillPhase, "end">, Heading>> = {
  election: () => "The routers start and elect the active one",
  traffic: (active) => `${active ?? "One router"} is active; traffic flows through it`,
  fault: (active) => `Now ${active ?? "the active router"} loses both cables`,
  repair: () => "The cables are plugged in again",
};
