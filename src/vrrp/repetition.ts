/** The last packet that counted. An Active router repeats itself for years: the same bytes need no second look. */
import { type IpAddress, ipFamily } from "../base/ip.ts";
import { IPV4_AT_CHECKSUM, IPV4_AT_ID } from "../wire/ipv4.ts";
import type { ReceivedPacket } from "./admission.ts";

export class LastPacket {
  #source: IpAddress | undefined;
  #destination: IpAddress | undefined;
  #ttl = 0;
  #protocol = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;

  remember({ source, destination, ttl, protocol, bytes }: ReceivedPacket): void {
    this.#source = source;
    this.#destination = destination;
    this.#ttl = ttl;
    this.#protocol = protocol;
    this.#length = bytes.byteLength;
    if (this.#bytes.length < this.#length) this.#bytes = new Uint8Array(this.#length);
    this.#bytes.set(new Uint8Array(bytes.buffer, bytes.byteOffset, this.#length));
  }

  /** True when `packet` is that packet again, but for the identification that every IPv4 packet has of its own. */
  equals({ source, destination, ttl, protocol, bytes }: ReceivedPacket): boolean {
    if (source !== this.#source || destination !== this.#destination) return false;
    if (ttl !== this.#ttl || protocol !== this.#protocol) return false;
    if (bytes.byteLength !== this.#length) return false;
    if (ipFamily(source) === 6) return this.#sameBytes(bytes, 0, this.#length);
    return (
      this.#sameBytes(bytes, 0, IPV4_AT_ID) &&
      this.#sameBytes(bytes, IPV4_AT_ID + 2, IPV4_AT_CHECKSUM) &&
      this.#sameBytes(bytes, IPV4_AT_CHECKSUM + 2, this.#length)
    );
  }

  #sameBytes(bytes: DataView, from: number, to: number): boolean {
    for (let at = from; at < to; at += 1) if (bytes.getUint8(at) !== this.#bytes[at]) return false;
    return true;
  }
}
