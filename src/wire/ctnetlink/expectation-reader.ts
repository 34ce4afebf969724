/** The kernel's messages about expectations as records: what conntrackd 1.4.7 would send for the same message. */
import {
  EXPECT,
  EXPECT_TABLE,
  EXPECT_TUPLES,
  FUNCTION_NAME_MAX,
  HELPER_NAME_MAX,
  type TupleAttributes,
} from "../flow-attributes.ts";
import { hasPorts } from "../flow-numbers.ts";
import type { Span } from "../flow-record.ts";
import { AttributeIndex, CTA_EXPECT, EXPECT_NAT } from "./attributes.ts";
import { RecordWriter } from "./record-writer.ts";
import { textSize } from "./text-size.ts";
import { TupleReader } from "./tuple-reader.ts";

export interface ExpectationOptions {
  /** Whether records carry TIMEOUT: not where CommitTimeout is configured. */
  readonly timeouts: boolean;
}

const NESTED_COUNT = 4;

/** Reads messages of events and dumps. One reader serves any number of messages and allocates nothing. */
export class ExpectationReader {
  readonly #options: ExpectationOptions;
  readonly #writer: RecordWriter = new RecordWriter(EXPECT_TABLE.recordSizeMax);
  readonly #top: AttributeIndex = new AttributeIndex(CTA_EXPECT.function + 1);
  readonly #nested: AttributeIndex = new AttributeIndex(NESTED_COUNT);
  readonly #tuple: TupleReader = new TupleReader();
  /** The master's protocol decides for all tuples whether they have ports. */
  #withPorts = false;

  constructor(options: ExpectationOptions) {
    this.#options = options;
  }

  /** The record read last; overwritten by the next read. */
  get record(): Span {
    return this.#writer.record;
  }

  /** Takes the attributes of a message, those behind its nfgenmsg. False: it lacks one of its tuples. */
  read({ view, at, size }: Span): boolean {
    this.#writer.clear();
    this.#top.read(view, at, at + size);
    if (!this.#tuple.read(view, this.#top.headerAt(CTA_EXPECT.master))) return false;
    this.#withPorts = hasPorts(this.#tuple.protocol);
    this.#writeTuple(view, EXPECT_TUPLES.master);
    if (!this.#tuple.read(view, this.#top.headerAt(CTA_EXPECT.tuple))) return false;
    this.#writeTuple(view, EXPECT_TUPLES.expected);
    if (!this.#tuple.read(view, this.#top.headerAt(CTA_EXPECT.mask))) return false;
    this.#writeTuple(view, EXPECT_TUPLES.mask);
    if (this.#options.timeouts) this.#copyUint32(view, CTA_EXPECT.timeout, EXPECT.timeout);
    this.#copyUint32(view, CTA_EXPECT.flags, EXPECT.flags);
    this.#copyUint32(view, CTA_EXPECT.class, EXPECT.class);
    this.#writeTranslation(view);
    this.#writeText(view, CTA_EXPECT.helper, EXPECT.helper);
    this.#writeText(view, CTA_EXPECT.function, EXPECT.function);
    return true;
  }

  #writeTuple(view: DataView, { ipv4, ipv6, protocol, ports }: TupleAttributes): void {
    const tuple = this.#tuple;
    this.#writer.addresses(tuple.family === 4 ? ipv4 : ipv6, view, tuple);
    this.#writer.uint8(protocol, tuple.protocol);
    if (this.#withPorts) this.#writer.uint32(ports, tuple.ports);
  }

  #copyUint32(view: DataView, type: number, number: number): void {
    const at = this.#top.valueAt(view, type, 4);
    if (at >= 0) this.#writer.uint32(number, view.getUint32(at));
  }

  /** The tuple of the translation; the protocol has no attribute for one over IPv6. */
  #writeTranslation(view: DataView): void {
    const natAt = this.#top.headerAt(CTA_EXPECT.nat);
    if (natAt < 0) return;
    this.#nested.readNested(view, natAt);
    const tuple = this.#tuple;
    const directionAt = this.#nested.valueAt(view, EXPECT_NAT.direction, 4);
    if (!tuple.read(view, this.#nested.headerAt(EXPECT_NAT.tuple)) || tuple.family !== 4) return;
    this.#writeTuple(view, EXPECT_TUPLES.translated);
    if (directionAt >= 0) this.#writer.uint32(EXPECT.natDirection, view.getUint32(directionAt));
  }

  /** Not what receivers would refuse the whole message for. */
  #writeText(view: DataView, type: number, number: number): void {
    const at = this.#top.headerAt(type);
    const size = at < 0 ? 0 : textSize(view, at);
    const limit = number === EXPECT.helper ? HELPER_NAME_MAX : FUNCTION_NAME_MAX;
    if (size === 0 || size > limit) return;
    const to = this.#writer.start(number, size + 1);
    for (let index = 0; index < size; index += 1)
      this.#writer.record.view.setUint8(to + index, view.getUint8(at + 4 + index));
  }
}
