/** The replication of flows for people: what `conntrackd -s` shows, then what it does not, and what commands did. */
import { formatFlowStats } from "../control/flows-text.ts";
import type { CommitResult, ReplicationStats } from "../control/replication-contract.ts";
import { factsText, PEER_SILENT } from "./flows-status-text.ts";
import { plural } from "./words.ts";

/** Words after `duet flows stats`, as after `conntrackd -s`. */
export const STATS_TOPICS = [
  "network",
  "cache",
  "runtime",
  "link",
  "queue",
  "rsqueue",
  "expect",
] as const;

export type FlowsTopic = (typeof STATS_TOPICS)[number] | "general";

/** The statistics of a topic; "rsqueue" is a list, of which this is not. */
export function formatStats(
  stats: ReplicationStats,
  topic: Exclude<FlowsTopic, "rsqueue">,
): string {
  const text = formatFlowStats(stats, topic);
  switch (topic) {
    case "general":
      return `${text}${lagLines(stats)}\n${rateLines(stats)}\n${conntrackLines(stats)}`;
    case "queue":
      return `${text}${lagLines(stats)}`;
    case "runtime":
      return `${text}${commandLines(stats)}\n${kernelLines(stats)}\n${rateLines(stats)}\n${conntrackLines(stats)}`;
    case "cache":
      return `${text}${memoryLines(stats)}`;
    case "network":
    case "link":
    case "expect":
      return text;
  }
}

/** The part of the statistics that a topic is about; all of it for "general". */
export function statsPart(stats: ReplicationStats, topic: Exclude<FlowsTopic, "rsqueue">): unknown {
  const { channels, messages, flows, expectations, uptimeMs, kernel, commands, rates, conntrack } =
    stats;
  switch (topic) {
    case "general":
      return stats;
    case "network":
      return { messages, channels };
    case "cache":
      return flows;
    case "runtime":
      return { uptimeMs, kernel, commands, rates, conntrack };
    case "link":
      return channels;
    case "queue":
      return { queues: stats.queues, lag: stats.lag };
    case "expect":
      return expectations;
  }
}

const figure = (value: number, what: string): string =>
  `${String(Math.round(value)).padStart(20)} ${what}`;

/** Two figures side by side. */
const pair = (left: string, value: number, what: string): string =>
  `${left.padEnd(34)} ${String(Math.round(value)).padStart(12)} ${what}`;

const block = (head: string, lines: readonly string[]): string =>
  `${head}:\n${lines.map((line) => `${line}\n`).join("")}`;

function lagLines({ lag: { messages, ms } }: ReplicationStats): string {
  const waiting = figure(messages, "Msgs waiting");
  return block("lag", [ms === null ? waiting : pair(waiting, ms, "Ms oldest")]);
}

const rateLines = ({ rates }: ReplicationStats): string =>
  block("rates", [
    figure(rates.eventsPerSecond, "Events/s"),
    pair(figure(rates.sentPerSecond, "Msgs/s sent"), rates.receivedPerSecond, "Msgs/s recv"),
  ]);

const commandLines = ({ commands, messages }: ReplicationStats): string =>
  block("replication", [
    pair(figure(commands.resyncsSent, "Resyncs asked"), commands.resyncsReceived, "Resyncs served"),
    pair(figure(commands.bulks, "Bulk sends"), commands.commits, "Commits"),
    pair(figure(commands.flushes, "Flushes"), messages.retransmitted, "Msgs again"),
  ]);

const conntrackLines = ({ conntrack: { own, peer } }: ReplicationStats): string =>
  block("connection tracking", [
    `    here: ${factsText(own)}`,
    `    peer: ${peer === null ? PEER_SILENT : factsText(peer)}`,
  ]);

const kernelLines = ({ kernel }: ReplicationStats): string =>
  block("written to the kernel", [
    pair(figure(kernel.created, "Created"), kernel.updated, "Updated"),
    pair(figure(kernel.deleted, "Deleted"), kernel.own, "Own events left out"),
    ...Object.entries(kernel.failed).map(([code, count]) => figure(count, `Refused with ${code}`)),
  ]);

const memoryLines = ({ flows: { internal, external } }: ReplicationStats): string =>
  block("memory", [
    pair(figure(internal.memory, "Bytes internal"), external.memory, "Bytes external"),
    pair(figure(internal.limit, "Entries at most"), external.limit, "Entries at most"),
  ]);

/** "1190 flows are in the kernel now, 8 were there, 2 were refused (EINVAL 2), within 35 ms". */
export function formatCommit({ committed, kept, failed, failures, tookMs }: CommitResult): string {
  const reasons = Object.entries(failures).map(([code, count]) => `${code} ${count}`);
  const refused = failed === 0 ? [] : [`${failed} refused by the kernel (${reasons.join(", ")})`];
  const parts = [`${plural(committed, "flow")} written to the kernel`, `${kept} were there`];
  return `${[...parts, ...refused, `within ${Math.round(tookMs)} ms`].join(", ")}\n`;
}
