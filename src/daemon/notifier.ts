/**
 * Tells scripts and FIFOs about changes of state. Scripts of one instance or group run in the order of its changes: those of
 * a change wait until those of the change before have ended, but not for long. FIFO lines are always in order.
 */
import { type Duration, milliseconds, seconds, toMilliseconds } from "../base/time.ts";
import type { Command, Model, NotifyConfig } from "../config/model.ts";
import type { Logger } from "../log/logger.ts";
import type { NotifyState } from "../vrrp/events.ts";
import { NotifyFifo } from "./fifo.ts";
import { describeOutcome, isSuccess, runScript } from "./script.ts";

export interface Notification {
  readonly scope: "INSTANCE" | "GROUP";
  readonly name: string;
  readonly state: NotifyState;
  readonly priority: number;
}

/** How long the scripts of one change hold up those of the next. */
const PATIENCE: Duration = seconds(5);
/** Changes of one subject that wait for their turn; older ones are dropped, the newest state counts. */
const WAITING_MAX = 16;

/** A program to run, with the words appended to its own. */
interface Run {
  readonly command: Command;
  readonly extra: readonly string[];
}

/** The scripts of the changes of one subject that wait, and the work on those before them. */
interface Queue {
  readonly waiting: (readonly Run[])[];
  working: Promise<void> | undefined;
}

export class Notifier {
  readonly #logger: Logger;
  #model: Pick<Model, "instanceNotify" | "groupNotify"> = { instanceNotify: {}, groupNotify: {} };
  #fifos: NotifyFifo[] = [];
  readonly #queues = new Map<string, Queue>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  configure(model: Pick<Model, "instanceNotify" | "groupNotify" | "fifos">): void {
    this.#model = model;
    const wanted = new Set(model.fifos.map((fifo) => JSON.stringify(fifo)));
    const kept = this.#fifos.filter(({ config }) => wanted.has(JSON.stringify(config)));
    for (const fifo of this.#fifos) if (!kept.includes(fifo)) fifo.close();
    const known = new Set(kept.map(({ config }) => JSON.stringify(config)));
    const fresh = model.fifos.filter((fifo) => !known.has(JSON.stringify(fifo)));
    this.#fifos = [...kept, ...fresh.map((fifo) => new NotifyFifo(fifo, this.#logger))];
  }

  /** `config` is for a subject that the configuration no longer names. */
  notify(
    notification: Notification,
    config: NotifyConfig | undefined = this.#configOf(notification),
  ): void {
    const { scope, name, state, priority } = notification;
    const reported = state === "DELETED" && config?.reportsDeleted !== true ? "FAULT" : state;
    const line = `${scope} "${name}" ${reported} ${priority}`;
    for (const fifo of this.#fifos) fifo.write(line);
    if (config === undefined) return;
    const commands: Run[] = [];
    const specific = specificCommand(config, reported);
    if (specific !== undefined) commands.push({ command: specific, extra: [] });
    if (config.any !== undefined && !reported.includes("_"))
      commands.push({ command: config.any, extra: [scope, name, reported, String(priority)] });
    if (commands.length > 0) this.#enqueue(`${scope} ${name}`, commands);
  }

  /** Waits for scripts that still run, at most `patience`. */
  async settle(patience: Duration = milliseconds(1_000)): Promise<void> {
    const all = Promise.all(
      [...this.#queues.values()].map(({ working }) => working ?? Promise.resolve()),
    );
    await Promise.race([all, pause(patience)]);
  }

  close(): void {
    for (const fifo of this.#fifos) fifo.close();
    this.#fifos = [];
  }

  #configOf({ scope, name }: Notification): NotifyConfig | undefined {
    return scope === "INSTANCE" ? this.#model.instanceNotify[name] : this.#model.groupNotify[name];
  }

  #enqueue(subject: string, commands: readonly Run[]): void {
    const queue = this.#queues.get(subject) ?? { waiting: [], working: undefined };
    this.#queues.set(subject, queue);
    queue.waiting.push(commands);
    if (queue.waiting.length > WAITING_MAX) this.#skip(subject, queue.waiting.shift() ?? []);
    queue.working ??= this.#work(queue);
  }

  async #work(queue: Queue): Promise<void> {
    for (let turn = queue.waiting.shift(); turn !== undefined; turn = queue.waiting.shift()) {
      const runs = turn.map(({ command, extra }) => this.#run(command, extra));
      // oxlint-disable-next-line no-await-in-loop -- one change after the other is the point
      await Promise.race([Promise.all(runs), pause(PATIENCE)]);
    }
    queue.working = undefined;
  }

  #skip(subject: string, commands: readonly Run[]): void {
    const command = commands.map((one) => one.command.argv.join(" ")).join(", ");
    this.#logger.event(
      "hook.failed",
      { command, reason: "too many scripts are waiting" },
      `${subject}: ${command} was not run: too many scripts are waiting`,
    );
  }

  async #run(command: Command, extra: readonly string[]): Promise<void> {
    const began = performance.now();
    const outcome = await runScript(command, extra, undefined).outcome;
    const text = [...command.argv, ...extra].join(" ");
    const status = describeOutcome(outcome, undefined);
    if (isSuccess(outcome)) {
      const took = Math.round(performance.now() - began);
      this.#logger.event(
        "hook.ran",
        { command: text, status, took_ms: took },
        `${text}: ${status}`,
      );
    } else
      this.#logger.event("hook.failed", { command: text, reason: status }, `${text}: ${status}`);
  }
}

function specificCommand(config: NotifyConfig, state: NotifyState): Command | undefined {
  switch (state) {
    case "MASTER":
      return config.master;
    case "BACKUP":
      return config.backup;
    case "FAULT":
      return config.fault;
    case "STOP":
      return config.stop;
    case "DELETED":
      return config.deleted;
    case "MASTER_RX_LOWER_PRI":
      return config.masterReceivedLowerPriority;
    case "MASTER_PRIORITY":
    case "BACKUP_PRIORITY":
      return undefined;
  }
}

const pause = (span: Duration): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, toMilliseconds(span)).unref();
  });
