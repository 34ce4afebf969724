/** Entries of the replication thread's tables as people and programs read them, made on the main thread. */
import { ipBytes, ipFamily, parseIp, parsePrefix } from "../base/ip.ts";
import type { ListQuery } from "../control/replication-contract.ts";
import { expectationView } from "../wire/flow-expectation-view.ts";
import { Span } from "../wire/flow-record.ts";
import { describeExpectation, describeFlow } from "../wire/flow-text.ts";
import type { FlowUsage } from "../wire/flow-usage.ts";
import { flowView } from "../wire/flow-view.ts";
import { expectationXml, flowXml } from "../wire/flow-xml.ts";
import type { AddressFilter, EntryFilter, EntryPortion } from "./replication-messages.ts";

/** Throws RangeError for what is neither an address nor a prefix. */
export function entryFilter({ protocol, source, destination }: ListQuery): EntryFilter {
  return {
    protocol,
    source: source === undefined ? undefined : addressFilter(source),
    destination: destination === undefined ? undefined : addressFilter(destination),
  };
}

function addressFilter(text: string): AddressFilter {
  const address = parseIp(text);
  const prefix = address === undefined ? parsePrefix(text) : undefined;
  const network = address ?? prefix?.address;
  if (network === undefined) throw new RangeError(`${text} is neither an address nor a prefix`);
  const bytes = ipBytes(network);
  return { family: ipFamily(network), bytes, length: prefix?.length ?? bytes.length * 8 };
}

/** One text per entry. */
export function describePortion(query: ListQuery, portion: EntryPortion): readonly string[] {
  const describe = describerOf(query);
  const { records, sizes, ages, expiries, usages } = portion;
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const span = new Span(view);
  let at = 0;
  return Array.from(sizes, (size, index) => {
    span.move(view, at, size);
    at += size;
    return describe(span, {
      age: ages[index],
      expires: expiries[index],
      usage: usages[index],
    });
  });
}

/** What is known of an entry beside its record. */
interface Circumstances {
  /** Seconds; undefined where it is unknown. */
  readonly age: number | undefined;
  /** Seconds; undefined where entries do not expire. */
  readonly expires: number | undefined;
  /** Undefined where the entry is not from the kernel. */
  readonly usage: FlowUsage | undefined;
}

type Describe = (record: Span, circumstances: Circumstances) => string;

function describerOf({ cache, table, format }: ListQuery): Describe {
  const directions = cache === "internal" ? "both" : "original";
  const isFlows = table === "flows";
  switch (format) {
    case "text":
      return (record, { age, expires, usage }) => {
        const text = isFlows
          ? describeFlow(record, directions, usage)
          : describeExpectation(record, usage !== undefined);
        const expiry = expires === undefined ? "" : ` [expires in ${expires}s]`;
        const activity = age === undefined ? "" : ` [active since ${age}s]`;
        return `${text}${expiry}${activity}`;
      };
    case "xml":
      return (record, { usage }) =>
        isFlows ? flowXml(record, directions, usage) : expectationXml(record);
    case "json": {
      const view: (record: Span) => object = isFlows ? flowView : expectationView;
      return (record, { age, expires, usage }) =>
        JSON.stringify({
          ...view(record),
          ...countersOf(usage),
          ageSeconds: age ?? null,
          expiresSeconds: expires ?? null,
        });
    }
  }
}

const countersOf = (usage: FlowUsage | undefined): object =>
  usage?.original === undefined || usage.reply === undefined
    ? {}
    : { counters: { original: usage.original, reply: usage.reply } };
