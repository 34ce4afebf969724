import { type Mac, macFromBytes, writeMac } from "../base/mac.ts";
import { type Decoded, decoded, refused } from "../base/result.ts";

// Ethernet II header: destination (6 bytes), source (6 bytes), type (2 bytes).
const AT_SOURCE = 6;
const AT_TYPE = 12;
export const ETHERNET_HEADER_SIZE = 14;
/** The shortest payload that needs no padding on the wire (IEEE 802.3: 64 bytes less header and check sequence). */
export const ETHERNET_PAYLOAD_MIN = 46;

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;

export interface EthernetHeader {
  readonly destination: Mac;
  readonly source: Mac;
  readonly type: number;
}

/** Writes the header at the start of `out` and returns its 14 bytes' size. */
export function encodeEthernetHeader(header: EthernetHeader, out: DataView): number {
  writeMac(out, 0, header.destination);
  writeMac(out, AT_SOURCE, header.source);
  out.setUint16(AT_TYPE, header.type);
  return ETHERNET_HEADER_SIZE;
}

export function decodeEthernetHeader(frame: DataView): Decoded<EthernetHeader, "truncated"> {
  if (frame.byteLength < ETHERNET_HEADER_SIZE) return refused("truncated");
  return decoded({
    destination: readMac(frame, 0),
    source: readMac(frame, AT_SOURCE),
    type: frame.getUint16(AT_TYPE),
  });
}

/** The six bytes at `offset`. The caller has checked the length. */
export const readMac = (view: DataView, offset: number): Mac =>
  macFromBytes(new Uint8Array(view.buffer, view.byteOffset + offset, 6));
