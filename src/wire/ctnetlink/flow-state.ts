/** What requests that create and that update a flow tell alike: protocol state, mark, labels, and the rest of it. */
import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";
import { FLOW } from "../flow-attributes.ts";
import type { RecordFields } from "../flow-fields.ts";
import { PROTOCOL } from "../flow-numbers.ts";
import {
  CTA,
  DCCP_STATE,
  PROTOCOL_STATE,
  SCTP_STATE,
  SEQUENCE,
  SYNPROXY,
  TCP_STATE,
} from "./attributes.ts";
import type { RequestWriter } from "./request-writer.ts";

/** IP_CT_TCP_FLAG_*. */
const TCP_WINDOW_SCALE = 0x01;
const TCP_BE_LIBERAL = 0x08;

/** With `liberal` the kernel is to accept TCP segments outside of the window that it knows. */
export function writeFlowState(
  writer: RequestWriter,
  fields: RecordFields,
  liberal: boolean,
): void {
  const protocol = fields.uint8(FLOW.protocol);
  if (protocol === PROTOCOL.tcp) writeTcp(writer, fields, liberal);
  else if (protocol === PROTOCOL.sctp) writeSctp(writer, fields);
  else if (protocol === PROTOCOL.dccp) writeDccp(writer, fields);
  if (fields.has(FLOW.mark)) writer.uint32(CTA.mark, fields.uint32(FLOW.mark));
  writeSequenceAdjustment(writer, fields);
  writeLabels(writer, fields);
  writeSynproxy(writer, fields);
  writeZone(writer, fields);
}

export function writeZone(writer: RequestWriter, fields: RecordFields): void {
  if (fields.has(FLOW.zone)) writer.uint16(CTA.zone, fields.uint16(FLOW.zone));
}

/** The kernel takes window scales only where the flag says that both sides use them. */
function writeTcp(writer: RequestWriter, fields: RecordFields, liberal: boolean): void {
  const scaleOriginal = fields.uint8(FLOW.tcpScaleOriginal);
  const scaleReply = fields.uint8(FLOW.tcpScaleReply);
  const isScaled = (scaleOriginal | scaleReply) !== 0;
  const flags = (liberal ? TCP_BE_LIBERAL : 0) | (isScaled ? TCP_WINDOW_SCALE : 0);
  const state = writer.open(CTA.protocolState);
  const tcp = writer.open(PROTOCOL_STATE.tcp);
  if (fields.has(FLOW.tcpState)) writer.uint8(TCP_STATE.state, fields.uint8(FLOW.tcpState));
  if (flags !== 0) {
    writer.bytes(TCP_STATE.flagsOriginal, flags, flags);
    writer.bytes(TCP_STATE.flagsReply, flags, flags);
  }
  if (isScaled) {
    writer.uint8(TCP_STATE.scaleOriginal, scaleOriginal);
    writer.uint8(TCP_STATE.scaleReply, scaleReply);
  }
  writer.close(tcp);
  writer.close(state);
}

/** The kernel refuses a state without both tags. */
function writeSctp(writer: RequestWriter, fields: RecordFields): void {
  const { sctpState, sctpTagOriginal, sctpTagReply } = FLOW;
  if (!fields.has(sctpState) || !fields.has(sctpTagOriginal) || !fields.has(sctpTagReply)) return;
  const state = writer.open(CTA.protocolState);
  const sctp = writer.open(PROTOCOL_STATE.sctp);
  writer.uint8(SCTP_STATE.state, fields.uint8(sctpState));
  writer.uint32(SCTP_STATE.tagOriginal, fields.uint32(sctpTagOriginal));
  writer.uint32(SCTP_STATE.tagReply, fields.uint32(sctpTagReply));
  writer.close(sctp);
  writer.close(state);
}

/** The kernel refuses a state without the role. */
function writeDccp(writer: RequestWriter, fields: RecordFields): void {
  if (!fields.has(FLOW.dccpState) || !fields.has(FLOW.dccpRole)) return;
  const state = writer.open(CTA.protocolState);
  const dccp = writer.open(PROTOCOL_STATE.dccp);
  writer.uint8(DCCP_STATE.state, fields.uint8(FLOW.dccpState));
  writer.uint8(DCCP_STATE.role, fields.uint8(FLOW.dccpRole));
  writer.close(dccp);
  writer.close(state);
}

function writeSequenceAdjustment(writer: RequestWriter, fields: RecordFields): void {
  const at = fields.at(FLOW.sequenceAdjustment);
  if (at < 0) return;
  writeDirection(writer, CTA.sequenceOriginal, fields.view, at);
  writeDirection(writer, CTA.sequenceReply, fields.view, at + 12);
}

function writeDirection(writer: RequestWriter, type: number, view: DataView, at: number): void {
  const direction = writer.open(type);
  writer.uint32(SEQUENCE.correction, view.getUint32(at));
  writer.uint32(SEQUENCE.before, view.getUint32(at + 4));
  writer.uint32(SEQUENCE.after, view.getUint32(at + 8));
  writer.close(direction);
}

/** The kernel's words are in host order. */
function writeLabels(writer: RequestWriter, fields: RecordFields): void {
  const at = fields.at(FLOW.labels);
  const size = fields.size(FLOW.labels);
  if (size === 0) return;
  const to = writer.value(CTA.labels, size);
  for (let word = 0; word < size; word += 4)
    writer.view.setUint32(to + word, fields.view.getUint32(at + word), LE);
}

function writeSynproxy(writer: RequestWriter, fields: RecordFields): void {
  const at = fields.at(FLOW.synproxy);
  if (at < 0) return;
  const synproxy = writer.open(CTA.synproxy);
  writer.uint32(SYNPROXY.timestamp, fields.view.getUint32(at));
  writer.uint32(SYNPROXY.sequence, fields.view.getUint32(at + 4));
  writer.uint32(SYNPROXY.offset, fields.view.getUint32(at + 8));
  writer.close(synproxy);
}
