/** Copies entries of a table that match a filter, for the main thread to describe. */
import { ipSize } from "../base/ip.ts";
import { type Duration, type Instant, toSeconds } from "../base/time.ts";
import type { ListRequest } from "../replication/listing.ts";
import type { Replicator } from "../replication/replicator.ts";
import {
  copyRecord,
  originalSourceAt,
  recordFamily,
  recordProtocol,
  type Span,
} from "../wire/flow-record.ts";
import type { FlowUsage } from "../wire/flow-usage.ts";
import type { AddressFilter, Answers, EntryFilter, EntryPortion } from "./replication-messages.ts";

/** Slots of a table looked at per portion, most of which may be empty or filtered. */
const SLOTS_MAX = 16_384;
/** Bytes of records that a portion starts with; it grows. */
const ROOM = 65_536;

/** Entries from slot `request.from` on, at most `request.count` of them. */
export function takePortion(
  replicator: Replicator,
  request: ListRequest,
  filter: EntryFilter,
  now: Instant,
): EntryPortion {
  const writer = new PortionWriter();
  const until = request.from + SLOTS_MAX;
  let next: number | undefined = request.from;
  while (next !== undefined && next < until && writer.count < request.count) {
    // At most so many slots as entries are still wanted, so that no entry is looked at and left out.
    const part: ListRequest = { ...request, from: next, count: request.count - writer.count };
    next = replicator.list(
      part,
      (record, age, expires) => {
        if (passes(filter, request.kind, record)) writer.add(record, age, expires);
      },
      now,
    );
  }
  return writer.portion(next ?? null);
}

/** What waits for an acknowledgement, from slot `from` on, as `conntrackd -s rsqueue` prints it. */
export function takeResendQueue(replicator: Replicator, from: number): Answers["resend-queue"] {
  const lines: string[] = [];
  const next = replicator.listUnacknowledged({ from, count: SLOTS_MAX }, (sequence, flags) =>
    lines.push(
      flags === undefined
        ? `object -> seq:${sequence}`
        : `control -> seq:${sequence} flags:${flags}`,
    ),
  );
  return { lines, next: next ?? null };
}

/** Collects entries into a portion; without an age where that is unknown, and without an expiry where there is none. */
export class PortionWriter {
  #records = new DataView(new ArrayBuffer(ROOM));
  #at = 0;
  readonly #sizes: number[] = [];
  readonly #ages: number[] = [];
  readonly #expiries: number[] = [];
  readonly #usages: FlowUsage[] = [];

  get count(): number {
    return this.#sizes.length;
  }

  add(record: Span, age?: Duration, expires?: Duration): void {
    if (this.#at + record.size > this.#records.byteLength) this.#grow();
    copyRecord(record, this.#records, this.#at);
    this.#at += record.size;
    this.#sizes.push(record.size);
    if (age !== undefined) this.#ages.push(Math.floor(toSeconds(age)));
    if (expires !== undefined) this.#expiries.push(Math.ceil(toSeconds(expires)));
  }

  /** Adds an entry that the kernel has just told. */
  addLive(record: Span, usage: FlowUsage): void {
    this.add(record);
    this.#usages.push(usage);
  }

  portion(next: number | null): EntryPortion {
    return {
      records: new Uint8Array(this.#records.buffer, 0, this.#at),
      sizes: Uint32Array.from(this.#sizes),
      ages: Uint32Array.from(this.#ages),
      expiries: Uint32Array.from(this.#expiries),
      usages: this.#usages,
      next,
    };
  }

  #grow(): void {
    const larger = new Uint8Array(this.#records.byteLength * 2);
    larger.set(new Uint8Array(this.#records.buffer));
    this.#records = new DataView(larger.buffer);
  }
}

/** Whether a listing wants an entry. Expectations are not filtered: their tuples are those of connections to come. */
export function passes(
  { protocol, source, destination }: EntryFilter,
  kind: ListRequest["kind"],
  record: Span,
): boolean {
  if (kind === "expectation") return true;
  if (protocol !== undefined && recordProtocol(record) !== protocol) return false;
  const family = recordFamily(record);
  const at = originalSourceAt(record);
  return (
    matches(source, record.view, { family, at }) &&
    matches(destination, record.view, { family, at: at + ipSize(family) })
  );
}

function matches(
  filter: AddressFilter | undefined,
  view: DataView,
  { family, at }: { readonly family: number; readonly at: number },
): boolean {
  if (filter === undefined) return true;
  if (filter.family !== family) return false;
  for (let index = 0; index * 8 < filter.length; index += 1) {
    const bits = Math.min(8, filter.length - index * 8);
    const mask = (0xff00 >> bits) & 0xff;
    if (((view.getUint8(at + index) ^ (filter.bytes[index] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}
