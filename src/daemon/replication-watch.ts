/**
 * Judges, once a second, whether connections would survive a failover now: whether both routers hold the same flows, and
 * whether the kernel can take them. What changes is news; what stands is a problem that the status shows.
 */
import { between, type Duration, type Instant, seconds, toMilliseconds } from "../base/time.ts";
import type { ReplicationStatus } from "../control/replication-contract.ts";
import type { KernelConntrackFacts } from "../kernel/conntrack-facts.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import type { ReplicationView } from "../replication/view.ts";
import type { ReplicationNews } from "./replication-messages.ts";

type Problem = ReplicationStatus["problems"][number];

/** The peer may be behind for this long without connections being in danger. */
const LAG_MAX: Duration = seconds(3);
/** So full a kernel table drops new connections soon. */
const FULL_PART = 0.95;
/** A peer that has not been heard since the start is missed after this. */
const FIRST_WAIT: Duration = seconds(10);
/** Everything else that mends itself is waited for so long. */
const PATIENCE: Duration = seconds(3);

export class ReplicationWatch {
  readonly #tell: (news: ReplicationNews) => void;
  readonly #startedAt: Instant;
  #isSynchronised = false;
  #lostAt: Instant | undefined;
  #wasTold = false;
  #problems: readonly Problem[] = [];
  #unfit: ReadonlySet<string> = new Set();
  #resyncAt: Instant | undefined;

  constructor(tell: (news: ReplicationNews) => void, now: Instant) {
    this.#tell = tell;
    this.#startedAt = now;
  }

  get isSynchronised(): boolean {
    return this.#isSynchronised;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  judge(view: ReplicationView, facts: KernelConntrackFacts, config: ReplicationConfig): void {
    const gap = gapOf(view);
    this.#judgeGap(gap, view);
    const unfit = unfitness(view, facts, config);
    for (const { code, text: reason } of unfit)
      if (!this.#unfit.has(code)) this.#tell({ type: "kernel-unfit", code, reason });
    this.#unfit = new Set(unfit.map(({ code }) => code));
    this.#problems = gap === undefined ? unfit : [gap, ...unfit];
    this.#tellOfResync(view);
  }

  #judgeGap(gap: Problem | undefined, view: ReplicationView): void {
    const was = this.#isSynchronised;
    this.#isSynchronised = gap === undefined;
    if (gap === undefined) {
      if (!was) this.#tellSynchronised(view);
      return;
    }
    if (was) this.#lostAt = view.at;
    // At the start there is nothing to lose yet, and a resync or a change of roles is over soon.
    const since = this.#lostAt ?? this.#startedAt;
    const patience = this.#lostAt === undefined ? FIRST_WAIT : PATIENCE;
    const isDue = gap.code === "peer-silent" || between(since, view.at) >= patience;
    if (isDue && !this.#wasTold)
      this.#tell({ type: "lost-protection", code: gap.code, reason: gap.text });
    this.#wasTold ||= isDue;
  }

  #tellSynchronised(view: ReplicationView): void {
    const waitedMs =
      this.#lostAt === undefined ? null : toMilliseconds(between(this.#lostAt, view.at));
    const flows =
      view.role === "backup" ? view.flows.external.flows : (view.flows.internal?.flows ?? 0);
    this.#wasTold = false;
    this.#tell({ type: "synchronised", flows, waitedMs });
  }

  #tellOfResync({ lastResync }: ReplicationView): void {
    if (lastResync === undefined || lastResync.at === this.#resyncAt) return;
    this.#resyncAt = lastResync.at;
    const { entries: flows, took } = lastResync;
    const tookMs = toMilliseconds(took);
    this.#tell({ type: "resync", direction: "sent", flows, tookMs });
  }
}

/** Why the routers do not hold the same flows, as far as this one can know. */
function gapOf(view: ReplicationView): Problem | undefined {
  const { peer, role, lag } = view;
  switch (peer.state) {
    case "never-heard":
      return { code: "peer-never-heard", text: "the peer was never heard on a dedicated link" };
    case "silent":
      return { code: "peer-silent", text: "the peer is not heard any more" };
    case "greeting":
      return { code: "peer-starting", text: "the peer is starting, or does not hear this router" };
    case "connected":
      break;
  }
  if (role === "active") {
    if (view.isResyncing)
      return { code: "resync-running", text: "the peer is still being told of all flows" };
    if (lag.time > LAG_MAX) {
      const text = `the peer is behind by ${lag.messages} changes`;
      return { code: "peer-behind", text };
    }
    return undefined;
  }
  if (view.isSynchronised) return undefined;
  return { code: "flows-missing", text: "not all flows of the peer are known to be here" };
}

/** What of the kernel endangers a failover. */
function unfitness(
  view: ReplicationView,
  facts: KernelConntrackFacts,
  { windowTracking }: ReplicationConfig,
): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (code: string, text: string): void => void problems.push({ code, text });
  if (facts.events === false)
    add(
      "events-off",
      "the kernel reports no changes of flows; set net.netfilter.nf_conntrack_events to 1",
    );
  const room = roomProblem(view, facts);
  if (room !== undefined) problems.push(room);
  if (windowTracking && facts.tcpBeLiberal === false)
    add(
      "windows-strict",
      "TCPWindowTracking is on and the kernel is strict, so that TCP connections may break on a failover; " +
        "set net.netfilter.nf_conntrack_tcp_be_liberal to 1, or switch TCPWindowTracking off",
    );
  return [...problems, ...peerProblems(view)];
}

/** What of the peer's kernel endangers a failover to it, as far as the peer tells. */
function peerProblems({ peer: { facts }, flows }: ReplicationView): readonly Problem[] {
  if (facts === undefined) return [];
  const problems: Problem[] = [];
  if (facts.events === false)
    problems.push({
      code: "peer-events-off",
      text: "the peer's kernel reports no changes of flows; set net.netfilter.nf_conntrack_events to 1 there",
    });
  const own = flows.internal?.flows ?? 0;
  const max = facts.max ?? 0;
  if (max > 0 && own > max)
    problems.push({
      code: "peer-table-too-small",
      text: `the peer's kernel takes ${max} flows, and this router has ${own}; raise net.netfilter.nf_conntrack_max there`,
    });
  return problems;
}

function roomProblem(view: ReplicationView, facts: KernelConntrackFacts): Problem | undefined {
  const max = facts.max ?? 0;
  const count = facts.count ?? 0;
  const external = view.role === "backup" ? view.flows.external.flows : 0;
  const advice = "raise net.netfilter.nf_conntrack_max";
  if (max === 0) return undefined;
  if (external + count > max)
    return {
      code: "table-too-small",
      text: `the kernel takes ${max} flows, and ${count} own ones and ${external} of the peer may be needed; ${advice}`,
    };
  if (count <= max * FULL_PART) return undefined;
  return {
    code: "table-full",
    text: `the kernel holds ${count} of at most ${max} flows; ${advice}`,
  };
}
