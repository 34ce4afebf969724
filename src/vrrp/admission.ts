/**
 * Which received packets count, and why the others do not: RFC 3768 section 7.1 and RFC 9568 section 7.1 as keepalived
 * 2.4 practises them. Bytes come in, an advertisement or the name of the first rule that refused it comes out; nothing
 * here throws. A refused packet leaves no trace: no replay memory moves and no setting is learned from it.
 *
 * Milder than keepalived in one point: VRRPv3 over IPv4 may be summed with or without a pseudo header, since RFC 9568
 * and the implementations disagree.
 */
import type { Hmac } from "../base/crypto.ts";
import { type IpAddress, ipFamily, isMulticast } from "../base/ip.ts";
import { centiseconds, type Duration, seconds } from "../base/time.ts";
import { ETHERNET_PAYLOAD_MIN } from "../wire/ethernet.ts";
import {
  IPV4_AT_TOTAL_LENGTH,
  IPV4_HEADER_SIZE,
  ipv4HeaderSize,
  PROTOCOL_AH,
  PROTOCOL_VRRP,
} from "../wire/ipv4.ts";
import { pseudoHeaderSum } from "../wire/pseudo-header.ts";
import {
  type Advertisement,
  checksumMatches,
  decodeAdvertisement,
  statedSize,
  statedVersion,
  VRRP_AT_VRID,
  VRRP_GROUP_IPV4,
  VRRP_HEADER_SIZE,
  VRRP_TTL,
} from "../wire/vrrp.ts";
import { AH_SIZE, decodeTrailer, TRAILER_SIZE } from "../wire/vrrp-auth.ts";
import { type Authenticator, authenticatorFor } from "./authentication.ts";
import { type InstanceConfig, PRIORITY_OWNER } from "./config.ts";
import type { HeardAdvertisement } from "./events.ts";
import { LastPacket } from "./repetition.ts";

/** Why a received packet did not count. */
export const REFUSAL_REASONS = [
  /** Instance or router is not able to hear yet: in fault, not initialised, or in its quiet time after start. */
  "not-ready",
  /** No instance on this interface, family and destination has the packet's VRID. */
  "unknown-vrid",
  /** Too short for an IP header and eight bytes of VRRP. */
  "truncated",
  /** Sent to a unicast address while we speak multicast or the reverse, or to another group. */
  "wrong-destination",
  /** The sender is none of the configured unicast peers. */
  "not-a-peer",
  /** TTL or hop limit is not 255, or for a unicast peer outside its configured range. */
  "bad-ttl",
  /** The VRRP version is not the configured one. */
  "bad-version",
  /** Not an advertisement, the one packet type there is. */
  "bad-type",
  /** Longer or shorter than version and address count say. */
  "bad-length",
  /** The VRRP checksum is wrong in every form that we accept. */
  "bad-checksum",
  /** Another kind of authentication than ours. */
  "authentication-type",
  /** We insist on keepalived's HMAC trailer and there is none. */
  "authentication-missing",
  /** An authentication header or trailer whose fixed fields make no sense. */
  "authentication-malformed",
  /** Signed with a key id that is not configured. */
  "authentication-unknown-key",
  /** Signed too long ago or too far in the future. */
  "authentication-stale",
  /** Wrong password, integrity check value or HMAC. */
  "authentication-failed",
  /** Correctly signed, but not newer than what this sender sent before. */
  "authentication-replayed",
  /** VRRPv2 only: the sender's advertisement interval is not ours (RFC 3768 section 7.1). */
  "interval-differs",
  /** VRRPv3: an interval of zero, of which no timer can be made. */
  "bad-interval",
  /** We own the address, advertise 255, and are told to ignore everybody else (owner_ignore_adverts). */
  "address-owner",
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export interface ReceivedPacket {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** TTL or hop limit. */
  readonly ttl: number;
  /** 51 for packets with an authentication header. */
  readonly protocol: typeof PROTOCOL_VRRP | typeof PROTOCOL_AH;
  /** The whole IPv4 packet, or the payload of the IPv6 packet, as raw sockets deliver them. */
  readonly bytes: DataView;
}

export interface AdmissionContext {
  /** Seconds since 1970, UTC; signatures are judged by it. */
  readonly wallSeconds: number;
  /** The instance is Active. */
  readonly active: boolean;
  /** Whose advertisement counted last. */
  readonly lastSource: IpAddress | undefined;
}

export type Verdict =
  | { readonly ok: true; readonly heard: HeardAdvertisement }
  | { readonly ok: false; readonly reason: RefusalReason };

/** The VRID of a packet, to find its instance by; undefined when it is too short to have one. Checks nothing else. */
export function vridOf(packet: ReceivedPacket): number | undefined {
  const offset = advertisementOffset(packet);
  return offset === undefined ? undefined : packet.bytes.getUint8(offset + VRRP_AT_VRID);
}

/** Where the advertisement begins; undefined when eight bytes of it are not there. */
function advertisementOffset({ source, protocol, bytes }: ReceivedPacket): number | undefined {
  let offset = 0;
  if (ipFamily(source) === 4) {
    if (bytes.byteLength < IPV4_HEADER_SIZE) return undefined;
    offset = ipv4HeaderSize(bytes);
    if (offset < IPV4_HEADER_SIZE) return undefined;
  }
  if (protocol === PROTOCOL_AH) offset += AH_SIZE;
  return bytes.byteLength - offset < VRRP_HEADER_SIZE ? undefined : offset;
}

/** Where the parts of a packet lie, in bytes from its start. */
interface Layout {
  readonly offset: number;
  /** End of the advertisement. */
  readonly end: number;
  /** End of the trailer; equal to `end` when there is none. */
  readonly signedEnd: number;
}

/**
 * Admission to one instance, with what must be remembered between packets: sequence numbers, the form of checksum last
 * heard, and the last packet that counted.
 */
export class Admission {
  readonly #config: InstanceConfig;
  readonly #authenticator: Authenticator;
  readonly #ownAddresses: readonly IpAddress[];
  readonly #last: LastPacket | undefined;
  #lastVerdict: Verdict | undefined;
  #oldFormHeard = false;

  /** A `predecessor` is that of the same virtual router before its configuration changed: its memory is taken over. */
  constructor(config: InstanceConfig, hmac: Hmac, predecessor?: Admission) {
    this.#config = config;
    const { type } = config.authentication;
    if (predecessor !== undefined) this.#oldFormHeard = predecessor.#oldFormHeard;
    const inherits = predecessor !== undefined && predecessor.#config.authentication.type === type;
    const inherited = inherits ? predecessor.#authenticator : undefined;
    this.#authenticator = authenticatorFor(config, hmac, inherited);
    this.#ownAddresses = config.addresses.map(({ spec }) => spec.address);
    // Where packets carry sequence numbers, the same bytes again are a replay.
    this.#last = type === "none" || type === "password" ? new LastPacket() : undefined;
  }

  /** Unicast VRRPv3 checksums are to be sent in the form of keepalived before 1.3.6. */
  get oldChecksum(): boolean {
    const { oldUnicastChecksum } = this.#config;
    return oldUnicastChecksum === "always" || (oldUnicastChecksum === "auto" && this.#oldFormHeard);
  }

  /** The highest sequence number heard in an authentication header; what is sent must be above it. */
  get sequenceHeard(): number {
    return this.#authenticator.sequenceHeard;
  }

  /** Judges one packet. The bytes are not kept. */
  admit(packet: ReceivedPacket, context: AdmissionContext): Verdict {
    if (this.#lastVerdict !== undefined && this.#last?.equals(packet) === true)
      return this.#lastVerdict;
    const offset = advertisementOffset(packet);
    if (offset === undefined) return refuse("truncated");
    const misfit = this.#envelopeMisfit(packet) ?? this.#headerMisfit(packet, offset);
    if (misfit !== undefined) return refuse(misfit);
    const layout = this.#layout(packet.bytes, offset);
    return typeof layout === "string" ? refuse(layout) : this.#judge(packet, layout, context);
  }

  /** Where it came from, went to, and how far it travelled. */
  #envelopeMisfit({ source, destination, ttl }: ReceivedPacket): RefusalReason | undefined {
    const { transport, authentication } = this.#config;
    if (transport.type === "multicast") {
      if (destination !== transport.group) return "wrong-destination";
      return ttl === VRRP_TTL ? undefined : "bad-ttl";
    }
    if (isMulticast(destination)) return "wrong-destination";
    if (!transport.checkSource && authentication.type !== "hmac") return undefined;
    const peer = transport.peers.find(({ address }) => address === source);
    if (peer === undefined) return "not-a-peer";
    const inRange = !transport.checkSource || (ttl >= peer.ttlMin && ttl <= peer.ttlMax);
    return inRange ? undefined : "bad-ttl";
  }

  /** What the first bytes say, of which the length depends. */
  #headerMisfit({ protocol, bytes }: ReceivedPacket, offset: number): RefusalReason | undefined {
    const { authentication, version, vrid } = this.#config;
    if ((protocol === PROTOCOL_AH) !== (authentication.type === "header"))
      return "authentication-type";
    if (statedVersion(bytes, offset) !== version) return "bad-version";
    return bytes.getUint8(offset + VRRP_AT_VRID) === vrid ? undefined : "unknown-vrid";
  }

  #layout(bytes: DataView, offset: number): Layout | RefusalReason {
    const { family, authentication } = this.#config;
    const size = statedSize(bytes, offset, family);
    if (!size.ok) return size.fault;
    const end = offset + size.value;
    const hasTrailer = bytes.byteLength === end + TRAILER_SIZE;
    if (hasTrailer && authentication.type !== "hmac")
      // A peer that signs while we do not is told apart from garbage.
      return decodeTrailer(bytes, end).ok ? "authentication-type" : "bad-length";
    const signedEnd = hasTrailer ? bytes.byteLength : end;
    const fits = family === 4 ? lengthFits(bytes, signedEnd) : bytes.byteLength === signedEnd;
    return fits ? { offset, end, signedEnd } : "bad-length";
  }

  #judge(packet: ReceivedPacket, layout: Layout, context: AdmissionContext): Verdict {
    const { bytes, source } = packet;
    const form = this.#checksumForm(packet, layout);
    if (form === undefined) return refuse("bad-checksum");
    const advertisement = decodeAdvertisement(
      part(bytes, layout.offset, layout.end),
      this.#config.family,
    );
    if (!advertisement.ok) return refuse(advertisement.fault);
    const claim = {
      source,
      datagram: part(bytes, 0, layout.signedEnd),
      offset: layout.offset,
      advertisement: advertisement.value,
      signed:
        layout.signedEnd > layout.end ? part(bytes, layout.offset, layout.signedEnd) : undefined,
    };
    const reason =
      this.#authenticator.check(claim, context.wallSeconds) ??
      this.#contentMisfit(advertisement.value);
    if (reason !== undefined) return refuse(reason);
    this.#authenticator.remember(source);
    this.#oldFormHeard = form === "old";
    return this.#accept(packet, advertisement.value, context);
  }

  /** Which sum the checksum is right for; undefined when for none that we accept. */
  #checksumForm(packet: ReceivedPacket, layout: Layout): "usual" | "old" | undefined {
    const { version, family, transport, oldUnicastChecksum } = this.#config;
    const { source, destination, bytes } = packet;
    // In IPv6 the kernel computes the sum, over everything it is given; in IPv4 keepalived leaves its trailer out.
    const covered = part(bytes, layout.offset, family === 6 ? layout.signedEnd : layout.end);
    if (version === 2) return checksumMatches(covered, 0) ? "usual" : undefined;
    const header = { source, destination, protocol: PROTOCOL_VRRP, length: covered.byteLength };
    if (checksumMatches(covered, pseudoHeaderSum(header))) return "usual";
    if (family === 6) return undefined;
    if (checksumMatches(covered, 0)) return "usual";
    if (transport.type === "multicast" || oldUnicastChecksum === "never") return undefined;
    const oldHeader = { ...header, destination: VRRP_GROUP_IPV4 };
    return checksumMatches(covered, pseudoHeaderSum(oldHeader)) ? "old" : undefined;
  }

  #contentMisfit(advertisement: Advertisement): RefusalReason | undefined {
    const { interval, ownerIgnoresAdverts, priority } = this.#config;
    if (advertisement.version === 2 && intervalOf(advertisement) !== interval)
      return "interval-differs";
    if (intervalOf(advertisement) === 0) return "bad-interval";
    return ownerIgnoresAdverts && priority === PRIORITY_OWNER ? "address-owner" : undefined;
  }

  #accept(
    packet: ReceivedPacket,
    advertisement: Advertisement,
    context: AdmissionContext,
  ): Verdict {
    const { source } = packet;
    const trusted =
      this.#config.skipAddressCheck && !context.active && source === context.lastSource;
    const heard: HeardAdvertisement = {
      priority: advertisement.priority,
      interval: intervalOf(advertisement),
      sameAddresses: trusted || this.#hasOwnAddresses(advertisement.addresses),
    };
    const verdict: Verdict = { ok: true, heard };
    // An unchecked list must not pass for a checked one when the same packet comes again.
    if (!trusted && this.#last !== undefined) {
      this.#last.remember(packet);
      this.#lastVerdict = verdict;
    }
    return verdict;
  }

  /** The order does not matter (keepalived; no RFC says). */
  #hasOwnAddresses(heard: readonly IpAddress[]): boolean {
    if (heard.length !== this.#ownAddresses.length) return false;
    const present = new Set(heard);
    return this.#ownAddresses.every((address) => present.has(address));
  }
}

const refuse = (reason: RefusalReason): Verdict => ({ ok: false, reason });

const intervalOf = (advertisement: Advertisement): Duration =>
  advertisement.version === 2
    ? seconds(advertisement.intervalSeconds)
    : centiseconds(advertisement.intervalCs);

const part = (bytes: DataView, from: number, to: number): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset + from, to - from);

/**
 * True when an IPv4 packet ends where it must, or there is padding behind it such as fills short Ethernet frames. VLAN
 * tags of four bytes may have taken part of the padding's place, so that only its size modulo four is known.
 */
function lengthFits(bytes: DataView, end: number): boolean {
  const length = bytes.byteLength;
  const totalLength = bytes.getUint16(IPV4_AT_TOTAL_LENGTH);
  if (length === end) return totalLength === end;
  if (length < end || length > ETHERNET_PAYLOAD_MIN) return false;
  const isPadding = (length - end) % 4 === ETHERNET_PAYLOAD_MIN % 4;
  return isPadding && (totalLength === end || totalLength === length);
}
