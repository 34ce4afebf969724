/**
 * The running daemon on the main thread: everything that may wait. Logs, the control socket, trackers, scripts and the
 * configuration live here; the VRRP thread does the rest and never waits for any of it.
 */
import { performance } from "node:perf_hooks";
import { instant, toMilliseconds } from "../base/time.ts";
import { formatDiagnostic, hasErrors } from "../config/diagnostics.ts";
import type { Model } from "../config/model.ts";
import { describeReload } from "../config/reload-changes.ts";
import type {
  ControlSource,
  NewEvent,
  ReloadResult,
  ResignOutcome,
  StatusView,
} from "../control/contract.ts";
import { EventRing } from "../control/event-ring.ts";
import { logReport, recordReport } from "../control/records.ts";
import type { ReplicationCommands, ReplicationStatus } from "../control/replication-contract.ts";
import { makeStatus } from "../control/status.ts";
import { monotonicNow } from "../kernel/clock.ts";
import { CATALOGUE } from "../log/catalogue.ts";
import type { Logger } from "../log/logger.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import { compareConfigs, describeReconfiguration } from "../replication/reconfigure.ts";
import type { Report } from "../vrrp/events.ts";
import type { RouterView } from "../vrrp/view.ts";
import { applyFilter, filterTable, removeFilter, wantsFilter } from "./accept-filter.ts";
import { type LoadedConfiguration, loadConfiguration } from "./configuration.ts";
import { EMPTY_JOURNAL, type Journal, journalOf, mergeJournals } from "./journal.ts";
import { Notifier } from "./notifier.ts";
import { replicationPriority } from "./realtime.ts";
import { Replication } from "./replication.ts";
import { ReplicationSilentError } from "./replication-handle.ts";
import type { LogEvent } from "./replication-news.ts";
import type { RunOptions } from "./run-options.ts";
import { runScript } from "./script.ts";
import type { ServiceManager } from "./service-manager.ts";
import type { StateDirectory } from "./state-directory.ts";
import { Trackers } from "./trackers.ts";
import { type Parameter, parametersFor, restoreParameters } from "./vmac-parameters.ts";
import { type Listening, type ThreadNews, VrrpHandle } from "./vrrp-handle.ts";

/** The VRRP thread is given this long to resign and to take everything back. */
const STOP_TIMEOUT_MS = 3_000;

/** A configuration without errors. */
export type Usable = LoadedConfiguration & { readonly model: Model };

export interface DaemonParts {
  readonly options: RunOptions;
  readonly node: string;
  readonly loaded: Usable;
  readonly logger: Logger;
  readonly state: StateDirectory;
  readonly services: ServiceManager;
  /** The VRRP thread is lost: end with this reason. */
  readonly onLost: (reason: string) => void;
}

export class Daemon implements ControlSource {
  readonly events: EventRing;
  readonly #parts: DaemonParts;
  readonly #startedAt = new Date(performance.timeOrigin);
  readonly #notifier: Notifier;
  readonly #trackers: Trackers;
  readonly #filter: string;
  #filterStands = false;
  readonly #parameters = new Map<string, Parameter>();
  #loaded: Usable;
  #loadedAt = new Date();
  /** Undefined until it listens, and where there is no election. */
  #thread: VrrpHandle | undefined;
  #replication: Replication | undefined;
  #starting: Promise<unknown> = Promise.resolve();
  #realtimePriority: number | null = null;
  #reloading: Promise<unknown> = Promise.resolve();

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#loaded = parts.loaded;
    this.#filter = filterTable(parts.state.path);
    this.events = new EventRing(process.pid.toString(36) + Date.now().toString(36));
    this.#notifier = new Notifier(parts.logger);
    this.#trackers = new Trackers(parts.logger, (tracker, value) =>
      this.#thread?.trackerChanged(tracker, value),
    );
  }

  /** Writes the journal, starts the VRRP thread and everything that feeds it. */
  async start(): Promise<void> {
    const starting = this.#start();
    this.#starting = starting;
    try {
      await starting;
    } catch (error) {
      await this.#replication?.stop();
      this.#removeFilter();
      this.#notifier.close();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { model } = this.#loaded;
    const { state } = this.#parts;
    const { journal, problem } = state.readJournal();
    if (problem !== undefined) this.#log("daemon.journal-damaged", { path: state.path }, problem);
    await runHook(model.startupScript);
    restoreParameters(journal.parameters, (path, error) => this.#parameterStays(path, error));
    this.#rememberParameters(model);
    state.writeJournal(mergeJournals(journal, this.#journalFor(model)));
    this.#filterStands = journal.tables.includes(this.#filter);
    this.#updateFilter(model);
    this.#notifier.configure(model);
    this.#replication = await this.#startReplication(this.#loaded);
    const listening = await this.#startElection(model, journal);
    state.writeJournal(this.#journalFor(model));
    this.#trackers.configure(model);
    this.#reportStart(listening);
  }

  async #startElection(model: Model, journal: Journal): Promise<Listening | undefined> {
    if (!isElected(this.#parts.options)) return undefined;
    // An election may be won at once, and with it every connection whose flow is not here yet would be lost.
    await this.#replication?.settle();
    const { handle, listening } = await VrrpHandle.start({
      model,
      journal,
      onNews: (news) => this.#takeNews(news),
      onLost: this.#parts.onLost,
    });
    this.#thread = handle;
    this.#replication?.attach((end) => handle.connect(end));
    return listening;
  }

  async #startReplication({ replication, model }: Usable): Promise<Replication | undefined> {
    if (replication === undefined) return undefined;
    return Replication.start({
      config: replication,
      isElected: isElected(this.#parts.options),
      realtimePriority: replicationPriority(model.scheduling),
      stateDirectory: this.#parts.state.path,
      log: this.#log,
    });
  }

  /** Resigns, takes everything back, and lets the stop scripts run. */
  async stop(reason: string): Promise<void> {
    const began = performance.now();
    this.#parts.services.stopping();
    this.#log("daemon.stopping", { reason }, `stopping: ${reason}`);
    this.#trackers.stop();
    const isClean = (await this.#thread?.stop(STOP_TIMEOUT_MS)) !== false && this.#removeFilter();
    await this.#replication?.stop();
    await this.#notifier.settle();
    await runHook(this.#loaded.model.shutdownScript);
    this.#notifier.close();
    // What could not be taken back stays in the journal, for the next start to find.
    if (isClean) this.#parts.state.writeJournal(EMPTY_JOURNAL);
    const took = Math.round(performance.now() - began);
    this.#log("daemon.stopped", { took_ms: took }, `stopped after ${took} ms`);
  }

  async isAlive(): Promise<void> {
    await this.#thread?.view();
  }

  async status(): Promise<StatusView> {
    // The control socket is there before the VRRP thread: whoever asks in between gets a late answer, not a wrong one.
    await this.#starting;
    const view = (await this.#thread?.view()) ?? NOTHING_ELECTED;
    const wallMs = Date.now() - (monotonicNow() - view.at) / 1_000;
    return makeStatus({
      node: this.#nodeStatus(),
      view,
      wallMs,
      trackers: this.#trackers.status(),
      replication: await this.#replicationStatus(),
      warnings: this.#loaded.diagnostics,
    });
  }

  replication(): ReplicationCommands | undefined {
    return this.#replication;
  }

  /** The election is worth telling of even while the replication thread is being started again. */
  async #replicationStatus(): Promise<ReplicationStatus | null> {
    try {
      return (await this.#replication?.status()) ?? null;
    } catch (error) {
      if (error instanceof ReplicationSilentError) return null;
      throw error;
    }
  }

  model(): Model {
    return this.#loaded.model;
  }

  /** Reads the configuration again and applies the difference; keeps the old one when the new one has errors. */
  async reload(): Promise<ReloadResult> {
    const result = this.#reloading.then(() => this.#reloadNow());
    this.#reloading = result.catch(() => undefined);
    return result;
  }

  async resign(unit: string): Promise<ResignOutcome> {
    const { units } = await this.status();
    const found = units.find(({ name }) => name === unit);
    if (found === undefined) {
      const names = units.map(({ name }) => name).join(", ");
      const message = `there is no group or instance ${unit}; there are: ${names}`;
      return { accepted: false, code: "unknown-unit", message };
    }
    if (found.state !== "active")
      return {
        accepted: false,
        code: "not-active",
        message: `${unit} is ${found.state}, not active`,
      };
    this.#thread?.resign(unit, "an operator");
    this.#log("vrrp.resign-asked", { unit, by: "control socket" }, `${unit}: asked to resign`);
    return { accepted: true };
  }

  async #reloadNow(): Promise<ReloadResult> {
    const { services } = this.#parts;
    services.reloading(monotonicNow());
    try {
      return await this.#readAndApply();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const text = `the new configuration cannot be applied: ${reason}`;
      this.#log("config.rejected", { errors: 1 }, text);
      services.ready(text);
      throw error;
    }
  }

  async #readAndApply(): Promise<ReloadResult> {
    const { options, services, state } = this.#parts;
    const loaded = loadConfiguration(options, this.#loaded.model.routerId);
    this.logFindings(loaded);
    if (loaded.model === undefined || hasErrors(loaded.diagnostics)) {
      const errors = loaded.diagnostics.filter(({ severity }) => severity === "error").length;
      const count = errors === 1 ? "an error" : `${errors} errors`;
      const text = `the new configuration has ${count}; the earlier one stays in force`;
      this.#log("config.rejected", { errors }, text);
      services.ready(text);
      return { applied: false, diagnostics: loaded.diagnostics, changes: [] };
    }
    const before = this.#loaded.model;
    const { model } = loaded;
    const changes = [
      ...describeReload(before, model),
      ...describeReplication(this.#loaded.replication, loaded.replication),
    ];
    this.#updateFilter(model);
    this.#rememberParameters(model);
    state.writeJournal(mergeJournals(this.#journalFor(before), this.#journalFor(model)));
    const deleted = { ...before.instanceNotify, ...model.instanceNotify };
    this.#notifier.configure({ ...model, instanceNotify: deleted });
    await this.#thread?.reload(model);
    await this.#reloadReplication({ ...loaded, model });
    this.#notifier.configure(model);
    state.writeJournal(this.#journalFor(model));
    this.#loaded = { ...loaded, model };
    this.#loadedAt = new Date();
    this.#trackers.configure(model);
    const text = changes.length === 0 ? "nothing changed" : changes.join("; ");
    this.#log("config.reloaded", { changes }, `configuration reloaded: ${text}`);
    services.ready("running");
    return { applied: true, diagnostics: loaded.diagnostics, changes };
  }

  async #reloadReplication({ replication }: Usable): Promise<void> {
    if (replication === undefined) return;
    await this.#replication?.reload(replication);
  }

  /** Warnings go to the log one by one; errors too. */
  logFindings({ diagnostics }: LoadedConfiguration): void {
    for (const finding of diagnostics) {
      const { code, at, severity } = finding;
      const fields = { code, file: at.file, line: at.line, column: at.column };
      const level = severity === "error" ? "error" : "warn";
      this.#parts.logger.event("config.finding", fields, formatDiagnostic(finding), level);
    }
  }

  #journalFor(model: Model): Journal {
    const tables = wantsFilter(model.vrrp.instances) ? [this.#filter] : [];
    return journalOf(model, { tables, parameters: [...this.#parameters.values()] });
  }

  /** The VRRP thread changes these, and puts them back if it can; what they were is known here before that. */
  #rememberParameters({ vrrp }: Model): void {
    for (const parameter of parametersFor(vrrp.instances))
      if (!this.#parameters.has(parameter.path)) this.#parameters.set(parameter.path, parameter);
  }

  #parameterStays(path: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    const fields = { call: "write", subject: `sysctl ${path}`, code: "unknown" };
    this.#log("kernel.call-failed", fields, text);
  }

  /** False when the table is still there; that is told, and no reason to stop stopping. */
  #removeFilter(): boolean {
    if (!this.#filterStands) return true;
    try {
      removeFilter(this.#filter);
      this.#filterStands = false;
      return true;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const fields = { call: "delete", subject: `table ${this.#filter}`, code: "unknown" };
      this.#log("kernel.call-failed", fields, text);
      return false;
    }
  }

  #updateFilter({ vrrp }: Model): void {
    const wanted = wantsFilter(vrrp.instances);
    if (wanted) applyFilter(this.#filter, vrrp.instances);
    else if (this.#filterStands) removeFilter(this.#filter);
    this.#filterStands = wanted;
  }

  #nodeStatus(): StatusView["node"] {
    const { options, node, logger, state } = this.#parts;
    const { fencing } = this.#loaded.model.vrrp;
    return {
      name: node,
      pid: process.pid,
      version: options.version,
      startedAt: this.#startedAt.toISOString(),
      uptimeMs: Math.round(performance.now()),
      configFiles: this.#loaded.files,
      configLoadedAt: this.#loadedAt.toISOString(),
      realtime:
        this.#realtimePriority === null ? null : { policy: "rr", priority: this.#realtimePriority },
      fencing:
        fencing === undefined
          ? null
          : {
              lifetimeSeconds: fencing.lifetimeSeconds,
              renewalMs: toMilliseconds(fencing.renewal),
            },
      lateness: {
        maxUs: this.#thread?.lateness.max() ?? 0,
        p99Us: this.#thread?.lateness.percentile(99) ?? null,
      },
      droppedLogLines: logger.droppedLines(),
      stateDir: state.path,
    };
  }

  #reportStart(listening: Listening | undefined): void {
    const { options, node, loaded, services } = this.#parts;
    if (listening !== undefined) this.#reportElection(listening);
    const instances = loaded.model.vrrp.instances.length;
    const took = Math.round(performance.now());
    this.#log(
      "daemon.started",
      { version: options.version, node, pid: process.pid, instances, took_ms: took },
      `duet ${options.version} listens as ${node} with ${instances} instances after ${took} ms`,
    );
    services.ready("running");
    services.watch(() => this.isAlive());
  }

  #reportElection({ realtimePriority, realtimeRefusal, swept }: Listening): void {
    this.#realtimePriority = realtimePriority;
    if (realtimeRefusal !== null)
      this.#log(
        "daemon.realtime-refused",
        { reason: realtimeRefusal },
        `no real-time scheduling: ${realtimeRefusal}`,
      );
    if (swept.length > 0)
      this.#log(
        "daemon.leftovers-removed",
        { objects: swept },
        `removed what an earlier daemon left behind: ${swept.join(", ")}`,
      );
  }

  #takeNews(news: ThreadNews): void {
    switch (news.type) {
      case "report":
        this.#takeReport(news.report);
        break;
      case "notify":
        this.#notifier.notify(news);
        break;
      case "trouble": {
        const { call, subject, code, text } = news.trouble;
        this.#log("kernel.call-failed", { call, subject, code }, `${call} ${subject}: ${text}`);
        break;
      }
      case "interface": {
        const { interface: name, state } = news;
        this.#log(
          "kernel.interface-changed",
          { interface: name, state },
          `interface ${name} is ${state}`,
        );
        break;
      }
      case "overrun":
        this.#log(
          "kernel.overrun",
          { subject: "rtnetlink" },
          "netlink messages were lost; read everything anew",
        );
        break;
      case "unknown-vrid": {
        const { vrid, source } = news;
        this.#log(
          "vrrp.unknown-vrid",
          { vrid, source },
          `${source} advertises VRID ${vrid}, which is not configured here`,
        );
        break;
      }
    }
  }

  #takeReport(report: Report): void {
    const { logger, node } = this.#parts;
    logReport(logger, report);
    const clock = { monotonic: monotonicNow(), wallMs: Date.now() };
    this.events.append(recordReport(report, node, clock));
  }

  /** To the log and to the readers of the control socket. */
  readonly #log: LogEvent = (name, fields, text) => {
    const { logger, node } = this.#parts;
    logger.event(name, fields, text);
    const { level } = CATALOGUE[name];
    const event: NewEvent = {
      at: new Date().toISOString(),
      source: node,
      name,
      level,
      subject: null,
      text,
      data: fields,
    };
    this.events.append(event);
  };
}

/** A pair's file always has an election, conntrackd.conf alone has none. */
const isElected = ({ config, keepalived }: RunOptions): boolean =>
  config !== null || keepalived !== null;

/** What there is to say of an election that does not take place. */
const NOTHING_ELECTED: RouterView = { at: instant(0), units: [], instances: [] };

function describeReplication(
  before: ReplicationConfig | undefined,
  after: ReplicationConfig | undefined,
): readonly string[] {
  if (before === undefined || after === undefined)
    return before === after ? [] : ["replication of flows changed"];
  const text = describeReconfiguration(compareConfigs(before, after));
  return text === undefined ? [] : [text];
}

async function runHook(hook: Model["startupScript"]): Promise<void> {
  if (hook !== undefined) await runScript(hook.command, [], hook.timeout).outcome;
}
