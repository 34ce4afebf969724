/** Records of expectations as requests to the kernel: create and delete. */
import { EXPECT, EXPECT_TUPLES, type TupleAttributes } from "../flow-attributes.ts";
import { RecordFields } from "../flow-fields.ts";
import { hasPorts } from "../flow-numbers.ts";
import type { Span } from "../flow-record.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink.ts";
import { CTA_EXPECT, EXPECT_MESSAGE, EXPECT_NAT } from "./attributes.ts";
import type { RequestOutcome } from "./flow-requests.ts";
import { RecordTuple } from "./record-tuple.ts";
import { RequestWriter } from "./request-writer.ts";

/** Writes requests one after the other into a buffer. `flags` are NLM_F_ACK or 0. Nothing here allocates. */
export class ExpectationRequests {
  readonly #writer: RequestWriter;
  readonly #fields: RecordFields = new RecordFields();
  readonly #tuple: RecordTuple;

  constructor(view: DataView) {
    this.#writer = new RequestWriter(view);
    this.#tuple = new RecordTuple(view);
  }

  /** Bytes of all requests. */
  get size(): number {
    return this.#writer.size;
  }

  /** Sequence number of the next request, by which its answer is known; goes up by 1 with each. */
  get sequence(): number {
    return this.#writer.sequence;
  }

  set sequence(value: number) {
    this.#writer.sequence = value;
  }

  /** Forgets everything written. */
  clear(): void {
    this.#writer.size = 0;
  }

  /**
   * Creates the expectation, which the kernel refuses with EEXIST when there is one, and with ENOENT when its master is
   * not there. `timeout` is in seconds; the helper's own counts where the kernel runs the helper itself.
   */
  create(expectation: Span, timeout: number, flags: number): RequestOutcome {
    if (!this.#writer.hasRoom()) return "full";
    this.#begin(expectation, EXPECT_MESSAGE.new, NLM_F_CREATE | NLM_F_EXCL | flags);
    const fields = this.#fields;
    const writer = this.#writer;
    this.#writeTuple(CTA_EXPECT.master, EXPECT_TUPLES.master);
    this.#writeTuple(CTA_EXPECT.tuple, EXPECT_TUPLES.expected);
    this.#writeTuple(CTA_EXPECT.mask, EXPECT_TUPLES.mask);
    writer.uint32(CTA_EXPECT.timeout, timeout);
    writer.uint32(CTA_EXPECT.flags, fields.uint32(EXPECT.flags));
    if (fields.has(EXPECT.class)) writer.uint32(CTA_EXPECT.class, fields.uint32(EXPECT.class));
    this.#writeText(CTA_EXPECT.helper, EXPECT.helper);
    this.#writeText(CTA_EXPECT.function, EXPECT.function);
    this.#writeTranslation();
    writer.finish();
    return "written";
  }

  /** Deletes what expects that tuple. */
  delete(expectation: Span, flags: number): RequestOutcome {
    if (!this.#writer.hasRoom()) return "full";
    this.#begin(expectation, EXPECT_MESSAGE.delete, flags);
    this.#writeTuple(CTA_EXPECT.tuple, EXPECT_TUPLES.expected);
    this.#writer.finish();
    return "written";
  }

  #begin(expectation: Span, type: number, flags: number): void {
    this.#fields.load(expectation);
    this.#writer.begin(type, flags, this.#fields.has(EXPECT.ipv4) ? 4 : 6);
  }

  #writeTuple(type: number, numbers: TupleAttributes): void {
    const fields = this.#fields;
    const tuple = this.#tuple;
    if (fields.has(numbers.ipv4)) tuple.setAddresses(fields.view, fields.at(numbers.ipv4), 4);
    else tuple.setAddresses(fields.view, fields.at(numbers.ipv6), 6);
    const protocol = fields.uint8(numbers.protocol);
    // The keys of an expected GRE tunnel travel as ports.
    const withPorts = fields.has(numbers.ports) || hasPorts(protocol);
    tuple.setProtocol(protocol, fields.uint32(numbers.ports), withPorts);
    this.#writer.tuple(type, tuple);
  }

  #writeText(type: number, number: number): void {
    const at = this.#fields.at(number);
    if (at >= 0) this.#writer.text(type, this.#fields.view, at, this.#fields.size(number));
  }

  #writeTranslation(): void {
    if (!this.#fields.has(EXPECT.natIpv4)) return;
    const nat = this.#writer.open(CTA_EXPECT.nat);
    this.#writer.uint32(EXPECT_NAT.direction, this.#fields.uint32(EXPECT.natDirection));
    this.#writeTuple(EXPECT_NAT.tuple, EXPECT_TUPLES.translated);
    this.#writer.close(nat);
  }
}
