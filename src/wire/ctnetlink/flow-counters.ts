/** What a flow has carried, as the kernel tells in the message of its end if it counts (nf_conntrack_acct). */
import type { Span } from "../flow-record.ts";
import { AttributeIndex } from "./attributes.ts";

/** CTA_COUNTERS_ORIG and CTA_COUNTERS_REPLY of linux/netfilter/nfnetlink_conntrack.h. */
const DIRECTIONS = [9, 10] as const;
const PACKETS = 1;
const BYTES = 2;
const NUMBERS = 11;

/** Sums of both directions over any number of flows. Exact below 2^53. */
export class FlowCounters {
  readonly #top: AttributeIndex = new AttributeIndex(NUMBERS);
  readonly #nested: AttributeIndex = new AttributeIndex(BYTES + 1);
  packets = 0;
  bytes = 0;

  /** Takes the attributes of a message; those without counters add nothing. */
  add({ view, at, size }: Span): void {
    this.#top.read(view, at, at + size);
    for (const direction of DIRECTIONS) {
      this.#nested.readNested(view, this.#top.headerAt(direction));
      this.packets += this.#uint64(view, PACKETS);
      this.bytes += this.#uint64(view, BYTES);
    }
  }

  #uint64(view: DataView, number: number): number {
    const at = this.#nested.valueAt(view, number, 8);
    return at < 0 ? 0 : view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
  }
}
