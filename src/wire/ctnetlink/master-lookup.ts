/**
 * Asking the kernel for the flow that an expectation belongs to. Helpers that write another address into what is said shift
 * the sequence numbers of that flow, and the kernel reports this with no event.
 */
import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";
import { AttributeCursor, NLM_F_REQUEST } from "../netlink.ts";
import { CT_MESSAGE, CTA, CTA_EXPECT, NESTED, NFGENMSG_SIZE } from "./attributes.ts";

const HEADER_SIZE = 16;
const ATTRIBUTE_SIZE = 4;
const ZONE_SIZE = 8;
/** CTA_EXPECT_ZONE, a number in network order as in CTA_ZONE. */
const CTA_EXPECT_ZONE = 7;
/** Both addresses of IPv6, protocol and ports, each with the header of its attribute, take less than a hundred bytes. */
export const LOOKUP_SIZE_MAX = 256;

/**
 * Writes a request for the master of the expectation in the message body from `at` to `end`, struct nfgenmsg first. Returns its
 * size, or 0 when the body names no master or one that does not fit into LOOKUP_SIZE_MAX.
 */
export function writeMasterLookup(out: DataView, body: DataView, at: number, end: number): number {
  const attributes = new AttributeCursor(body, at + NFGENMSG_SIZE, end);
  let master: { readonly at: number; readonly size: number } | undefined;
  let zone: number | undefined;
  while (attributes.next()) {
    const { type, size } = attributes;
    if (type === CTA_EXPECT.master) master = { at: attributes.at, size };
    else if (type === CTA_EXPECT_ZONE && size >= 2) zone = body.getUint16(attributes.at);
  }
  if (master === undefined) return 0;
  const tupleAt = HEADER_SIZE + NFGENMSG_SIZE;
  const padded = (master.size + 3) & ~3;
  const tupleEnd = tupleAt + ATTRIBUTE_SIZE + padded;
  const size = tupleEnd + (zone === undefined ? 0 : ZONE_SIZE);
  if (size > Math.min(LOOKUP_SIZE_MAX, out.byteLength)) return 0;
  for (let offset = 0; offset < size; offset += 1) out.setUint8(offset, 0);
  out.setUint32(0, size, LE);
  out.setUint16(4, CT_MESSAGE.get, LE);
  out.setUint16(6, NLM_F_REQUEST, LE);
  out.setUint8(HEADER_SIZE, body.getUint8(at));
  out.setUint16(tupleAt, ATTRIBUTE_SIZE + master.size, LE);
  out.setUint16(tupleAt + 2, CTA.tupleOriginal | NESTED, LE);
  for (let offset = 0; offset < master.size; offset += 1)
    out.setUint8(tupleAt + ATTRIBUTE_SIZE + offset, body.getUint8(master.at + offset));
  if (zone === undefined) return size;
  out.setUint16(tupleEnd, ATTRIBUTE_SIZE + 2, LE);
  out.setUint16(tupleEnd + 2, CTA.zone, LE);
  out.setUint16(tupleEnd + 4, zone);
  return size;
}
