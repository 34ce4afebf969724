/**
 * The advertisements that one instance sends: for IPv4 whole packets with their header, as IP_HDRINCL wants them; for
 * IPv6 the payload, since the kernel writes that header itself. They are built once; then only what changed is written.
 */
import type { Hmac } from "../base/crypto.ts";
import { anyAddress, type IpAddress, type IpFamily, ipSize, writeIp } from "../base/ip.ts";
import { centiseconds, seconds } from "../base/time.ts";
import { ETHERNET_HEADER_SIZE } from "../wire/ethernet.ts";
import {
  encodeIpv4Header,
  IPV4_AT_DESTINATION,
  IPV4_AT_ID,
  IPV4_AT_SOURCE,
  IPV4_HEADER_SIZE,
  PROTOCOL_AH,
  PROTOCOL_VRRP,
  TOS_INTERNETWORK_CONTROL,
  updateIpv4Checksum,
} from "../wire/ipv4.ts";
import { IPV6_HEADER_SIZE } from "../wire/ipv6.ts";
import { pseudoHeaderSum } from "../wire/pseudo-header.ts";
import {
  type Advertisement,
  advertisementSize,
  encodeAdvertisement,
  VRRP_ADDRESSES_MAX,
  VRRP_AT_PRIORITY,
  VRRP_GROUP_IPV4,
  VRRP_TTL,
  writeChecksum,
} from "../wire/vrrp.ts";
import { AH_SIZE, TRAILER_SIZE } from "../wire/vrrp-auth.ts";
import { authenticationData, authenticationType, headerSecret } from "./authentication.ts";
import type { Authentication, InstanceConfig } from "./config.ts";
import { HeaderSigner, TrailerSigner } from "./signing.ts";

/** What of an advertisement is neither configuration nor state. */
export interface SendingContext {
  /** Microseconds since 1970, UTC; signatures carry it. */
  readonly wallMicroseconds: number;
  /** Admission's `oldChecksum`: answer unicast peers as keepalived before 1.3.6 would. */
  readonly oldChecksum: boolean;
  /** Admission's `sequenceHeard`. */
  readonly sequenceHeard: number;
}

/** `begin` one advertisement, then have it addressed `to` each destination; or both at once with `datagram`. */
export class Outgoing {
  readonly #config: InstanceConfig;
  readonly #headerSigner: HeaderSigner | undefined;
  readonly #trailerSigner: TrailerSigner | undefined;
  readonly #bytes: Uint8Array;
  /** The whole packet, the advertisement with its trailer, and what the VRRP checksum covers. */
  readonly #packet: DataView;
  readonly #signed: DataView;
  readonly #covered: DataView;
  readonly #coversAddresses: boolean;

  #identification = 0;
  #priority = 0;
  #source: IpAddress;
  #destination: IpAddress;
  #oldChecksum = false;
  /** The destination that the checksum in the packet was computed for; undefined when it is out of date. */
  #checksumFor: IpAddress | undefined;

  /**
   * A `predecessor` is that of the same virtual router before its configuration changed: peers that remember sequence
   * numbers would believe nothing that begins again.
   */
  constructor(config: InstanceConfig, hmac: Hmac, predecessor?: Outgoing) {
    const { family, version, authentication, checksum } = config;
    const before = headersSize(family, authentication);
    const size = advertisementSize(version, family, config.addresses.length);
    const after = trailerSize(authentication);
    this.#config = config;
    if (authentication.type === "header")
      this.#headerSigner = new HeaderSigner(
        headerSecret(authentication, config.transport, hmac),
        predecessor === undefined ? undefined : predecessor.#headerSigner,
      );
    if (authentication.type === "hmac" && after > 0)
      this.#trailerSigner = new TrailerSigner(
        authentication,
        hmac,
        predecessor === undefined ? undefined : predecessor.#trailerSigner,
      );
    if (predecessor !== undefined) this.#identification = predecessor.#identification;
    this.#bytes = new Uint8Array(before + size + after);
    this.#packet = new DataView(this.#bytes.buffer);
    this.#signed = new DataView(this.#bytes.buffer, before);
    // The kernel's checksum of IPv6 covers the trailer; keepalived's own of IPv4 does not.
    this.#covered = family === 6 ? this.#signed : new DataView(this.#bytes.buffer, before, size);
    this.#coversAddresses = family === 6 || (version === 3 && checksum === "pseudo-header");
    this.#source = anyAddress(family);
    this.#destination = anyAddress(family);
    this.#build();
  }

  /** The advertisement of `priority` for a single destination. The bytes are valid until the next call of any method. */
  datagram(
    priority: number,
    source: IpAddress,
    destination: IpAddress,
    context: SendingContext,
  ): Uint8Array {
    this.begin(priority, source, context);
    return this.to(destination);
  }

  /** Begins the next advertisement: identification, sequence number and signature are those of all its copies. */
  begin(priority: number, source: IpAddress, context: SendingContext): void {
    if (priority !== this.#priority) this.#setPriority(priority);
    if (source !== this.#source) this.#setSource(source);
    if (context.oldChecksum !== this.#oldChecksum) {
      this.#oldChecksum = context.oldChecksum;
      this.#checksumFor = undefined;
    }
    if (this.#config.family === 4) this.#advanceIdentification();
    this.#headerSigner?.advance(context.sequenceHeard);
    if (this.#trailerSigner === undefined) return;
    this.#trailerSigner.sign(this.#signed, source, context.wallMicroseconds);
    if (this.#covered === this.#signed) this.#checksumFor = undefined;
  }

  /** The begun advertisement for one destination. The bytes are valid until the next call of any method. */
  to(destination: IpAddress): Uint8Array {
    if (this.#config.family === 6) {
      this.#updateChecksum(destination);
      return this.#bytes;
    }
    if (destination !== this.#destination) {
      this.#destination = destination;
      writeIp(this.#packet, IPV4_AT_DESTINATION, destination);
    }
    const isOld = this.#oldChecksum && this.#config.transport.type === "unicast";
    this.#updateChecksum(isOld ? VRRP_GROUP_IPV4 : destination);
    this.#headerSigner?.sign(this.#packet, IPV4_HEADER_SIZE, this.#source);
    updateIpv4Checksum(this.#packet);
    return this.#bytes;
  }

  /** Writes everything once, with a priority, source and destination still to come. */
  #build(): void {
    const { family, authentication, transport } = this.#config;
    encodeAdvertisement(advertisementOf(this.#config, this.#priority), this.#signed);
    if (family === 6) return;
    const header = {
      totalLength: this.#bytes.length,
      tos: TOS_INTERNETWORK_CONTROL,
      id: this.#identification,
      fragment: 0,
      ttl: transport.type === "unicast" ? (transport.ttl ?? VRRP_TTL) : VRRP_TTL,
      protocol: authentication.type === "header" ? PROTOCOL_AH : PROTOCOL_VRRP,
      source: this.#source,
      destination: this.#destination,
    };
    encodeIpv4Header(header, this.#packet);
  }

  #setPriority(priority: number): void {
    this.#priority = priority;
    this.#signed.setUint8(VRRP_AT_PRIORITY, priority);
    this.#checksumFor = undefined;
  }

  #setSource(source: IpAddress): void {
    this.#source = source;
    this.#checksumFor = undefined;
    if (this.#config.family === 4) writeIp(this.#packet, IPV4_AT_SOURCE, source);
  }

  /** From 1 to 65535, over and over: the kernel replaces 0 by a number of its own. */
  #advanceIdentification(): void {
    this.#identification = (this.#identification % 0xffff) + 1;
    this.#packet.setUint16(IPV4_AT_ID, this.#identification);
  }

  #updateChecksum(destination: IpAddress): void {
    if (this.#checksumFor !== undefined && !this.#coversAddresses) return;
    if (this.#checksumFor === destination) return;
    const seed = this.#coversAddresses
      ? pseudoHeaderSum({
          source: this.#source,
          destination,
          protocol: PROTOCOL_VRRP,
          length: this.#covered.byteLength,
        })
      : 0;
    writeChecksum(this.#covered, seed);
    this.#checksumFor = destination;
  }
}

function advertisementOf(config: InstanceConfig, priority: number): Advertisement {
  const { version, vrid, interval, authentication } = config;
  const addresses = config.addresses.map(({ spec }) => spec.address);
  if (version === 3)
    return { version, vrid, priority, intervalCs: interval / centiseconds(1), addresses };
  return {
    version,
    vrid,
    priority,
    authenticationType: authenticationType(authentication),
    intervalSeconds: interval / seconds(1),
    addresses,
    authenticationData: authenticationData(authentication),
  };
}

/** Bytes before the advertisement in what we hand to the kernel. */
function headersSize(family: IpFamily, authentication: Authentication): number {
  if (family === 6) return 0;
  return IPV4_HEADER_SIZE + (authentication.type === "header" ? AH_SIZE : 0);
}

const trailerSize = (authentication: Authentication): number =>
  authentication.type === "hmac" && authentication.mode !== "receive-only" ? TRAILER_SIZE : 0;

/**
 * How many addresses one advertisement of such an instance has room for on an interface with this MTU, 0 to 255. Like
 * keepalived it leaves out of account 14 bytes for an Ethernet header, which the MTU does not include.
 */
export function addressCapacity(
  instance: Pick<InstanceConfig, "family" | "version" | "authentication">,
  mtu: number,
): number {
  const { family, version, authentication } = instance;
  const ipHeader = family === 6 ? IPV6_HEADER_SIZE : 0;
  const overhead =
    ETHERNET_HEADER_SIZE +
    ipHeader +
    headersSize(family, authentication) +
    advertisementSize(version, family, 0) +
    trailerSize(authentication);
  const room = Math.floor((mtu - overhead) / ipSize(family));
  return Math.min(VRRP_ADDRESSES_MAX, Math.max(0, room));
}
