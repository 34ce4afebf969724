/**
 * A lab that runs: its namespaces, the daemons of both routers, and hands to break and repair things with. Open one, start
 * its routers, perform acts, and close it; closing removes everything, whatever state it is in.
 */
import type { Instant } from "../base/time.ts";
import { monotonicNow } from "../kernel/clock.ts";
import { run } from "./command.ts";
import type { Act } from "./faults.ts";
import { EXIT, LabError } from "./lab-error.ts";
import { buildNamespaces, removeLeftovers, removeNamespaces } from "./namespaces.ts";
import type { Command } from "./provisioning.ts";
import {
  identifyProcess,
  isRunning,
  type ProcessIdentity,
  type RouterRecord,
  readRecord,
  removeRecord,
  writeRecord,
} from "./registry.ts";
import { RouterDaemon, type RouterOptions } from "./router-daemon.ts";
import type { TimelineEntry } from "./timeline.ts";
import {
  isLabName,
  namespaceName,
  planLab,
  ROUTER_NAMES,
  type RouterName,
  SWITCHES,
} from "./topology.ts";

export interface LabOptions {
  readonly name: string;
  readonly routers: Readonly<Record<RouterName, RouterOptions>>;
  /** Hears what the daemons say of themselves. */
  readonly tell: (entry: TimelineEntry) => void;
}

/** States of a bridge port: disabled and forwarding. */
const PORT_STATES = { blocked: 0, forwarding: 3 } as const;

export class Lab {
  readonly name: string;
  readonly routers: Readonly<Record<RouterName, RouterDaemon>>;

  /** Wall time, ISO 8601. */
  readonly #since = new Date().toISOString();

  private constructor({ name, routers, tell }: LabOptions) {
    this.name = name;
    const daemon = (router: RouterName): RouterDaemon =>
      new RouterDaemon(name, router, routers[router], tell);
    this.routers = { alpha: daemon("alpha"), beta: daemon("beta") };
  }

  /** Builds the namespaces; no daemon runs yet. Removes what dead labs left behind. Throws LabError. */
  static async open(options: LabOptions): Promise<Lab> {
    const { name } = options;
    if (!isLabName(name))
      throw new LabError(
        `"${name}" is not a lab name: use lower-case letters, digits and dashes`,
        EXIT.usage,
      );
    await removeLeftovers();
    const record = readRecord(name);
    if (record !== undefined && isRunning(record.owner))
      throw new LabError(`lab ${name} is up already: end it with \`duet lab down\``, EXIT.usage);
    const lab = new Lab(options);
    lab.#record();
    try {
      await buildNamespaces(planLab(name));
    } catch (error) {
      removeRecord(name);
      throw error;
    }
    return lab;
  }

  /** Does all of `acts` at once, and returns when the first of them began. */
  async perform(acts: readonly Act[]): Promise<Instant> {
    const startedAt = monotonicNow();
    for (const act of acts) this.#performOnDaemon(act);
    await Promise.all(acts.flatMap((act) => this.#commandsFor(act)).map(run));
    return startedAt;
  }

  /** Repairs every cable and port; what is whole stays as it is. */
  async repairNetwork(): Promise<void> {
    const repairs = ROUTER_NAMES.flatMap((router) =>
      (["lan", "wan"] as const).flatMap((side): Act[] => [
        { type: "cable", router, side, plugged: true },
        { type: "port", router, side, forwarding: true },
      ]),
    );
    await this.perform(repairs.filter(isCable));
    // A port can only forward once its link is up.
    await this.perform(repairs.filter((act) => !isCable(act)));
  }

  startRouter(router: RouterName): void {
    this.routers[router].start();
    this.#record();
  }

  /** Stops both daemons in an orderly way. */
  async stopRouters(): Promise<void> {
    await Promise.all(ROUTER_NAMES.map((router) => this.routers[router].stop()));
  }

  async close(): Promise<void> {
    await Promise.all(ROUTER_NAMES.map((router) => this.routers[router].close()));
    await removeNamespaces(this.name);
    removeRecord(this.name);
  }

  #performOnDaemon(act: Act): void {
    if (act.type === "signal") this.routers[act.router].signal(act.signal);
    if (act.type === "start") this.startRouter(act.router);
  }

  /** For other programs on this machine. */
  #record(): void {
    const router = (name: RouterName): RouterRecord => {
      const { kind, pid, socket, logFile } = this.routers[name];
      return { daemon: kind, pid: pid ?? null, socket, log: logFile };
    };
    writeRecord({
      name: this.name,
      owner: identifyProcess(process.pid) as ProcessIdentity,
      since: this.#since,
      routers: { alpha: router("alpha"), beta: router("beta") },
    });
  }

  /** A switch calls its ports by what is plugged into them. */
  #commandsFor(act: Act): Command[] {
    if (act.type !== "cable" && act.type !== "port") return [];
    const namespace = namespaceName(this.name, SWITCHES[act.side]);
    const port = ["-n", namespace, "link", "set", "dev", act.router];
    if (act.type === "cable") return [{ argv: ["ip", ...port, act.plugged ? "up" : "down"] }];
    // ip-link accepts the state of a bridge port and ignores it; bridge(8) obeys.
    const state = act.forwarding ? PORT_STATES.forwarding : PORT_STATES.blocked;
    return [{ argv: ["bridge", ...port, "state", String(state)] }];
  }
}

const isCable = ({ type }: Act): boolean => type === "cable";
