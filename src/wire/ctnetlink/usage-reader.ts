/** What the kernel tells of a flow beside its record: what was counted, where accounting is on, and who refers to it. */

import type { Span } from "../flow-record.ts";
import type { FlowUsage } from "../flow-usage.ts";
import { AttributeIndex, COUNTERS, CTA, CTA_COUNT } from "./attributes.ts";

const NESTED_COUNT = 3;

/** Reads messages of dumps, as often as wanted. */
export class UsageReader {
  readonly #top = new AttributeIndex(CTA_COUNT);
  readonly #nested = new AttributeIndex(NESTED_COUNT);

  /** Takes the attributes of a message, those behind its nfgenmsg. */
  read({ view, at, size }: Span): FlowUsage {
    this.#top.read(view, at, at + size);
    const usedAt = this.#top.valueAt(view, CTA.use, 4);
    return {
      original: this.#count(view, CTA.countersOriginal),
      reply: this.#count(view, CTA.countersReply),
      references: usedAt < 0 ? undefined : view.getUint32(usedAt),
    };
  }

  #count(view: DataView, type: number): FlowUsage["original"] {
    this.#nested.readNested(view, this.#top.headerAt(type));
    const packetsAt = this.#nested.valueAt(view, COUNTERS.packets, 8);
    const bytesAt = this.#nested.valueAt(view, COUNTERS.bytes, 8);
    if (packetsAt < 0 || bytesAt < 0) return undefined;
    return { packets: uint64(view, packetsAt), bytes: uint64(view, bytesAt) };
  }
}

/** Exact up to 2^53, which is 9 PB. */
const uint64 = (view: DataView, at: number): number =>
  view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
