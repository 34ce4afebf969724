/**
 * Flow records as requests to the kernel: create, update, delete. A new flow gets the exact inverse of its original
 * tuple as reply tuple; translation is told as NAT setup, of which the kernel makes the real one.
 */
import { FLOW } from "../flow-attributes.ts";
import { RecordFields } from "../flow-fields.ts";
import { hasPorts, icmpReplyType, isIcmp, PROTOCOL, STATUS } from "../flow-numbers.ts";
import type { Span } from "../flow-record.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink.ts";
import { CT_MESSAGE, CTA, HELP_NAME, NAT, NAT_PROTOCOL } from "./attributes.ts";
import { writeFlowState, writeZone } from "./flow-state.ts";
import { RecordTuple } from "./record-tuple.ts";
import { RequestWriter } from "./request-writer.ts";

export interface RequestOptions {
  /** Makes the kernel accept TCP segments outside of the window that it knows: unless TCPWindowTracking is on. */
  readonly liberal: boolean;
}

/**
 * What became of one request. "full": there is no room in the buffer until it is cleared. "unusable": no request can be
 * made of that record, because its tuple lacks ports, or has no reply.
 */
export type RequestOutcome = "written" | "full" | "unusable";

const NAT_DONE = STATUS.sourceNatDone | STATUS.destinationNatDone;
const NAT_BITS = NAT_DONE | STATUS.sourceNat | STATUS.destinationNat;
/** The kernel sets them itself, and refuses them from others. */
const KERNELS_OWN = STATUS.expected | STATUS.dying;

/** Writes requests one after the other into a buffer. `flags` are NLM_F_ACK or 0. Nothing here allocates. */
export class FlowRequests {
  readonly #options: RequestOptions;
  readonly #writer: RequestWriter;
  readonly #fields: RecordFields = new RecordFields();
  readonly #original: RecordTuple;
  readonly #reply: RecordTuple;
  readonly #master: RecordTuple;

  constructor(view: DataView, options: RequestOptions) {
    this.#options = options;
    this.#writer = new RequestWriter(view);
    this.#original = new RecordTuple(view);
    this.#reply = new RecordTuple(view);
    this.#master = new RecordTuple(view);
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

  /** Creates the flow, which the kernel refuses with EEXIST when there is one. `timeout` is in seconds. */
  create(flow: Span, timeout: number, flags: number): RequestOutcome {
    if (!this.#writer.hasRoom()) return "full";
    if (!this.#load(flow) || !this.#invert()) return "unusable";
    const writer = this.#writer;
    writer.begin(CT_MESSAGE.new, NLM_F_CREATE | NLM_F_EXCL | flags, this.#original.family);
    writer.tuple(CTA.tupleOriginal, this.#original);
    writer.tuple(CTA.tupleReply, this.#reply);
    if (this.#loadMaster()) writer.tuple(CTA.tupleMaster, this.#master);
    const status = this.#fields.uint32(FLOW.status);
    writer.uint32(CTA.status, (status & ~KERNELS_OWN) | STATUS.confirmed);
    writer.uint32(CTA.timeout, timeout);
    this.#writeTranslation(status);
    this.#writeHelper();
    writeFlowState(writer, this.#fields, this.#options.liberal);
    writer.finish();
    return "written";
  }

  /**
   * Updates status, mark, protocol state, labels and sequence adjustment of an existing flow, and its timeout unless
   * that is undefined. The kernel refuses to change translation, helper and master, and to take status bits back.
   */
  update(flow: Span, timeout: number | undefined, flags: number): RequestOutcome {
    if (!this.#writer.hasRoom()) return "full";
    if (!this.#load(flow)) return "unusable";
    const writer = this.#writer;
    writer.begin(CT_MESSAGE.new, flags, this.#original.family);
    writer.tuple(CTA.tupleOriginal, this.#original);
    const kept = this.#fields.uint32(FLOW.status) & ~(KERNELS_OWN | NAT_BITS);
    const expected = this.#loadMaster() ? STATUS.expected : 0;
    writer.uint32(CTA.status, kept | expected | STATUS.confirmed);
    if (timeout !== undefined) writer.uint32(CTA.timeout, timeout);
    writeFlowState(writer, this.#fields, this.#options.liberal);
    writer.finish();
    return "written";
  }

  /** Deletes the flow with that original tuple and zone. */
  delete(flow: Span, flags: number): RequestOutcome {
    if (!this.#writer.hasRoom()) return "full";
    if (!this.#load(flow)) return "unusable";
    this.#writer.begin(CT_MESSAGE.delete, flags, this.#original.family);
    this.#writer.tuple(CTA.tupleOriginal, this.#original);
    writeZone(this.#writer, this.#fields);
    this.#writer.finish();
    return "written";
  }

  /** Finds the attributes and the original tuple; false when ports are missing. */
  #load(flow: Span): boolean {
    const fields = this.#fields;
    fields.load(flow);
    const ipv4At = fields.at(FLOW.ipv4);
    const tuple = this.#original;
    const protocol = fields.uint8(FLOW.protocol);
    if (ipv4At >= 0) tuple.setAddresses(flow.view, ipv4At, 4);
    else tuple.setAddresses(flow.view, fields.at(FLOW.ipv6), 6);
    if (isIcmp(protocol)) {
      const header = (fields.uint8(FLOW.icmpType) << 24) | (fields.uint8(FLOW.icmpCode) << 16);
      tuple.setProtocol(protocol, header | fields.uint16(FLOW.icmpId), false);
      return true;
    }
    // The keys of GRE are not in records; those of version 0 are 0.
    const needsPorts = hasPorts(protocol);
    tuple.setProtocol(
      protocol,
      needsPorts ? fields.uint32(FLOW.ports) : 0,
      needsPorts || protocol === PROTOCOL.gre,
    );
    return !needsPorts || fields.at(FLOW.ports) >= 0;
  }

  /** The reply's tuple; false when nothing answers that type of ICMP. */
  #invert(): boolean {
    const { view, family, sourceAt, destinationAt, protocol, ports } = this.#original;
    const reply = this.#reply;
    reply.view = view;
    reply.family = family;
    reply.sourceAt = destinationAt;
    reply.destinationAt = sourceAt;
    if (!isIcmp(protocol)) {
      reply.setProtocol(protocol, (ports << 16) | (ports >>> 16), this.#original.hasPorts);
      return true;
    }
    const type = icmpReplyType(protocol, ports >>> 24);
    if (type === undefined) return false;
    reply.setProtocol(protocol, (type << 24) | (ports & 0xffffff), false);
    return true;
  }

  /** False when the flow has no master of its own family. */
  #loadMaster(): boolean {
    const { family } = this.#original;
    const addressesAt = this.#fields.at(family === 4 ? FLOW.masterIpv4 : FLOW.masterIpv6);
    if (addressesAt < 0) return false;
    const protocol = this.#fields.uint8(FLOW.masterProtocol);
    this.#master.setAddresses(this.#fields.view, addressesAt, family);
    this.#master.setProtocol(protocol, this.#fields.uint32(FLOW.masterPorts), hasPorts(protocol));
    return true;
  }

  #writeTranslation(status: number): void {
    const isIpv4 = this.#original.family === 4;
    const { ports } = this.#original;
    const newSource = isIpv4 ? FLOW.snatIpv4 : FLOW.snatIpv6;
    const newDestination = isIpv4 ? FLOW.dnatIpv4 : FLOW.dnatIpv6;
    const isSource = this.#writeRange(CTA.natSource, newSource, FLOW.snatPort, ports >>> 16);
    const isDestination = this.#writeRange(
      CTA.natDestination,
      newDestination,
      FLOW.dnatPort,
      ports & 0xffff,
    );
    // Without it the kernel drops the bits that say "judged, and not translated", and a flow that has not been answered
    // yet would be judged by the rules again. An empty range binds the flow to what it has.
    if (!isSource && !isDestination && (status & NAT_DONE) !== 0)
      this.#writer.close(this.#writer.open(CTA.natSource));
  }

  /** A range of exactly one address and one port; false when the record has neither of the attributes. */
  #writeRange(type: number, address: number, port: number, originalPort: number): boolean {
    const fields = this.#fields;
    const withPort = hasPorts(this.#original.protocol);
    const portAt = withPort ? fields.at(port) : -1;
    const addressAt = fields.at(address);
    if (addressAt < 0 && portAt < 0) return false;
    const writer = this.#writer;
    const range = writer.open(type);
    const size = this.#original.family === 4 ? 4 : 16;
    if (addressAt >= 0)
      writer.copy(size === 4 ? NAT.ipv4Min : NAT.ipv6Min, fields.view, addressAt, size);
    if (withPort) {
      // Named even where it stays the same: left the choice, the kernel would take another one if that is in use.
      const newPort = portAt < 0 ? originalPort : fields.view.getUint16(portAt);
      const ports = writer.open(NAT.protocol);
      writer.uint16(NAT_PROTOCOL.portMin, newPort);
      writer.uint16(NAT_PROTOCOL.portMax, newPort);
      writer.close(ports);
    }
    writer.close(range);
    return true;
  }

  #writeHelper(): void {
    const at = this.#fields.at(FLOW.helper);
    if (at < 0) return;
    const help = this.#writer.open(CTA.help);
    this.#writer.text(HELP_NAME, this.#fields.view, at, this.#fields.size(FLOW.helper));
    this.#writer.close(help);
  }
}
