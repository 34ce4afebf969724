/**
 * Listings of this router's flows where no internal cache keeps them: they are read from the kernel, a portion at a time, past
 * the same filter as the events. Such a listing has a socket of its own; one that nobody reads to its end gives way to others.
 */
import { ConntrackDump, type DumpTable } from "../kernel/conntrack-dump.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import { ExpectationFilter } from "../replication/expectation-filter.ts";
import { FlowFilter } from "../replication/filter.ts";
import { ExpectationReader } from "../wire/ctnetlink/expectation-reader.ts";
import { FlowReader } from "../wire/ctnetlink/flow-reader.ts";
import { UsageReader } from "../wire/ctnetlink/usage-reader.ts";
import { Span } from "../wire/flow-record.ts";
import type { FlowUsage } from "../wire/flow-usage.ts";
import { PortionWriter, passes } from "./entry-portion.ts";
import type { EntryFilter, EntryPortion } from "./replication-messages.ts";

/** Listings at the same time. */
const OPEN_MAX = 4;
/** Datagrams read per portion, of some hundred flows each. */
const DATAGRAMS_MAX = 8;
const NFGENMSG_SIZE = 4;
/** Nothing is counted for an expectation. */
const NO_USAGE: FlowUsage = { original: undefined, reply: undefined, references: undefined };

export interface KernelListRequest {
  readonly table: DumpTable;
  /** 0 begins a listing; otherwise `next` of the last portion. */
  readonly cursor: number;
  /** A portion is complete when it has so many entries; it may have more, as datagrams are read as a whole. */
  readonly limit: number;
}

export class KernelListings {
  /** By their cursors, the oldest first. */
  readonly #open = new Map<number, KernelListing>();
  #lastCursor = 0;

  /** Throws SyscallError, and Error when the listing had to give way. */
  take(request: KernelListRequest, filter: EntryFilter, config: ReplicationConfig): EntryPortion {
    const cursor = request.cursor === 0 ? this.#begin(request.table, config) : request.cursor;
    const listing = this.#open.get(cursor);
    if (listing === undefined)
      throw new Error("the listing was given up because others were begun meanwhile; list again");
    const writer = new PortionWriter();
    const isDone = listing.read(writer, filter, request.limit);
    if (isDone) this.#close(cursor);
    return writer.portion(isDone ? null : cursor);
  }

  close(): void {
    for (const cursor of this.#open.keys()) this.#close(cursor);
  }

  #begin(table: DumpTable, config: ReplicationConfig): number {
    for (const cursor of this.#open.keys()) if (this.#open.size >= OPEN_MAX) this.#close(cursor);
    this.#lastCursor += 1;
    this.#open.set(this.#lastCursor, new KernelListing(table, config));
    return this.#lastCursor;
  }

  #close(cursor: number): void {
    this.#open.get(cursor)?.close();
    this.#open.delete(cursor);
  }
}

class KernelListing {
  readonly #table: DumpTable;
  readonly #dump = ConntrackDump.open();
  readonly #attributes: Span;
  readonly #reader: FlowReader | ExpectationReader;
  readonly #usage = new UsageReader();
  readonly #isReplicated: (record: Span) => boolean;

  constructor(table: DumpTable, config: ReplicationConfig) {
    this.#table = table;
    this.#attributes = new Span(this.#dump.view, 0, 0);
    const windowScales = config.windowTracking;
    if (table === "flows") {
      const filter = new FlowFilter(config.filter);
      this.#reader = new FlowReader({ timeouts: true, windowScales });
      this.#isReplicated = (record) => filter.passes(record);
    } else {
      const filter = new ExpectationFilter(config.expectations);
      this.#reader = new ExpectationReader({ timeouts: true });
      this.#isReplicated = (record) => filter.passes(record);
    }
    this.#dump.begin(table);
  }

  /** True at the end. */
  read(writer: PortionWriter, filter: EntryFilter, limit: number): boolean {
    for (let count = 0; count < DATAGRAMS_MAX && writer.count < limit; count += 1)
      if (this.#dump.read(1, () => this.#take(writer, filter)) !== "more") return true;
    return false;
  }

  close(): void {
    this.#dump.close();
  }

  #take(writer: PortionWriter, filter: EntryFilter): void {
    const { message, view } = this.#dump;
    const at = message.bodyAt + NFGENMSG_SIZE;
    if (at > message.endAt) return;
    if (!this.#reader.read(this.#attributes.move(view, at, message.endAt - at))) return;
    const { record } = this.#reader;
    const kind = this.#table === "flows" ? "flow" : "expectation";
    if (!this.#isReplicated(record) || !passes(filter, kind, record)) return;
    writer.addLive(record, kind === "flow" ? this.#usage.read(this.#attributes) : NO_USAGE);
  }
}
