/** Daemons under test: `duet run` as users start it, in a namespace, with files of its own and its control socket. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ControlClient } from "../../src/control/client.ts";
import type {
  EventRecord,
  InstanceStatus,
  StatusView,
  UnitStatus,
} from "../../src/control/contract.ts";
import type { TestNamespace } from "./netns.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const POLL_MS = 20;
/** Generous: two busy cores, several daemons. Outcomes are exact, bounds are not. */
const PATIENCE_MS = 30_000;
const EVENTS_MAX = 1_000;

export interface DaemonOptions {
  /** Text of keepalived.conf; `@DIR@` stands for the daemon's own folder. Without it there is no election. */
  readonly config?: string;
  /** Text of conntrackd.conf, likewise; without it nothing is replicated. */
  readonly conntrackd?: string;
  /** Text of the pair's file, likewise, instead of the two. */
  readonly pair?: string;
  /** Further words of the command line. */
  readonly words?: readonly string[];
  /** Words before the program, such as setpriv and its options. */
  readonly through?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A folder to share with another daemon; otherwise one is made. */
  readonly folder?: string;
  /** False leaves stderr unread, as a hanging log reader would. */
  readonly readLog?: boolean;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const running = new Set<TestDaemon>();
const folders = new Set<string>();

/** A folder in /tmp that is removed by `stopAll`. */
export function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-test-"));
  folders.add(folder);
  return folder;
}

/** Ends every daemon that still runs and removes what they wrote. Call it after each test. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((daemon) => daemon.kill()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/** Asks again and again until `ask` gives something else than undefined or false; fails with what it waited for. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs: number = PATIENCE_MS,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  // oxlint-disable no-await-in-loop -- one question after the other is the point
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > until) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await pause(POLL_MS);
  }
  // oxlint-enable no-await-in-loop
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

export class TestDaemon {
  readonly folder: string;
  readonly configFile: string;
  readonly conntrackdFile: string;
  readonly pairFile: string;
  readonly socket: string;
  readonly stateDir: string;
  readonly client: ControlClient;
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #log = "";

  constructor(namespace: TestNamespace, options: DaemonOptions) {
    const { words = [], through = [], environment = {}, readLog = true } = options;
    this.folder = options.folder ?? newFolder();
    this.configFile = path.join(this.folder, "keepalived.conf");
    this.conntrackdFile = path.join(this.folder, "conntrackd.conf");
    this.pairFile = path.join(this.folder, "duet.yaml");
    this.socket = path.join(this.folder, "duet.sock");
    this.stateDir = path.join(this.folder, "state");
    this.client = new ControlClient(this.socket, { timeoutMs: PATIENCE_MS });
    mkdirSync(this.folder, { recursive: true });
    const own = ["--socket", this.socket];
    if (options.config !== undefined) {
      this.configure(options.config);
      own.push("--keepalived", this.configFile);
    }
    if (options.conntrackd !== undefined) {
      this.configureReplication(options.conntrackd);
      own.push("--conntrackd", this.conntrackdFile);
    }
    if (options.pair !== undefined) {
      this.configurePair(options.pair);
      own.push("--config", this.pairFile);
    }
    const command = [process.execPath, PROGRAM, "run", ...own, "--state-dir", this.stateDir];
    // ip and setpriv become the program that they start: its process id is the child's.
    this.#child = spawn("ip", ["netns", "exec", namespace.name, ...through, ...command, ...words], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...environment },
    });
    if (readLog)
      this.#child.stderr?.on("data", (chunk: Buffer) => {
        this.#log += chunk.toString("utf8");
      });
    running.add(this);
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        running.delete(this);
        resolve({ code, signal });
      });
      // Nobody reads the log to its end, so the pipe would never close.
      if (!readLog) this.#child.once("exit", (code, signal) => resolve({ code, signal }));
    });
  }

  /** Starts a daemon and waits until it answers. */
  static async start(namespace: TestNamespace, options: DaemonOptions): Promise<TestDaemon> {
    const daemon = new TestDaemon(namespace, options);
    await daemon.answers();
    return daemon;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the daemon was not started");
    return this.#child.pid;
  }

  /** What it wrote to stderr so far. */
  get log(): string {
    return this.#log;
  }

  configure(config: string): void {
    writeFileSync(this.configFile, config.replaceAll("@DIR@", this.folder));
  }

  configureReplication(config: string): void {
    writeFileSync(this.conntrackdFile, config.replaceAll("@DIR@", this.folder));
  }

  configurePair(config: string): void {
    writeFileSync(this.pairFile, config.replaceAll("@DIR@", this.folder));
  }

  /** Waits until the control socket answers; fails with the log if the daemon ends instead. */
  async answers(): Promise<StatusView> {
    return eventually("the control socket", async () => {
      const { exitCode, signalCode } = this.#child;
      if (exitCode !== null || signalCode !== null)
        throw new Error(`the daemon ended with ${exitCode ?? signalCode}:\n${this.log}`);
      try {
        return await this.client.status();
      } catch {
        return undefined;
      }
    });
  }

  async unit(name: string): Promise<UnitStatus> {
    const { units } = await this.client.status();
    const unit = units.find((one) => one.name === name);
    if (unit === undefined) throw new Error(`there is no unit ${name}`);
    return unit;
  }

  async instance(name: string): Promise<InstanceStatus> {
    const { instances } = await this.client.status();
    const instance = instances.find((one) => one.name === name);
    if (instance === undefined) throw new Error(`there is no instance ${name}`);
    return instance;
  }

  /**
   * Waits until the unit is in `state`; for "active" until it has told of that, which it does when its connections are in the
   * kernel and its addresses on the interfaces.
   */
  async becomes(name: string, state: UnitStatus["state"]): Promise<UnitStatus> {
    try {
      return await eventually(`${name} to be ${state}`, async () => {
        const unit = await this.unit(name);
        return (
          unit.state === state && (state !== "active" || (await this.#isInstalled(name))) && unit
        );
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${reason}; the log:\n${this.log}`, { cause: error });
    }
  }

  /** A unit that came into being by a reload never told of a transition. */
  async #isInstalled(unit: string): Promise<boolean> {
    const all = await this.events("vrrp.transition");
    const last = all.findLast(({ subject }) => subject === unit);
    return last === undefined || (last.data as { readonly to: string }).to === "active";
  }

  async events(name?: string): Promise<readonly EventRecord[]> {
    const { events } = await this.client.events(EVENTS_MAX);
    return name === undefined ? events : events.filter((event) => event.name === name);
  }

  /** Waits for an event of that name whose text matches. */
  async event(name: string, text: RegExp = /(?:)/): Promise<EventRecord> {
    return eventually(`event ${name} ${text}`, async () =>
      (await this.events(name)).find((event) => text.test(event.text)),
    );
  }

  /** Writes a new configuration, sends SIGHUP and waits until it is in force or rejected. */
  async reload(config: string): Promise<EventRecord> {
    this.configure(config);
    return this.#reload();
  }

  /** The same for conntrackd.conf. */
  async reloadReplication(config: string): Promise<EventRecord> {
    this.configureReplication(config);
    return this.#reload();
  }

  /** The same for the pair's file. */
  async reloadPair(config: string): Promise<EventRecord> {
    this.configurePair(config);
    return this.#reload();
  }

  async #reload(): Promise<EventRecord> {
    const count = (await this.#reloads()).length;
    this.signal("SIGHUP");
    return eventually("the reload", async () => (await this.#reloads())[count]);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  async ended(): Promise<Ended> {
    return this.#ended;
  }

  /** SIGTERM, and the end. */
  async stop(): Promise<Ended> {
    this.signal("SIGTERM");
    return this.#ended;
  }

  /** SIGKILL, and the end; nothing happens when it has ended. */
  async kill(): Promise<Ended> {
    this.#child.kill("SIGKILL");
    return this.#ended;
  }

  async #reloads(): Promise<readonly EventRecord[]> {
    const events = await this.events();
    return events.filter(({ name }) => name === "config.reloaded" || name === "config.rejected");
  }
}
