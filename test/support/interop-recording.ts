/** What was on the wire, recorded with dumpcap and read with tshark, a judge that belongs to neither side. */
import type { ChildProcess } from "node:child_process";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "./interop-waiting.ts";
import type { TestNamespace } from "./netns.ts";

/** Advertisements, and what announces addresses; not the noise of clients. */
const CAPTURE_FILTER = "ip proto 112 or ip proto 51 or ip6 proto 112 or arp or icmp6";
const FIELDS = [
  "frame.time_epoch",
  "ip.src",
  "ipv6.src",
  "vrrp.virt_rtr_id",
  "vrrp.prio",
  "vrrp.checksum.status",
  "ah.sequence",
  "_ws.expert.severity",
  "_ws.expert.message",
  "_ws.malformed",
  "_ws.col.Info",
] as const;
type Field = (typeof FIELDS)[number];
type Row = Readonly<Record<Field, string>>;

/** Wireshark's PI_ERROR. Warnings are about taste: it warns of every password, for one. */
const SEVERITY_ERROR = 0x0080_0000;
const CHECKSUM_GOOD = "1";
/** How long a router may take to hear, with both cores busy and the neighbour's hardware address unknown. */
export const CROSSING_SECONDS = 1;
/** The kernel hands packets to dumpcap in blocks, a fraction of a second apart; those of a block that is not full would be lost. */
const FLUSH_MS = 600;
const PATIENCE_MS = 20_000;

export interface RecordedAdvertisement {
  /** Seconds since 1970. */
  readonly at: number;
  readonly source: string;
  readonly vrid: number;
  readonly priority: number;
}

export class Recording {
  readonly #namespace: TestNamespace;
  readonly #device: string;
  readonly #file: string;
  #child: ChildProcess | undefined;

  constructor(namespace: TestNamespace, device: string, file: string) {
    this.#namespace = namespace;
    this.#device = device;
    this.#file = file;
  }

  /** Resolves when dumpcap is listening. */
  async start(): Promise<void> {
    const words = ["-q", "-i", this.#device, "-f", CAPTURE_FILTER, "-w", this.#file];
    this.#child = this.#namespace.spawn("dumpcap", ...words);
    let said = "";
    this.#child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await until(() => said.includes("File:"), { what: () => `dumpcap: ${said}`, ms: PATIENCE_MS });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    await sleep(FLUSH_MS);
    child.kill("SIGINT");
    await until(() => child.exitCode !== null || child.signalCode !== null, {
      what: () => "dumpcap ends",
      ms: PATIENCE_MS,
    });
  }

  /** Ends the recording and reads it. */
  async read(): Promise<Wire> {
    await this.stop();
    if (!existsSync(this.#file)) throw new Error(`nothing was recorded on ${this.#device}`);
    const fields = FIELDS.flatMap((field) => ["-e", field]);
    const output = execFileSync(
      "tshark",
      ["-n", "-r", this.#file, "-o", "ip.check_checksum:TRUE", "-T", "fields", ...fields],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 64 * 1024 * 1024 },
    );
    return new Wire(
      output
        .split("\n")
        .filter((line) => line !== "")
        .map(readRow),
    );
  }
}

/** A recording that has ended. */
export class Wire {
  readonly advertisements: readonly RecordedAdvertisement[];
  /** Frames that tshark calls malformed, of wrong checksum or in error, as it describes them. */
  readonly faults: readonly string[];
  readonly #rows: readonly Row[];

  constructor(rows: readonly Row[]) {
    this.#rows = rows;
    this.faults = rows.filter(isFaulty).map(describe);
    this.advertisements = rows.filter(isAdvertisement).map(readAdvertisement);
  }

  /** How many frames were recorded. */
  get size(): number {
    return this.#rows.length;
  }

  /**
   * Who claimed to be Active, in the order of the claims, a run of one speaker counted once: two routers that are Active at
   * the same time show up as one after the other again and again. Resignations are no claims, and neither is what the
   * former speaker says while the news is on its way.
   */
  speakers(): readonly string[] {
    const speakers: string[] = [];
    let since = 0;
    for (const { at, source, priority } of this.advertisements) {
      const isCrossing = source === speakers.at(-2) && at - since < CROSSING_SECONDS;
      // Whoever speaks after a resignation does not cross it.
      if (priority === 0 && source === speakers.at(-1)) since = Number.NEGATIVE_INFINITY;
      if (priority === 0 || source === speakers.at(-1) || isCrossing) continue;
      speakers.push(source);
      since = at;
    }
    return speakers;
  }

  /** Seconds without any advertisement before the first one of `source`. */
  silenceBefore(source: string): number {
    const index = this.advertisements.findIndex((one) => one.source === source);
    const [before, first] = [this.advertisements[index - 1], this.advertisements[index]];
    if (before === undefined || first === undefined) throw new Error(`no silence before ${source}`);
    return first.at - before.at;
  }

  /** Sources of the advertisements with priority 0, a burst of one speaker counted once. */
  resignations(): readonly string[] {
    const all = this.advertisements.filter(({ priority }) => priority === 0);
    return all
      .filter(({ at, source }, index) => {
        const before = all[index - 1];
        return before === undefined || before.source !== source || at - before.at > 0.5;
      })
      .map(({ source }) => source);
  }
}

function readRow(line: string): Row {
  const values = line.split("\t");
  return Object.fromEntries(FIELDS.map((field, index) => [field, values[index] ?? ""])) as Row;
}

const readAdvertisement = (row: Row): RecordedAdvertisement => ({
  at: Number(row["frame.time_epoch"]),
  source: row["ip.src"] === "" ? row["ipv6.src"] : row["ip.src"],
  vrid: Number(row["vrrp.virt_rtr_id"]),
  priority: Number(row["vrrp.prio"]),
});

// A host that no daemon runs on answers a unicast advertisement with an ICMPv6 error, which quotes it: two sources.
const isAdvertisement = (row: Row): boolean =>
  row["vrrp.prio"] !== "" && !row["ipv6.src"].includes(",");

function isFaulty(row: Row): boolean {
  const severities = row["_ws.expert.severity"].split(",").map(Number);
  const status = row["vrrp.checksum.status"];
  return (
    row["_ws.malformed"] !== "" ||
    severities.some((severity) => severity >= SEVERITY_ERROR) ||
    (status !== "" && status !== CHECKSUM_GOOD)
  );
}

const describe = (row: Row): string =>
  [row["ip.src"] || row["ipv6.src"], row["_ws.col.Info"], row["_ws.expert.message"]].join(": ");
