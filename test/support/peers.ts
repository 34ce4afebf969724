/**
 * The daemons that the interop tests put beside each other. Each runs in a namespace with folders of its own, so that
 * neither a keepalived or FRR of this machine nor another test is touched, and is ended by its process id.
 */
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ControlClient } from "../../src/control/client.ts";
import { until } from "./interop-waiting.ts";
import { isRoot, type TestNamespace } from "./netns.ts";

export type PeerKind = "duet" | "keepalived" | "frr";

const DUET = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const FRR_FOLDER = "/usr/lib/frr";

/** What each kind needs on this machine, and the Debian package that brings it. */
const NEEDED: Readonly<
  Record<PeerKind | "tshark" | "dnsmasq" | "nft", { readonly file: string; readonly apt: string }>
> = {
  duet: { file: DUET, apt: "" },
  keepalived: { file: "/usr/sbin/keepalived", apt: "keepalived" },
  frr: { file: `${FRR_FOLDER}/vrrpd`, apt: "frr" },
  tshark: { file: "/usr/bin/tshark", apt: "tshark" },
  dnsmasq: { file: "/usr/sbin/dnsmasq", apt: "dnsmasq-base" },
  nft: { file: "/usr/sbin/nft", apt: "nftables" },
};

/**
 * Why tests with these programs cannot run here; undefined when they can. Where CI is set nothing may be missing, and this
 * throws instead: a test that quietly does not run proves nothing.
 */
export function missingFor(...kinds: readonly (keyof typeof NEEDED)[]): string | undefined {
  const lacking = kinds.filter((kind) => !existsSync(NEEDED[kind].file));
  const packages = lacking.map((kind) => NEEDED[kind].apt).filter((name) => name !== "");
  const advice = [
    ...(isRoot ? [] : ["run as root"]),
    ...(packages.length > 0 ? [`apt-get install ${packages.join(" ")}`] : []),
    ...(lacking.includes("duet") ? ["npm run build"] : []),
  ];
  if (advice.length === 0) return undefined;
  const reason = `needs: ${advice.join(", ")}`;
  if (process.env["CI"] !== undefined) throw new Error(`interop ${reason}`);
  return reason;
}

/** Longest time that a daemon may take to start or to end on a busy machine. */
const PATIENCE_MS = 20_000;

/** A daemon with its standard output and error, read together. */
export abstract class Peer {
  abstract readonly kind: PeerKind;
  readonly namespace: TestNamespace;
  protected readonly folder: string;
  readonly #children: ChildProcess[] = [];
  #log = "";

  /** `folder` is made, and emptied of what an earlier run left. */
  constructor(namespace: TestNamespace, folder: string) {
    this.namespace = namespace;
    this.folder = folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }

  /** Starts it on a configuration in its own language; resolves when it listens to its neighbour. */
  abstract start(config: string): Promise<void>;

  /** What it says against the packets of its neighbour: empty when both understand each other. */
  abstract complaints(): Promise<readonly string[]>;

  /** Everything it has written, for error messages. */
  get log(): string {
    return this.#log;
  }

  /** Process id of the daemon itself. */
  get pid(): number {
    return this.#children.at(-1)?.pid ?? 0;
  }

  /** SIGTERM, and waits until every process has ended: the last one started first. */
  async terminate(): Promise<void> {
    for (const child of this.#children.splice(0).toReversed()) {
      child.kill("SIGTERM");
      // oxlint-disable-next-line no-await-in-loop -- zebra must outlive vrrpd
      await this.#ended(child);
    }
  }

  /** Kills without a warning. */
  kill(): void {
    for (const child of this.#children.splice(0)) child.kill("SIGKILL");
  }

  signal(signal: NodeJS.Signals): void {
    this.#children.at(-1)?.kill(signal);
  }

  protected run(program: string, ...words: readonly string[]): void {
    const child = this.namespace.spawn(program, ...words);
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (this.#log += chunk.toString()));
    this.#children.push(child);
  }

  protected file(name: string): string {
    return path.join(this.folder, name);
  }

  protected async says(pattern: RegExp, from = 0): Promise<void> {
    await until(() => pattern.test(this.#log.slice(from)), {
      what: () => `${this.kind} says ${pattern.source}; it said:\n${this.#log}`,
      ms: PATIENCE_MS,
    });
  }

  async #ended(child: ChildProcess): Promise<void> {
    await until(() => child.exitCode !== null || child.signalCode !== null, {
      what: () => `${this.kind} ends; it said:\n${this.#log}`,
      ms: PATIENCE_MS,
    });
  }
}

class DuetPeer extends Peer {
  readonly kind = "duet";

  async start(config: string): Promise<void> {
    const from = this.log.length;
    writeFileSync(this.file("keepalived.conf"), config);
    const places = ["--socket", this.file("duet.sock"), "--state-dir", this.file("state")];
    const input = ["--keepalived", this.file("keepalived.conf")];
    this.run(process.execPath, DUET, "run", ...input, ...places);
    await this.says(/listens as/, from);
  }

  async complaints(): Promise<readonly string[]> {
    const { instances } = await new ControlClient(this.file("duet.sock")).status();
    return instances.flatMap(({ name, counters }) =>
      Object.entries(counters.refused).map(([reason, count]) => `${name}: ${reason} ${count}`),
    );
  }
}

class KeepalivedPeer extends Peer {
  readonly kind = "keepalived";

  async start(config: string): Promise<void> {
    const from = this.log.length;
    writeFileSync(this.file("keepalived.conf"), config);
    // Its statistics always go to /tmp: a mount of its own makes that a folder of its own.
    const start = 'mount --bind "$0" /tmp && exec keepalived "$@"';
    const how = ["--dont-fork", "--log-console", "--log-detail", "--vrrp"];
    const files = ["-f", "/tmp/keepalived.conf", "-p", "/tmp/parent.pid", "-r", "/tmp/vrrp.pid"];
    this.run("sh", "-c", start, this.folder, ...how, ...files);
    await this.says(/\) Entering (BACKUP|MASTER|FAULT) STATE/, from);
  }

  async complaints(): Promise<readonly string[]> {
    const statistics = await this.#statistics();
    const errors = statistics.match(/(Packet|Authentication) Errors:\n(\s{4,}.*\n)+/g) ?? [];
    const counted = errors.flatMap((section) =>
      section.split("\n").filter((line) => /: [1-9]/.test(line)),
    );
    const logged = this.log
      .split("\n")
      .filter((line) => /checksum|invalid|bogus|mismatch|truncated|wrong/i.test(line));
    return [...counted, ...logged].map((line) => line.trim());
  }

  async #statistics(): Promise<string> {
    const file = this.file("keepalived.stats");
    rmSync(file, { force: true });
    process.kill(Number(readFileSync(this.file("vrrp.pid"), "utf8")), "SIGUSR2");
    const read = (): string => (existsSync(file) ? readFileSync(file, "utf8") : "");
    await until(() => /Priority Zero:\n.*\n.*\n/.test(read()), {
      what: () => `keepalived writes its statistics`,
      ms: PATIENCE_MS,
    });
    return read();
  }
}

class FrrPeer extends Peer {
  readonly kind = "frr";

  async start(config: string): Promise<void> {
    const from = this.log.length;
    writeFileSync(this.file("vrrpd.conf"), config);
    writeFileSync(this.file("zebra.conf"), "");
    // Both give up root for the user frr, who must be able to write here.
    this.namespace.exec("chown", "-R", "frr:frr", this.folder);
    this.#daemon("zebra");
    await this.says(/starting: vty/, from);
    this.#daemon("vrrpd");
    await this.says(/Initialize -> Backup/, from);
  }

  complaints(): Promise<readonly string[]> {
    const lines = this.log.split("\n");
    return Promise.resolve(lines.filter((line) => /invalid|mismatch|discard|checksum/i.test(line)));
  }

  #daemon(name: string): void {
    const places = ["-z", this.file("zserv.sock"), "--vty_socket", this.folder];
    const files = ["-i", this.file(`${name}.pid`), "-f", this.file(`${name}.conf`)];
    const rest = ["-A", "127.0.0.1", "--log", "stdout", "--log-level", "informational"];
    this.run(`${FRR_FOLDER}/${name}`, ...places, ...files, ...rest);
  }
}

const KINDS = { duet: DuetPeer, keepalived: KeepalivedPeer, frr: FrrPeer } as const;

export function createPeer(kind: PeerKind, namespace: TestNamespace, folder: string): Peer {
  return new KINDS[kind](namespace, folder);
}
