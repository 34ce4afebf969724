/**
 * Daemons that replicate flows, Duet and the real conntrackd, on two routers with a dedicated link. Both read the same file
 * and answer the same client, which is conntrackd's own.
 */
import { type ChildProcess, execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { until } from "./interop-waiting.ts";
import { isRoot, type TestNamespace } from "./netns.ts";

export type ReplicatorKind = "duet" | "conntrackd";
export type ReplicatorName = "alpha" | "beta";

const DUET = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const CONNTRACKD = "/usr/sbin/conntrackd";
const PATIENCE_MS = 20_000;
const run = promisify(execFile);

/** Why tests beside conntrackd cannot run here; undefined when they can. Where CI is set this throws instead. */
export function missingConntrackd(): string | undefined {
  const advice = [
    ...(isRoot ? [] : ["run as root"]),
    ...(existsSync(CONNTRACKD) ? [] : ["apt-get install conntrackd"]),
    ...(existsSync("/usr/sbin/conntrack") ? [] : ["apt-get install conntrack"]),
    ...(existsSync(DUET) ? [] : ["npm run build"]),
  ];
  if (advice.length === 0) return undefined;
  const reason = `needs: ${advice.join(", ")}`;
  if (process.env["CI"] !== undefined) throw new Error(`interop ${reason}`);
  return reason;
}

export interface ReplicationSettings {
  /** A mode with its options. */
  readonly mode?: string;
  /** Further lines of Sync. */
  readonly sync?: string;
  /** Further lines of General. */
  readonly general?: string;
  /** Dedicated links instead of the one over UDP, seen from the router with the address 10.255.N.`own` on link N. */
  readonly links?: (own: number, other: number) => string;
}

/** Last part of a router's address on every dedicated link. */
const HOST: Readonly<Record<ReplicatorName, number>> = { alpha: 1, beta: 2 };

/** A link over UDP or TCP on interface "sync" (number 0) or "sync1". */
export const unicastLink = (
  [own, other]: readonly [number, number],
  { transport = "UDP", number = 0 }: { readonly transport?: string; readonly number?: number } = {},
): string => `${transport} {
    IPv4_address 10.255.${number}.${own}
    IPv4_Destination_Address 10.255.${number}.${other}
    Port ${3_780 + number}
    Interface sync${number === 0 ? "" : number}
    SndSocketBuffer 1249280
    RcvSocketBuffer 1249280
    Checksum on
  }`;

/** conntrackd.conf of one router; its socket and lock file are in `folder`. */
function replicationConf(
  name: ReplicatorName,
  folder: string,
  { mode = "Mode FTFW { }", sync = "", general = "", ...given }: ReplicationSettings,
): string {
  const own = HOST[name];
  const { links = (mine: number, theirs: number) => unicastLink([mine, theirs]) } = given;
  return `Sync {
  ${mode}
  ${links(own, 3 - own)}
  ${sync}
}
General {
  HashSize 32768
  HashLimit 131072
  LockFile ${path.join(folder, "conntrackd.lock")}
  UNIX { Path ${path.join(folder, "conntrackd.ctl")} }
  NetlinkBufferSize 2097152
  NetlinkBufferSizeMaxGrowth 8388608
  Filter From Userspace {
    Address Ignore { IPv4_address 127.0.0.1 IPv4_address 10.255.0.0/16 }
  }
  ${general}
}
`;
}

export class Replicator {
  readonly kind: ReplicatorKind;
  readonly name: ReplicatorName;
  readonly namespace: TestNamespace;
  readonly folder: string;
  #child: ChildProcess | undefined;
  #log = "";

  constructor(kind: ReplicatorKind, name: ReplicatorName, namespace: TestNamespace) {
    this.kind = kind;
    this.name = name;
    this.namespace = namespace;
    this.folder = mkdtempSync(path.join(tmpdir(), "duet-repl-"));
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What it has said on its standard output and error. */
  get log(): string {
    return this.#log;
  }

  get configFile(): string {
    return path.join(this.folder, "conntrackd.conf");
  }

  /** Duet's own control socket. */
  get socket(): string {
    return path.join(this.folder, "duet.sock");
  }

  /** Resolves when it answers its client. `keepalived` is a file for Duet's election. */
  async start(settings: ReplicationSettings = {}, keepalived?: string): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.configFile, replicationConf(this.name, this.folder, settings));
    for (const leftover of ["conntrackd.ctl", "conntrackd.lock"])
      rmSync(path.join(this.folder, leftover), { force: true });
    const child = this.namespace.spawn(...this.#command(keepalived));
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (this.#log += chunk.toString()));
    const isUp = (): boolean => {
      if (child.exitCode !== null) throw new Error(`${this.kind} ended: ${this.#log}`);
      return existsSync(path.join(this.folder, "conntrackd.ctl")) && this.#answers();
    };
    await until(isUp, { what: () => `${this.kind} answers: ${this.#log}`, ms: PATIENCE_MS });
  }

  /** Asks it with conntrackd's client, such as `ask("-e")`. */
  ask(...words: readonly string[]): string {
    return this.namespace.exec(CONNTRACKD, "-C", this.configFile, ...words);
  }

  /** Lines of `-i` or `-e`, without what depends on the time of the look; sorted. */
  flows(which: "internal" | "external", table: "ct" | "expect" = "ct"): string[] {
    const text = this.ask(which === "internal" ? "-i" : "-e", table);
    return timeless(text);
  }

  /** `duet flows` with further words; Duet only. */
  async duet(...words: readonly string[]): Promise<string> {
    const all = [DUET, "flows", ...words, "--socket", this.socket];
    return (await run(process.execPath, all, { encoding: "utf8", maxBuffer: 1 << 28 })).stdout;
  }

  /** The value of a counter of `-s`, such as `lost`. */
  counter(label: RegExp, ...topic: readonly string[]): number {
    const text = this.ask("-s", ...topic);
    const value = label.exec(text)?.[1];
    if (value === undefined) throw new Error(`no ${label.source} in:\n${text}`);
    return Number(value);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it and waits for that. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill(signal);
    await until(() => child.exitCode !== null || child.signalCode !== null, {
      what: () => `${this.kind} ends: ${this.#log}`,
      ms: PATIENCE_MS,
    });
  }

  close(): void {
    this.#child?.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  #command(keepalived: string | undefined): [string, ...string[]] {
    if (this.kind === "conntrackd") return [CONNTRACKD, "-C", this.configFile];
    const places = ["--socket", this.socket, "--state-dir", path.join(this.folder, "state")];
    const election = keepalived === undefined ? [] : ["--keepalived", keepalived];
    const input = ["--conntrackd", this.configFile, ...election];
    return [process.execPath, DUET, "run", ...input, ...places];
  }

  #answers(): boolean {
    try {
      this.ask("-s");
      return true;
    } catch {
      return false;
    }
  }
}

/** Lines of a listing without ages, sorted. */
export const timeless = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.replaceAll(/\s*\[(active since|expires in) \d+s\]/g, "").trim())
    .filter((line) => line !== "")
    .toSorted();

/** What `conntrack -L` prints, one line each. */
export const kernelFlows = (namespace: TestNamespace, ...words: readonly string[]): string[] =>
  namespace
    .exec("conntrack", "-L", ...words)
    .split("\n")
    .filter((line) => line !== "");

/** Loads many entries into the kernel in one process; each is the words of one `conntrack -I`. */
export const loadFlows = (namespace: TestNamespace, entries: readonly string[]): void =>
  loadIntoNamespace(namespace.name, entries);

const CHUNK = 2_000;
const CHUNK_EACH_MS = 100;

/** The same at 20 000 a second, which a daemon on a busy machine can follow. */
export async function loadSlowly(namespace: string, entries: readonly string[]): Promise<void> {
  for (let at = 0; at < entries.length; at += CHUNK) {
    loadIntoNamespace(namespace, entries.slice(at, at + CHUNK));
    // oxlint-disable-next-line no-await-in-loop -- the pauses are the point
    await sleep(CHUNK_EACH_MS);
  }
}

function loadIntoNamespace(namespace: string, entries: readonly string[]): void {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-flows-"));
  const file = path.join(folder, "flows");
  writeFileSync(file, `${entries.map((entry) => `-I ${entry}`).join("\n")}\n`);
  execFileSync("ip", ["netns", "exec", namespace, "conntrack", "--load-file", file]);
  rmSync(folder, { recursive: true });
}

/** Of a line of `-i` what `-e` shows as well: not the reply, of which only the flags behind it stay. */
const withoutReply = (line: string): string => {
  const [, before = "", rest = ""] = /^(.*?src=.*?)(?= src=| \[UNREPLIED\])(.*)$/.exec(line) ?? [];
  const flags = rest.match(/\[(ASSURED|OFFLOAD)\]|(mark|zone|helper)=\S+/g) ?? [];
  const tuple = before === "" ? line : before;
  return [tuple, ...flags.filter((flag) => flag !== "mark=0")].join(" ");
};

/** What both ends of a flow show of it: `-i` without the reply and what the kernel of one side alone says. */
export const commonToBoth = (lines: readonly string[]): string[] =>
  lines.map((line) => withoutReply(line).replace(/ \[UNREPLIED\]| mark=0(?= |$)/g, "")).toSorted();

/** The lines that only one of two listings has, a few of each; empty when they are equal. */
export function difference(left: readonly string[], right: readonly string[]): string[] {
  const [inLeft, inRight] = [new Set(left), new Set(right)];
  const [lost, extra] = [
    left.filter((line) => !inRight.has(line)),
    right.filter((line) => !inLeft.has(line)),
  ];
  const few = (sign: string, lines: readonly string[]): string[] =>
    lines.slice(0, 5).map((line) => `${sign} ${line} (one of ${lines.length})`);
  return [...few("-", lost), ...few("+", extra)];
}
