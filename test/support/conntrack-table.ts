/** The conntrack table of a namespace, as flow records and as what the kernel said. */
import { formatHex } from "../../src/base/hex.ts";
import { ConntrackDump, type DumpTable } from "../../src/kernel/conntrack-dump.ts";
import { ConntrackRequests } from "../../src/kernel/conntrack-requests.ts";
import { HOST_LITTLE_ENDIAN } from "../../src/wire/abi.ts";
import { CTA, NFGENMSG_SIZE } from "../../src/wire/ctnetlink/attributes.ts";
import { ExpectationReader } from "../../src/wire/ctnetlink/expectation-reader.ts";
import { ExpectationRequests } from "../../src/wire/ctnetlink/expectation-requests.ts";
import { FlowReader } from "../../src/wire/ctnetlink/flow-reader.ts";
import { FlowRequests, type RequestOutcome } from "../../src/wire/ctnetlink/flow-requests.ts";
import { Span } from "../../src/wire/flow-record.ts";
import { AttributeCursor } from "../../src/wire/netlink.ts";
import { viewOf } from "./bytes.ts";
import type { TestNamespace } from "./netns.ts";

const NESTED = 0x8000;

export interface TableEntry {
  /** A record of its own. */
  readonly record: Span;
  /** Every attribute of the kernel's message by its path of types ("1/2/1"), in hex. */
  readonly said: ReadonlyMap<string, string>;
}

/** Sockets inside a namespace; to be closed. */
export class ConntrackTable {
  readonly flows: FlowRequests;
  readonly expectations: ExpectationRequests;
  readonly #dump: ConntrackDump;
  readonly #requests: ConntrackRequests;
  readonly #flowReader = new FlowReader({ timeouts: true, windowScales: true });
  readonly #expectationReader = new ExpectationReader({ timeouts: true });

  constructor(namespace: TestNamespace, liberal = true) {
    this.#dump = namespace.within(() => ConntrackDump.open());
    this.#requests = namespace.within(() => ConntrackRequests.open());
    this.flows = new FlowRequests(this.#requests.memory.view, { liberal });
    this.expectations = new ExpectationRequests(this.#requests.memory.view);
  }

  read(table: DumpTable): TableEntry[] {
    const entries: TableEntry[] = [];
    this.#dump.begin(table);
    while (this.#dump.read(100, () => entries.push(this.#entry(table))) === "more");
    return entries;
  }

  /** Carries out what `write` writes for each entry, and returns what the kernel refused. */
  apply<T>(items: readonly T[], write: (item: T) => RequestOutcome): number[] {
    const errors: number[] = [];
    this.flows.clear();
    this.expectations.clear();
    for (const item of items) {
      const outcome = write(item);
      if (outcome !== "written") throw new Error(outcome);
    }
    const size = this.flows.size + this.expectations.size;
    this.#requests.send(size, (_sequence, errno) => errors.push(errno));
    return errors;
  }

  close(): void {
    this.#dump.close();
    this.#requests.close();
  }

  #entry(table: DumpTable): TableEntry {
    const { message, view } = this.#dump;
    const at = message.bodyAt + NFGENMSG_SIZE;
    const reader = table === "flows" ? this.#flowReader : this.#expectationReader;
    if (!reader.read(new Span(view, at, message.endAt - at))) throw new Error("no tuple");
    const { view: out, size } = reader.record;
    const record = new Span(viewOf(new Uint8Array(out.buffer.slice(0, size))));
    return { record, said: new Map(flatten(new AttributeCursor(view, at, message.endAt), "")) };
  }
}

function* flatten(attributes: AttributeCursor, path: string): Generator<[string, string]> {
  while (attributes.next()) {
    const { view, at, size, type } = attributes;
    const name = `${path}${type}`;
    const flags = view.getUint16(at - 2, HOST_LITTLE_ENDIAN);
    if ((flags & NESTED) !== 0) yield* flatten(attributes.nested(), `${name}/`);
    else yield [name, formatHex(new Uint8Array(view.buffer, view.byteOffset + at, size))];
  }
}

/** Paths that a copy of a flow cannot share with its original: ids, counters and the like. */
const OWN: readonly RegExp[] = [
  // CTA_COUNTERS_*, CTA_USE, CTA_ID, CTA_TIMESTAMP, CTA_TIMESTAMP_EVENT.
  /^(9|10|20)\//,
  /^(11|12|27)$/,
  // Flags and scales of TCP, private data of helpers, SYNPROXY data that is attached to every copy.
  /^4\/1\/[2-5]$/,
  /^5\/2/,
  new RegExp(`^${CTA.synproxy}/`),
];

/** What the kernel said of a flow, without what a copy cannot share, and without its timeout. */
export function lasting({ said }: TableEntry): Record<string, string> {
  const entries = [...said].filter(
    ([path]) => path !== `${CTA.timeout}` && !OWN.some((own) => own.test(path)),
  );
  return Object.fromEntries(entries);
}

/** Seconds left. */
export const timeoutOf = ({ said }: TableEntry): number =>
  Number.parseInt(said.get(`${CTA.timeout}`) ?? "0", 16);

/** A key to compare two dumps by: the original tuple and the zone. */
export const tupleOf = ({ said }: TableEntry): string =>
  [...said]
    .filter(([path]) => path.startsWith("1/") || path === `${CTA.zone}`)
    .map(([path, value]) => `${path}=${value}`)
    .join(" ");
