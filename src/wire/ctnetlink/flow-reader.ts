/**
 * The kernel's conntrack messages as flow records: what conntrackd 1.4.7 would send for the same message, with these
 * differences, all of which every receiver takes: flows of UDP-Lite have ports, so that they can be told apart; ICMP
 * flows have no meaningless port translation; all-zero SYNPROXY data, which the kernel attaches to every flow that was
 * made over netlink, and ports that the kernel did not tell are left out.
 */
import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";
import { FLOW, FLOW_TABLE, HELPER_NAME_MAX, LABELS_SIZE_MAX } from "../flow-attributes.ts";
import { hasPorts, isIcmp, PROTOCOL, STATUS } from "../flow-numbers.ts";
import type { Span } from "../flow-record.ts";
import {
  AttributeIndex,
  CTA,
  CTA_COUNT,
  DCCP_STATE,
  HELP_NAME,
  PROTOCOL_STATE,
  SCTP_STATE,
  SEQUENCE,
  SYNPROXY,
  TCP_STATE,
} from "./attributes.ts";
import { RecordWriter } from "./record-writer.ts";
import { textSize } from "./text-size.ts";
import { TupleReader } from "./tuple-reader.ts";

export interface TranscodeOptions {
  /** Whether records carry TIMEOUT: not where CommitTimeout is configured. */
  readonly timeouts: boolean;
  /** Whether records of TCP flows carry window scales (TCPWindowTracking). */
  readonly windowScales: boolean;
}

const NESTED_COUNT = 8;
const NAT_DONE = STATUS.sourceNatDone | STATUS.destinationNatDone;

/** Reads messages of events and dumps. One reader serves any number of messages and allocates nothing. */
export class FlowReader {
  readonly #options: TranscodeOptions;
  readonly #writer: RecordWriter = new RecordWriter(FLOW_TABLE.recordSizeMax);
  readonly #top: AttributeIndex = new AttributeIndex(CTA_COUNT);
  readonly #nested: AttributeIndex = new AttributeIndex(NESTED_COUNT);
  readonly #original: TupleReader = new TupleReader();
  readonly #other: TupleReader = new TupleReader();

  constructor(options: TranscodeOptions) {
    this.#options = options;
  }

  /** The record read last; overwritten by the next read. */
  get record(): Span {
    return this.#writer.record;
  }

  /** Takes the attributes of a message, those behind its nfgenmsg. False: it has no tuple to know the flow by. */
  read({ view, at, size }: Span): boolean {
    this.#writer.clear();
    this.#top.read(view, at, at + size);
    if (!this.#original.read(view, this.#top.headerAt(CTA.tupleOriginal))) return false;
    const status = this.#status(view);
    this.#writeIdentity(view, status);
    this.#writeProtocolState(view);
    this.#writeIcmp();
    this.#writeTimeoutAndMark(view);
    this.#writeMaster(view);
    this.#writeTranslation(view, status ?? 0);
    this.#writeSequenceAdjustment(view);
    this.#writeHelper(view);
    this.#writeLabels(view);
    this.#writeSynproxy(view);
    this.#writeZone(view);
    return true;
  }

  #status(view: DataView): number | undefined {
    const at = this.#top.valueAt(view, CTA.status, 4);
    return at < 0 ? undefined : view.getUint32(at);
  }

  #writeIdentity(view: DataView, status: number | undefined): void {
    const tuple = this.#original;
    const writer = this.#writer;
    writer.addresses(tuple.family === 4 ? FLOW.ipv4 : FLOW.ipv6, view, tuple);
    if (status !== undefined) writer.uint32(FLOW.status, status);
    writer.uint8(FLOW.protocol, tuple.protocol);
    if (tuple.portsKnown && hasPorts(tuple.protocol)) writer.uint32(FLOW.ports, tuple.ports);
  }

  #writeProtocolState(view: DataView): void {
    const stateAt = this.#top.headerAt(CTA.protocolState);
    if (stateAt < 0) return;
    this.#nested.readNested(view, stateAt);
    const { protocol } = this.#original;
    if (protocol === PROTOCOL.tcp) this.#writeTcp(view);
    else if (protocol === PROTOCOL.sctp) this.#writeSctp(view);
    else if (protocol === PROTOCOL.dccp) this.#writeDccp(view);
  }

  #writeTcp(view: DataView): void {
    const inner = this.#nested;
    inner.readNested(view, inner.headerAt(PROTOCOL_STATE.tcp));
    this.#copyUint8(view, TCP_STATE.state, FLOW.tcpState);
    if (!this.#options.windowScales) return;
    this.#copyUint8(view, TCP_STATE.scaleOriginal, FLOW.tcpScaleOriginal);
    this.#copyUint8(view, TCP_STATE.scaleReply, FLOW.tcpScaleReply);
  }

  #writeSctp(view: DataView): void {
    const inner = this.#nested;
    inner.readNested(view, inner.headerAt(PROTOCOL_STATE.sctp));
    this.#copyUint8(view, SCTP_STATE.state, FLOW.sctpState);
    const originalAt = inner.valueAt(view, SCTP_STATE.tagOriginal, 4);
    const replyAt = inner.valueAt(view, SCTP_STATE.tagReply, 4);
    if (originalAt >= 0) this.#writer.uint32(FLOW.sctpTagOriginal, view.getUint32(originalAt));
    if (replyAt >= 0) this.#writer.uint32(FLOW.sctpTagReply, view.getUint32(replyAt));
  }

  #writeDccp(view: DataView): void {
    const inner = this.#nested;
    inner.readNested(view, inner.headerAt(PROTOCOL_STATE.dccp));
    this.#copyUint8(view, DCCP_STATE.state, FLOW.dccpState);
    this.#copyUint8(view, DCCP_STATE.role, FLOW.dccpRole);
  }

  #copyUint8(view: DataView, type: number, number: number): void {
    const at = this.#nested.valueAt(view, type, 1);
    if (at >= 0) this.#writer.uint8(number, view.getUint8(at));
  }

  #writeIcmp(): void {
    const { protocol, ports } = this.#original;
    if (!isIcmp(protocol)) return;
    this.#writer.uint8(FLOW.icmpType, ports >>> 24);
    this.#writer.uint8(FLOW.icmpCode, (ports >>> 16) & 0xff);
    this.#writer.uint16(FLOW.icmpId, ports & 0xffff);
  }

  #writeTimeoutAndMark(view: DataView): void {
    const timeoutAt = this.#options.timeouts ? this.#top.valueAt(view, CTA.timeout, 4) : -1;
    if (timeoutAt >= 0) this.#writer.uint32(FLOW.timeout, view.getUint32(timeoutAt));
    const markAt = this.#top.valueAt(view, CTA.mark, 4);
    if (markAt >= 0) this.#writer.uint32(FLOW.mark, view.getUint32(markAt));
  }

  #writeMaster(view: DataView): void {
    const master = this.#other;
    if (!master.read(view, this.#top.headerAt(CTA.tupleMaster))) return;
    const writer = this.#writer;
    writer.addresses(master.family === 4 ? FLOW.masterIpv4 : FLOW.masterIpv6, view, master);
    writer.uint8(FLOW.masterProtocol, master.protocol);
    if (master.portsKnown && hasPorts(master.protocol))
      writer.uint32(FLOW.masterPorts, master.ports);
  }

  /** What the reply's tuple differs in from the inverse of the original one. */
  #writeTranslation(view: DataView, status: number): void {
    if ((status & NAT_DONE) === 0) return;
    const reply = this.#other;
    if (!reply.read(view, this.#top.headerAt(CTA.tupleReply))) return;
    if (reply.family !== this.#original.family) return;
    this.#writeNewAddresses(view, status);
    if (reply.portsKnown && hasPorts(reply.protocol)) this.#writeNewPorts(status);
  }

  #writeNewAddresses(view: DataView, status: number): void {
    const original = this.#original;
    const { sourceAt, destinationAt } = this.#other;
    const isIpv4 = original.family === 4;
    const size = isIpv4 ? 4 : 16;
    const isSource = (status & STATUS.sourceNatDone) !== 0;
    const isDestination = (status & STATUS.destinationNatDone) !== 0;
    if (isSource && !sameWords(view, destinationAt, original.sourceAt, size))
      this.#writer.address(isIpv4 ? FLOW.snatIpv4 : FLOW.snatIpv6, view, destinationAt, size);
    if (isDestination && !sameWords(view, sourceAt, original.destinationAt, size))
      this.#writer.address(isIpv4 ? FLOW.dnatIpv4 : FLOW.dnatIpv6, view, sourceAt, size);
  }

  #writeNewPorts(status: number): void {
    const { ports } = this.#original;
    const newSource = this.#other.ports & 0xffff;
    const newDestination = this.#other.ports >>> 16;
    if ((status & STATUS.sourceNatDone) !== 0 && newSource !== ports >>> 16)
      this.#writer.uint16(FLOW.snatPort, newSource);
    if ((status & STATUS.destinationNatDone) !== 0 && newDestination !== (ports & 0xffff))
      this.#writer.uint16(FLOW.dnatPort, newDestination);
  }

  /** Only when both directions are complete. */
  #writeSequenceAdjustment(view: DataView): void {
    const originalAt = this.#top.headerAt(CTA.sequenceOriginal);
    const replyAt = this.#top.headerAt(CTA.sequenceReply);
    if (originalAt < 0 || replyAt < 0) return;
    const sizeBefore = this.#writer.record.size;
    const at = this.#writer.start(FLOW.sequenceAdjustment, 24);
    const isComplete =
      this.#copyDirection(view, originalAt, at) && this.#copyDirection(view, replyAt, at + 12);
    if (!isComplete) this.#writer.record.size = sizeBefore;
  }

  #copyDirection(view: DataView, from: number, to: number): boolean {
    const inner = this.#nested;
    inner.readNested(view, from);
    const correctionAt = inner.valueAt(view, SEQUENCE.correction, 4);
    const beforeAt = inner.valueAt(view, SEQUENCE.before, 4);
    const afterAt = inner.valueAt(view, SEQUENCE.after, 4);
    if (correctionAt < 0 || beforeAt < 0 || afterAt < 0) return false;
    const out = this.#writer.record.view;
    out.setUint32(to, view.getUint32(correctionAt));
    out.setUint32(to + 4, view.getUint32(beforeAt));
    out.setUint32(to + 8, view.getUint32(afterAt));
    return true;
  }

  /** Not one whose name receivers would refuse the whole message for. */
  #writeHelper(view: DataView): void {
    const helpAt = this.#top.headerAt(CTA.help);
    if (helpAt < 0) return;
    this.#nested.readNested(view, helpAt);
    const nameAt = this.#nested.headerAt(HELP_NAME);
    const size = nameAt < 0 ? 0 : textSize(view, nameAt);
    if (size === 0 || size > HELPER_NAME_MAX) return;
    const at = this.#writer.start(FLOW.helper, size + 1);
    for (let index = 0; index < size; index += 1)
      this.#writer.record.view.setUint8(at + index, view.getUint8(nameAt + 4 + index));
  }

  /** The kernel's words are in host order. */
  #writeLabels(view: DataView): void {
    const labelsAt = this.#top.headerAt(CTA.labels);
    if (labelsAt < 0) return;
    const size = Math.min((view.getUint16(labelsAt, LE) - 4) & ~3, LABELS_SIZE_MAX);
    let any = 0;
    for (let word = 0; word < size; word += 4) any |= view.getInt32(labelsAt + 4 + word, LE);
    if (any === 0) return;
    const at = this.#writer.start(FLOW.labels, size);
    const out = this.#writer.record.view;
    for (let word = 0; word < size; word += 4)
      out.setUint32(at + word, view.getUint32(labelsAt + 4 + word, LE));
  }

  #writeSynproxy(view: DataView): void {
    const synproxyAt = this.#top.headerAt(CTA.synproxy);
    if (synproxyAt < 0) return;
    const inner = this.#nested;
    inner.readNested(view, synproxyAt);
    const timestampAt = inner.valueAt(view, SYNPROXY.timestamp, 4);
    const sequenceAt = inner.valueAt(view, SYNPROXY.sequence, 4);
    const offsetAt = inner.valueAt(view, SYNPROXY.offset, 4);
    if (timestampAt < 0 || sequenceAt < 0 || offsetAt < 0) return;
    const timestamp = view.getUint32(timestampAt);
    const sequence = view.getUint32(sequenceAt);
    const offset = view.getUint32(offsetAt);
    if (timestamp === 0 && sequence === 0 && offset === 0) return;
    const at = this.#writer.start(FLOW.synproxy, 12);
    const out = this.#writer.record.view;
    out.setUint32(at, timestamp);
    out.setUint32(at + 4, sequence);
    out.setUint32(at + 8, offset);
  }

  #writeZone(view: DataView): void {
    const at = this.#top.valueAt(view, CTA.zone, 2);
    if (at >= 0) this.#writer.uint16(FLOW.zone, view.getUint16(at));
  }
}

function sameWords(view: DataView, a: number, b: number, size: number): boolean {
  for (let offset = 0; offset < size; offset += 4)
    if (view.getUint32(a + offset) !== view.getUint32(b + offset)) return false;
  return true;
}
