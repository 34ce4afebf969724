/** The readiness of replication in `duet status`: could this router take over now without breaking connections? */
import type {
  ConntrackFacts,
  ReplicationStatus,
  TakeoverRecord,
} from "../control/replication-contract.ts";
import { printable } from "../log/line.ts";
import type { Paint } from "./paint.ts";
import { formatAge, formatTime, plural } from "./words.ts";

export function replicationLines(status: ReplicationStatus, paint: Paint): readonly string[] {
  return [headLine(status, paint), ...detailLines(status, paint).map((line) => `    ${line}`)];
}

function headLine(
  { mode, role, synchronised, activeChannel }: ReplicationStatus,
  paint: Paint,
): string {
  const ready = synchronised ? paint("green", "SYNCHRONISED") : paint("red", "NOT SYNCHRONISED");
  const link = activeChannel === null ? "no dedicated link is up" : `over ${activeChannel}`;
  return `${paint("bold", "replication")}  ${ready}  ${mode}, ${role}, ${link}`;
}

function detailLines(status: ReplicationStatus, paint: Paint): readonly string[] {
  const { problems, flows, lastResync, lastTakeover, peerKernel } = status;
  const resync =
    lastResync === null
      ? "no resync yet"
      : `last resync ${formatTime(lastResync.at)}: ${plural(lastResync.flows, "flow")} within ${formatMs(lastResync.tookMs)}`;
  return [
    ...problems.map(({ text }) => paint("red", `problem: ${printable(text)}`)),
    `${peerText(status)}, ${lagText(status)}`,
    `flows: ${flows.internal} of this router, ${peersText(status)}; ${resync}`,
    `lost ${status.lostMessages}, malformed ${status.malformedMessages}, overruns ${status.overruns}`,
    `kernel here: ${factsText(status.kernel)}`,
    `kernel of the peer: ${peerKernel === null ? PEER_SILENT : factsText(peerKernel)}`,
    ...(lastTakeover === null ? [] : [takeoverText(lastTakeover)]),
  ];
}

function peersText({ role, flows: { external, loaded } }: ReplicationStatus): string {
  const inKernel = role === "receiver" && external > 0 ? `, ${loaded} in this kernel` : "";
  return `${external} of the peer${inKernel}`;
}

function peerText({ peer: { state, heardMs } }: ReplicationStatus): string {
  const heard = heardMs === null ? "never heard" : `heard ${formatAge(heardMs)} ago`;
  return `peer ${state}, ${heard}`;
}

function lagText({ lag: { messages, ms } }: ReplicationStatus): string {
  if (messages === 0) return "nothing waits for it";
  const since = ms === null ? "" : ` for ${formatMs(ms)}`;
  return `${plural(messages, "message")} ${messages === 1 ? "waits" : "wait"} for it${since}`;
}

/** A conntrackd never tells, nor does anything in ALARM mode. */
export const PEER_SILENT = "the peer does not tell";

export function factsText(facts: ConntrackFacts): string {
  const { count, max, buckets } = facts;
  const table = `${count ?? "?"} of at most ${max ?? "?"} flows, ${buckets ?? "?"} buckets`;
  const liberal = `tcp_be_liberal ${switchText(facts.tcpBeLiberal)}`;
  return `${table}, ${liberal}, events ${switchText(facts.events)}`;
}

function switchText(value: boolean | null): string {
  if (value === null) return "unknown";
  return value ? "on" : "off";
}

function takeoverText({ at, committed, kept, failed, tookMs }: TakeoverRecord): string {
  const counts = `${committed} flows written, ${kept} were there, ${failed} refused`;
  return `last takeover ${formatTime(at)}: ${counts}, within ${formatMs(tookMs)}`;
}

const formatMs = (span: number): string => `${Math.round(span)} ms`;
