/** The failover daemon of one router: Duet or, for comparison, keepalived, started the way its manual says. */
import type { ChildProcess } from "node:child_process";
import {
  createWriteStream,
  mkdirSync,
  readFileSync,
  type WriteStream,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { monotonicNow } from "../kernel/clock.ts";
import { eachLine, ended, spawnInside } from "./child.ts";
import { fromWall } from "./clock.ts";
import { conntrackdConf } from "./conntrackd-conf.ts";
import { type DaemonKind, readDaemonLine } from "./daemon-log.ts";
import { EXIT, LabError } from "./lab-error.ts";
import { signalTree } from "./process-tree.ts";
import { labFolder } from "./registry.ts";
import type { TimelineEntry } from "./timeline.ts";
import { namespaceName, type RouterName } from "./topology.ts";

export interface RouterOptions {
  readonly daemon: DaemonKind;
  /** A keepalived.conf, used where it is and as it is; or, for Duet, the file of a pair, with the ending .yaml. */
  readonly configFile: string;
  /**
   * A conntrackd.conf, written for alpha; beta gets it turned round. Duet reads it itself, beside keepalived runs
   * conntrackd, which the scripts of keepalived.conf must call. Without it no connections are replicated.
   */
  readonly conntrackdFile?: string;
}

/** Where the conntrackd.conf is that a router of the lab runs on. */
export const conntrackdFileOf = (lab: string, router: RouterName): string =>
  path.join(labFolder(lab), router, "conntrackd.conf");

/** Runs keepalived and conntrackd as one: they are stopped together, and signalled together by process tree. */
const WITH_CONNTRACKD = `rm -f "$1/conntrackd.lock" "$1/conntrackd.ctl"
setpriv --pdeathsig KILL conntrackd -C "$1/conntrackd.conf" & replicator=$!
while ! test -S "$1/conntrackd.ctl" && kill -0 $replicator; do sleep 0.05; done
shift
setpriv --pdeathsig KILL "$@" & elector=$!
trap 'kill -TERM $elector; wait $elector; kill -TERM $replicator' TERM
wait; wait`;

/** The command line program, from src/lab in a checkout as well as from dist/lab. */
export const DUET_PROGRAM: string = fileURLToPath(
  new URL("../../dist/cli/main.js", import.meta.url),
);

/** An orderly stop takes keepalived a second, in which it resigns. */
const STOP_MS = 4_000;

export class RouterDaemon {
  readonly router: RouterName;
  readonly #lab: string;
  readonly #options: RouterOptions;
  readonly #tell: (entry: TimelineEntry) => void;
  #child: ChildProcess | undefined;
  #log: WriteStream | undefined;
  #lastLine = "";
  #isEndExpected = false;

  constructor(
    lab: string,
    router: RouterName,
    options: RouterOptions,
    tell: (entry: TimelineEntry) => void,
  ) {
    this.#lab = lab;
    this.router = router;
    this.#options = options;
    this.#tell = tell;
  }

  get kind(): DaemonKind {
    return this.#options.daemon;
  }

  /** Whether the connections through it are meant to survive it. */
  get replicates(): boolean {
    return this.#options.conntrackdFile !== undefined;
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return undefined;
    return child.pid;
  }

  /** Its control socket, if it is one that has one. */
  get socket(): string {
    return path.join(this.#folder, "duet.sock");
  }

  /** The last thing it wrote, for error messages. */
  get lastLine(): string {
    return this.#lastLine;
  }

  get logFile(): string {
    return path.join(this.#folder, "daemon.log");
  }

  start(): void {
    if (this.pid !== undefined) throw new LabError(`${this.router} runs already`, EXIT.usage);
    mkdirSync(this.#folder, { recursive: true });
    this.#log ??= createWriteStream(this.logFile, { flags: "a" });
    this.#isEndExpected = false;
    this.#writeConntrackdConf();
    const child = spawnInside({
      namespace: namespaceName(this.#lab, this.router),
      argv: this.#commandLine(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null) eachLine(stream, this.#read);
    child.once("error", (error) => {
      this.#say("bad", `${this.kind} cannot be started: ${error.message}`);
    });
    child.once("exit", (code, signal) => {
      if (this.#isEndExpected || child !== this.#child) return;
      const how = signal ?? `exit status ${code ?? 0}`;
      this.#say("bad", `${this.kind} ended by itself (${how}): ${this.#lastLine}`);
    });
  }

  /** Sends a signal to all its processes at once. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid === undefined) throw new LabError(`${this.router} does not run`, EXIT.usage);
    if (signal === "SIGKILL" || signal === "SIGTERM") this.#isEndExpected = true;
    // keepalived's parent passes an orderly stop on to its children itself.
    if (signal === "SIGTERM") process.kill(pid, signal);
    else signalTree(pid, signal);
  }

  /** Stops it in an orderly way, and by force if that takes too long. Resolves when it has ended. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.pid === undefined) return;
    this.signal("SIGCONT");
    this.signal("SIGTERM");
    const force = setTimeout(() => {
      this.kill();
    }, STOP_MS);
    await ended(child);
    clearTimeout(force);
  }

  /** Ends it at once. Harmless when it does not run. */
  kill(): void {
    if (this.pid !== undefined) this.signal("SIGKILL");
  }

  async close(): Promise<void> {
    this.kill();
    if (this.#child !== undefined) await ended(this.#child);
    this.#log?.end();
    this.#log = undefined;
  }

  get #folder(): string {
    return path.join(labFolder(this.#lab), this.router);
  }

  #commandLine(): string[] {
    const { configFile } = this.#options;
    const file = (name: string): string => path.join(this.#folder, name);
    if (this.kind === "keepalived") {
      const how = ["--dont-fork", "--log-console", "--vrrp", "--use-file", configFile];
      const pids = ["--pid", file("keepalived.pid"), "--vrrp_pid", file("vrrp.pid")];
      const keepalived = ["keepalived", ...how, ...pids];
      if (!this.replicates) return keepalived;
      return ["sh", "-c", WITH_CONNTRACKD, "sh", this.#folder, ...keepalived];
    }
    const conntrackd = this.replicates
      ? ["--conntrackd", conntrackdFileOf(this.#lab, this.router)]
      : [];
    const kind = configFile.endsWith(".yaml") ? "--config" : "--keepalived";
    const input = [kind, configFile, ...conntrackd, "--node", this.router];
    const places = ["--socket", this.socket, "--state-dir", file("state")];
    return [process.execPath, DUET_PROGRAM, "run", ...input, ...places, "--log-format", "json"];
  }

  #writeConntrackdConf(): void {
    const { conntrackdFile } = this.#options;
    if (conntrackdFile === undefined) return;
    const text = conntrackdConf(readFileSync(conntrackdFile, "utf8"), this.router, this.#folder);
    writeFileSync(conntrackdFileOf(this.#lab, this.router), text);
  }

  readonly #read = (line: string): void => {
    this.#log?.write(`${line}\n`);
    this.#lastLine = line;
    const word = readDaemonLine(this.kind, line);
    if (word === undefined) return;
    const at = word.wallMs === undefined ? monotonicNow() : fromWall(word.wallMs);
    this.#tell({ at, source: this.router, kind: word.kind, text: word.text });
  };

  #say(kind: TimelineEntry["kind"], text: string): void {
    this.#tell({ at: monotonicNow(), source: this.router, kind, text });
  }
}
