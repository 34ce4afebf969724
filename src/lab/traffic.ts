/** The traffic of a drill: probes and downloads through the pair, and what was seen of them so far. */
import type { Duration, Instant } from "../base/time.ts";
import { between, formatDuration, NO_TIME } from "../base/time.ts";
import { Agent } from "./agent.ts";
import type { AgentMessage, OwnersChanged } from "./agents/messages.ts";
import type { ProbePlan } from "./agents/probe-plan.ts";
import { DownloadMeter, type DownloadsSeen } from "./download-meter.ts";
import type { Gap, Tally } from "./gap-meter.ts";
import { describeOwners, type OwnersAt } from "./owners.ts";
import type { TimelineEntry } from "./timeline.ts";
import { namespaceName, SERVICE_ADDRESS, type Side, VIRTUAL_ADDRESSES } from "./topology.ts";

/** The streams of probes whose silences are measured. */
export const PROBES = ["through", "lan", "wan"] as const;
export type ProbeName = (typeof PROBES)[number];

/** What the client sends: 1000 datagrams a second through the pair, 200 pings to the LAN address, ARP 20 times. */
const CLIENT_PROBES: readonly ProbePlan[] = [
  { name: "through", kind: "udp", target: SERVICE_ADDRESS, everyUs: 1_000 },
  { name: "lan", kind: "icmp", target: VIRTUAL_ADDRESSES.lan, everyUs: 5_000 },
  { name: "lan", kind: "arp", target: VIRTUAL_ADDRESSES.lan, everyUs: 50_000 },
];
const UPSTREAM_PROBES: readonly ProbePlan[] = [
  { name: "wan", kind: "icmp", target: VIRTUAL_ADDRESSES.wan, everyUs: 5_000 },
  { name: "wan", kind: "arp", target: VIRTUAL_ADDRESSES.wan, everyUs: 50_000 },
];

/** A silence shorter than this is measured but not told: on a busy machine a scheduler makes them too. */
const TELL_GAP_US = 5_000;

export class Traffic {
  readonly #lab: string;
  readonly #tell: (entry: TimelineEntry) => void;
  readonly #agents: Agent[] = [];
  readonly #gaps: Record<ProbeName, Gap[]> = { through: [], lan: [], wan: [] };
  readonly #tallies: Partial<Record<ProbeName, Tally>> = {};
  readonly #owners: Record<Side, OwnersAt[]> = { lan: [], wan: [] };
  #downloads = new DownloadMeter();
  #downloadAgent: Agent | undefined;
  #pace: Duration = NO_TIME;
  #isRealtime = true;
  /** False until the first probe was answered. */
  #hasFlowed = false;

  private constructor(lab: string, tell: (entry: TimelineEntry) => void) {
    this.#lab = lab;
    this.#tell = tell;
  }

  /** Starts the upstream's services and every probe. `tell` hears what belongs in a timeline. */
  static async start(lab: string, tell: (entry: TimelineEntry) => void): Promise<Traffic> {
    const traffic = new Traffic(lab, tell);
    try {
      await traffic.#start("upstream", "upstream", [SERVICE_ADDRESS]);
      await Promise.all([
        traffic.#start("probe", "client", [JSON.stringify(CLIENT_PROBES)]),
        traffic.#start("probe", "upstream", [JSON.stringify(UPSTREAM_PROBES)]),
      ]);
      return traffic;
    } catch (error) {
      await traffic.close();
      throw error;
    }
  }

  /** Opens `count` downloads and resolves when all of them bring bytes. Ends those that were open before. */
  async openDownloads(count: number): Promise<void> {
    await this.#downloadAgent?.close();
    const meter = new DownloadMeter();
    this.#downloads = meter;
    const [agent] = await Agent.start({
      name: "downloads",
      namespace: namespaceName(this.#lab, "client"),
      parameters: [SERVICE_ADDRESS, String(count)],
      hear: (message) => {
        if (message.type === "downloads") meter.downloaded(message);
        else if (message.type === "download-ended") meter.ended(message);
      },
    });
    this.#downloadAgent = agent;
  }

  /** Every silence of a probe so far, oldest first; the last one may still last. */
  gaps(probe: ProbeName): readonly Gap[] {
    return this.#gaps[probe];
  }

  /** Counts since the start; undefined until the probe has told for the first time. */
  tally(probe: ProbeName): Tally | undefined {
    return this.#tallies[probe];
  }

  owners(side: Side): readonly OwnersAt[] {
    return this.#owners[side];
  }

  /** True while probes through the pair are answered. */
  get flows(): boolean {
    const last = this.#gaps.through.at(-1);
    return (this.#tallies.through?.answered ?? 0) > 0 && (last === undefined || last.to !== null);
  }

  /** Whether the kernel granted the probes real-time scheduling. */
  get isRealtime(): boolean {
    return this.#isRealtime;
  }

  /** The longest time between two probes through the pair since the last call: how much this measurement can be trusted. */
  takePace(): Duration {
    const pace = this.#pace;
    this.#pace = NO_TIME;
    return pace;
  }

  noteFault(now: Instant): void {
    this.#downloads.faultAt(now);
  }

  downloads(): DownloadsSeen {
    return this.#downloads.view();
  }

  async close(): Promise<void> {
    const agents = [...this.#agents, this.#downloadAgent].filter((agent) => agent !== undefined);
    await Promise.all(agents.map((agent) => agent.close()));
  }

  async #start(
    name: "upstream" | "probe",
    role: "client" | "upstream",
    parameters: readonly string[],
  ): Promise<void> {
    const [agent, ready] = await Agent.start({
      name,
      namespace: namespaceName(this.#lab, role),
      parameters,
      hear: (message) => {
        this.#hear(message);
      },
    });
    this.#agents.push(agent);
    if (!ready.realtime) this.#isRealtime = false;
  }

  #hear(message: AgentMessage): void {
    switch (message.type) {
      case "gap":
        this.#noteGap(message.probe as ProbeName, message.gap);
        break;
      case "tally":
        Object.assign(this.#tallies, message.probes);
        this.#hasFlowed ||= (this.#tallies.through?.answered ?? 0) > 0;
        this.#pace = Math.max(this.#pace, message.probes["through"]?.pace ?? 0) as Duration;
        break;
      case "owners":
        this.#noteOwners(message.probe as Side, message);
        break;
      case "ready":
      case "downloads":
      case "download-ended":
        break;
    }
  }

  #noteGap(probe: ProbeName, gap: Gap): void {
    const gaps = this.#gaps[probe];
    if (gaps.at(-1)?.from === gap.from) gaps.pop();
    gaps.push(gap);
    if (probe === "through") this.#tellGap(gap);
  }

  #tellGap({ from, to, lost }: Gap): void {
    const isFirst = this.#gaps.through.length === 1 && !this.#hasFlowed;
    this.#hasFlowed ||= to !== null;
    if (to === null) {
      if (!isFirst) this.#say(from, "bad", "the client's probes are no longer answered");
      return;
    }
    const span = between(from, to);
    if (isFirst) this.#say(to, "good", "the client's probes are answered");
    else if (span >= TELL_GAP_US || lost > 2)
      this.#say(to, "good", `answered again after ${formatDuration(span)}, ${lost} probes lost`);
  }

  #say(at: Instant, kind: TimelineEntry["kind"], text: string): void {
    this.#tell({ at, source: "traffic", kind, text });
  }

  #noteOwners(side: Side, { at, macs }: OwnersChanged): void {
    const history = this.#owners[side];
    const before = history.at(-1);
    history.push({ at, macs });
    if (before === undefined && macs.length === 0) return;
    this.#tell({
      at,
      source: "arp",
      kind: "state",
      text: `${VIRTUAL_ADDRESSES[side]} (${side.toUpperCase()}) is answered by ${describeOwners(macs)}`,
    });
  }
}
