/** All trackers of the configuration: starts, replaces and ends them, and knows what each last said. */

import { type Model, type TrackerConfig, trackerKey } from "../config/model.ts";
import type { TrackerStatus } from "../control/contract.ts";
import type { Logger } from "../log/logger.ts";
import type { TrackerValue } from "../vrrp/events.ts";
import { watchFile } from "./track-file.ts";
import { watchProcesses } from "./track-process.ts";
import { watchScript } from "./track-script.ts";

/** What a tracker tells: its value, and in words what it is based on. */
type TrackerListener = (value: TrackerValue, detail: string) => void;

/** Returns the function that ends the tracker. */
export type StartTracker<T extends TrackerConfig> = (
  config: T,
  report: TrackerListener,
  logger: Logger,
) => () => void;

interface Running {
  readonly config: TrackerConfig;
  readonly stop: () => void;
  value: TrackerValue;
  changedAt: Date | undefined;
  detail: string;
}

export class Trackers {
  readonly #logger: Logger;
  readonly #report: (tracker: string, value: TrackerValue) => void;
  readonly #running = new Map<string, Running>();

  constructor(logger: Logger, report: (tracker: string, value: TrackerValue) => void) {
    this.#logger = logger;
    this.#report = report;
  }

  /** Goes on with trackers that did not change, with their results; starts and ends the others. */
  configure({ trackers }: Pick<Model, "trackers">): void {
    const wanted = new Map(trackers.map((tracker) => [trackerKey(tracker), tracker]));
    for (const [key, running] of this.#running)
      if (identity(running.config) !== identity(wanted.get(key))) {
        running.stop();
        this.#running.delete(key);
      }
    for (const [key, config] of wanted) if (!this.#running.has(key)) this.#start(key, config);
  }

  status(): TrackerStatus[] {
    return [...this.#running].map(([tracker, { value, changedAt, detail }]) => ({
      tracker,
      value,
      changedAt: changedAt?.toISOString() ?? null,
      detail: detail === "" ? null : detail,
    }));
  }

  stop(): void {
    for (const { stop } of this.#running.values()) stop();
    this.#running.clear();
  }

  #start(key: string, config: TrackerConfig): void {
    let running: Running | undefined;
    const listener: TrackerListener = (value, detail) => {
      // A tracker may report while it is being started, before it is on the list.
      queueMicrotask(() => {
        if (running !== undefined && this.#running.get(key) === running)
          this.#take(key, running, value, detail);
      });
    };
    running = {
      config,
      stop: startTracker(config, listener, this.#logger),
      value: "unknown",
      changedAt: undefined,
      detail: "",
    };
    this.#running.set(key, running);
  }

  #take(key: string, running: Running, value: TrackerValue, detail: string): void {
    running.detail = detail;
    if (running.value === value) return;
    const earlier = running.value;
    running.value = value;
    running.changedAt = new Date();
    this.#logger.event(
      "tracker.changed",
      { tracker: key, value, earlier },
      `${key}: ${earlier} -> ${value}: ${detail}`,
    );
    this.#report(key, value);
  }
}

function startTracker(
  config: TrackerConfig,
  listener: TrackerListener,
  logger: Logger,
): () => void {
  switch (config.type) {
    case "script":
      return watchScript(config, listener, logger);
    case "file":
      return watchFile(config, listener, logger);
    case "process":
      return watchProcesses(config, listener, logger);
  }
}

/** Where the configuration says something else; the position in the file does not matter. */
function identity(config: TrackerConfig | undefined): string {
  return JSON.stringify(config, (name, value: unknown) => (name === "at" ? undefined : value));
}
