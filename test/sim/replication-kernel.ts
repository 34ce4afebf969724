/** A kernel's connection tracking for simulations: flows, events about them, and requests that are carried out. */
import type { Instant } from "../../src/base/time.ts";
import type { KernelNews } from "../../src/replication/internal-cache.ts";
import type { Replicator } from "../../src/replication/replicator.ts";
import { CT_MESSAGE } from "../../src/wire/ctnetlink/attributes.ts";
import { FlowRequests } from "../../src/wire/ctnetlink/flow-requests.ts";
import { MessageCursor, NLM_F_CREATE } from "../../src/wire/netlink.ts";
import {
  flowOfRequest,
  kernelAttributes,
  keyOf,
  type SimFlow,
  saying,
} from "./replication-flow.ts";

const ENOENT = 2;
const EEXIST = 17;
const ENOMEM = 12;
/** Bytes of a batch of requests: small, so that a simulation needs several. */
const BUFFER_SIZE = 6000;

export class SimKernel {
  readonly flows = new Map<string, SimFlow>();
  /** Where events go; undefined while nobody listens. */
  listener: ((news: KernelNews, flow: SimFlow) => void) | undefined;
  /** nf_conntrack_max. */
  max = Infinity;
  readonly #view = new DataView(new ArrayBuffer(BUFFER_SIZE));
  readonly #requests = new FlowRequests(this.#view, { liberal: true });
  readonly #cursor = new MessageCursor(this.#view);

  create(flow: SimFlow): void {
    if (this.flows.has(keyOf(flow)) || this.flows.size >= this.max) return;
    this.flows.set(keyOf(flow), flow);
    this.listener?.("new", flow);
  }

  update(key: string, change: Partial<SimFlow>): void {
    const flow = this.flows.get(key);
    if (flow === undefined) return;
    const changed = { ...flow, ...change };
    this.flows.set(key, changed);
    this.listener?.("update", changed);
  }

  destroy(key: string): void {
    const flow = this.flows.get(key);
    if (flow === undefined) return;
    this.flows.delete(key);
    this.listener?.("destroy", flow);
  }

  /** Lets so many seconds pass for the flows that no packet keeps alive. */
  age(passed: number): void {
    for (const [key, flow] of this.flows) {
      const timeout = flow.timeout - passed;
      if (timeout > 0) this.flows.set(key, { ...flow, timeout });
      else this.destroy(key);
    }
  }

  sayings(): string[] {
    return [...this.flows.values()].map(saying).toSorted();
  }

  /** Gives a replicator the dump that it wants, complete and at once. */
  dump(replicator: Replicator, now: Instant): void {
    replicator.beginDump();
    for (const flow of this.flows.values())
      replicator.handleFlow("dump", kernelAttributes(flow), now);
    replicator.endDump(true, now);
  }

  /** Carries out one batch of a replicator's requests. Returns how many they were. */
  obey(replicator: Replicator, now: Instant): number {
    this.#requests.clear();
    this.#requests.sequence = 0;
    const count = replicator.pollKernelWrites(this.#requests, now);
    this.#cursor.reset(this.#requests.size);
    while (this.#cursor.next()) {
      const errno = this.#obeyOne();
      if (errno !== 0) replicator.kernelRefused(this.#cursor.sequence, errno);
    }
    replicator.settleKernelWrites(now);
    return count;
  }

  #obeyOne(): number {
    const { type, flags, bodyAt, endAt } = this.#cursor;
    const asked = flowOfRequest(this.#view, bodyAt, endAt);
    const key = keyOf(asked);
    const known = this.flows.get(key);
    if (type === CT_MESSAGE.delete) return this.flows.delete(key) ? 0 : ENOENT;
    if ((flags & NLM_F_CREATE) !== 0) {
      if (known !== undefined) return EEXIST;
      if (this.flows.size >= this.max) return ENOMEM;
      this.flows.set(key, asked);
      return 0;
    }
    if (known === undefined) return ENOENT;
    const { status, state, mark, timeout } = asked;
    const isTcp = asked.protocol === 6;
    this.flows.set(key, {
      ...known,
      status: known.status | status,
      state: isTcp ? state : 0,
      mark: mark === 0 ? known.mark : mark,
      timeout,
    });
    return 0;
  }
}
