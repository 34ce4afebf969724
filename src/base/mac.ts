import type { Brand } from "./brand.ts";

/** An Ethernet address in lower-case colon form: "02:00:00:00:00:0a". */
export type Mac = Brand<string, "Mac">;

export const MAC_SIZE = 6;
export const BROADCAST_MAC: Mac = "ff:ff:ff:ff:ff:ff" as Mac;

/** Reads six colon- or dash-separated octets. */
export function parseMac(text: string): Mac | undefined {
  const octets = text.split(/[:-]/);
  if (octets.length !== MAC_SIZE || !octets.every((octet) => /^[0-9a-fA-F]{1,2}$/.test(octet)))
    return undefined;
  return octets.map((octet) => octet.toLowerCase().padStart(2, "0")).join(":") as Mac;
}

export const macFromBytes = (bytes: Uint8Array): Mac =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":") as Mac;

export const macBytes = (mac: Mac): Uint8Array =>
  Uint8Array.from(mac.split(":"), (octet) => Number.parseInt(octet, 16));

export function writeMac(view: DataView, offset: number, mac: Mac): void {
  for (const [index, byte] of macBytes(mac).entries()) view.setUint8(offset + index, byte);
}

/** The virtual router MAC of RFC 9568 section 7.3: 00-00-5E-00-01-{VRID} for IPv4, -02- for IPv6. */
export const virtualMac = (family: 4 | 6, vrid: number): Mac =>
  `00:00:5e:00:0${family === 4 ? 1 : 2}:${vrid.toString(16).padStart(2, "0")}` as Mac;
