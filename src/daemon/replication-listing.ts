/** Entries of the replication thread's tables as people and programs read them, made on the main thread. */
import { ipBytes, ipFamily, parseIp, parsePrefix } from "../base/ip.ts";
import type { ListQuery } from "../control/replication-contract.ts";
import { expectationView } from "../wire/flow-expectation-view.ts";
import { Span } from "../wire/flow-record.ts";
import { describeExpectation, describeFlow } from "../wire/flow-text.ts";
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
  const { records, sizes, ages, expiries } = portion;
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const span = new Span(view);
  let at = 0;
  return Array.from(sizes, (size, index) => {
    span.move(view, at, size);
    at += size;
    return describe(span, ages[index], expiries[index]);
  });
}

/** In seconds; `age` is undefined where it is unknown, `expires` where entries do not. */
type Describe = (record: Span, age: number | undefined, expires: number | undefined) => string;

function describerOf({ cache, table, format }: ListQuery): Describe {
  const directions = cache === "internal" ? "both" : "original";
  const isFlows = table === "flows";
  switch (format) {
    case "text": {
      const text = isFlows
        ? (record: Span): string => describeFlow(record, directions)
        : describeExpectation;
      return (record, age, expires) => {
        const expiry = expires === undefined ? "" : ` [expires in ${expires}s]`;
        const activity = age === undefined ? "" : ` [active since ${age}s]`;
        return `${text(record)}${expiry}${activity}`;
      };
    }
    case "xml":
      return isFlows ? (record) => flowXml(record, directions) : expectationXml;
    case "json": {
      const view: (record: Span) => object = isFlows ? flowView : expectationView;
      return (record, age, expires) =>
        JSON.stringify({
          ...view(record),
          ageSeconds: age ?? null,
          expiresSeconds: expires ?? null,
        });
    }
  }
}
