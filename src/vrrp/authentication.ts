/**
 * Whether an advertisement comes from who shares our secret: the four kinds of authentication behind one interface.
 * A check changes nothing. Only when every other rule has passed too does the caller have the sequence number
 * remembered, so that nobody without the key, and no packet that did not count, can shut out its true sender.
 */
import type { Hmac } from "../base/crypto.ts";
import { parseHex } from "../base/hex.ts";
import type { IpAddress } from "../base/ip.ts";
import { toSeconds } from "../base/time.ts";
import {
  type Advertisement,
  AUTHENTICATION_HEADER,
  AUTHENTICATION_NONE,
  AUTHENTICATION_PASSWORD,
  VRRP_AUTHENTICATION_SIZE,
} from "../wire/vrrp.ts";
import {
  AH_SIZE,
  decodeAuthenticationHeader,
  decodeTrailer,
  integrityCheckValue,
  TRAILER_SIZE,
  trailerMac,
} from "../wire/vrrp-auth.ts";
import type { RefusalReason } from "./admission.ts";
import type { Authentication, InstanceConfig, Transport } from "./config.ts";
import { isAfter, ReplayMemory, type Sequence } from "./replay.ts";

/** keepalived's bound on multicast senders that it remembers; more than two routers of a pair and their stand-ins. */
const MULTICAST_SENDERS_MAX = 4;

/** One packet, taken apart. */
interface Claim {
  readonly source: IpAddress;
  /** From the IP header, or the payload of IPv6, to the end of advertisement and trailer. */
  readonly datagram: DataView;
  /** Where the advertisement begins in it; an authentication header lies just before. */
  readonly offset: number;
  readonly advertisement: Advertisement;
  /** Advertisement and trailer; undefined when the packet ends with the advertisement. */
  readonly signed: DataView | undefined;
}

export interface Authenticator {
  /** Undefined where nothing protects against replay. */
  readonly memory: ReplayMemory | undefined;
  /** `wallSeconds` since 1970, UTC. Returns why the claim is not believed. */
  check(claim: Claim, wallSeconds: number): RefusalReason | undefined;
  /** The claim that was last checked, successfully, counts. */
  remember(source: IpAddress): void;
  /** The highest sequence number of authentication headers that counted; 0 before the first. */
  readonly sequenceHeard: number;
}

export type TrailerAuthentication = Extract<Authentication, { readonly type: "hmac" }>;

type HeaderAuthentication = Extract<Authentication, { readonly type: "header" }>;

/** What integrity check values are computed with. */
export interface HeaderSecret {
  readonly hmac: Hmac;
  readonly key: Uint8Array;
  readonly unicast: boolean;
}

export const headerSecret = (
  authentication: HeaderAuthentication,
  transport: Transport,
  hmac: Hmac,
): HeaderSecret => ({
  hmac,
  key: secretBytes(authentication.key),
  unicast: transport.type === "unicast",
});

/** The authentication type that version 2 advertisements of such an instance carry. */
export function authenticationType(authentication: Authentication): number {
  if (authentication.type === "password") return AUTHENTICATION_PASSWORD;
  return authentication.type === "header" ? AUTHENTICATION_HEADER : AUTHENTICATION_NONE;
}

/** The bytes of a configured secret; a checked configuration holds nothing but hex. */
export function secretBytes(hex: string): Uint8Array {
  const bytes = parseHex(hex);
  if (bytes === undefined) throw new TypeError("a secret is not written in hex");
  return bytes;
}

/** The eight bytes that close version 2 advertisements: the password, padded with zeros, or zeros only. */
export function authenticationData(authentication: Authentication): Uint8Array {
  const data = new Uint8Array(VRRP_AUTHENTICATION_SIZE);
  if (authentication.type === "password") data.set(secretBytes(authentication.password));
  return data;
}

/** With a `predecessor` of the same type of authentication, goes on with the sequence numbers that it knows. */
export function authenticatorFor(
  config: InstanceConfig,
  hmac: Hmac,
  predecessor?: Authenticator,
): Authenticator {
  const { authentication, transport } = config;
  const sendersMax =
    transport.type === "unicast" ? Math.max(1, transport.peers.length) : MULTICAST_SENDERS_MAX;
  const memory = new ReplayMemory(sendersMax, predecessor?.memory);
  switch (authentication.type) {
    case "none":
    case "password":
      return new PlainAuthenticator(authentication, hmac);
    case "header": {
      const secret = headerSecret(authentication, transport, hmac);
      return new HeaderAuthenticator(secret, memory, predecessor?.sequenceHeard);
    }
    case "hmac":
      return new TrailerAuthenticator(authentication, hmac, memory);
  }
}

/** No authentication, or the password of RFC 2338. Either is replayed at will. */
class PlainAuthenticator implements Authenticator {
  readonly memory = undefined;
  readonly sequenceHeard = 0;
  readonly #type: number;
  readonly #password: Uint8Array | undefined;
  readonly #hmac: Hmac;

  constructor(authentication: Authentication, hmac: Hmac) {
    this.#type = authenticationType(authentication);
    this.#password =
      authentication.type === "password" ? authenticationData(authentication) : undefined;
    this.#hmac = hmac;
  }

  check({ advertisement }: Claim): RefusalReason | undefined {
    if (advertisement.version === 3) return undefined;
    if (typeDiffers(advertisement, this.#type)) return "authentication-type";
    // RFC 3768 section 5.3.10: without a password these bytes are ignored.
    if (this.#password === undefined) return undefined;
    const matches = this.#hmac.equal(advertisement.authenticationData, this.#password);
    return matches ? undefined : "authentication-failed";
  }

  remember(): void {}
}

/** The authentication header of RFC 2338 section 5.3.6.3. */
class HeaderAuthenticator implements Authenticator {
  readonly memory: ReplayMemory;
  sequenceHeard: number;
  readonly #secret: HeaderSecret;
  #checked: Sequence = { high: 0, low: 0 };

  constructor(secret: HeaderSecret, memory: ReplayMemory, sequenceHeard = 0) {
    this.#secret = secret;
    this.memory = memory;
    this.sequenceHeard = sequenceHeard;
  }

  check(claim: Claim): RefusalReason | undefined {
    if (typeDiffers(claim.advertisement, AUTHENTICATION_HEADER)) return "authentication-type";
    const header = decodeAuthenticationHeader(claim.datagram, claim.offset - AH_SIZE);
    if (!header.ok || header.value.spi !== claim.source) return "authentication-malformed";
    const expected = integrityCheckValue(claim.datagram, this.#secret);
    if (!this.#secret.hmac.equal(header.value.icv, expected)) return "authentication-failed";
    this.#checked = { high: 0, low: header.value.sequence };
    const newest = this.memory.newest(claim.source);
    return newest !== undefined && !isAfter(this.#checked, newest)
      ? "authentication-replayed"
      : undefined;
  }

  remember(source: IpAddress): void {
    this.memory.remember(source, this.#checked);
    this.sequenceHeard = Math.max(this.sequenceHeard, this.#checked.low);
  }
}

/** The trailer of keepalived 2.4. */
class TrailerAuthenticator implements Authenticator {
  readonly memory: ReplayMemory;
  readonly sequenceHeard = 0;
  readonly #keys: ReadonlyMap<number, Uint8Array>;
  readonly #mandatory: boolean;
  /** Undefined where only the order of sequence numbers protects. */
  readonly #windowSeconds: number | undefined;
  readonly #hmac: Hmac;
  /** Undefined after an advertisement without a trailer. */
  #checked: Sequence | undefined;

  constructor(authentication: TrailerAuthentication, hmac: Hmac, memory: ReplayMemory) {
    this.#keys = new Map(authentication.keys.map(({ id, secret }) => [id, secretBytes(secret)]));
    this.#mandatory = authentication.mode === "enforce";
    this.#windowSeconds =
      authentication.replay === "time" ? toSeconds(authentication.window) : undefined;
    this.#hmac = hmac;
    this.memory = memory;
  }

  check(claim: Claim, wallSeconds: number): RefusalReason | undefined {
    this.#checked = undefined;
    if (typeDiffers(claim.advertisement, AUTHENTICATION_NONE)) return "authentication-type";
    if (claim.signed === undefined) return this.#mandatory ? "authentication-missing" : undefined;
    const trailer = decodeTrailer(claim.signed, claim.signed.byteLength - TRAILER_SIZE);
    if (!trailer.ok) return "authentication-malformed";
    const { keyId, seconds, fraction, counter, mac } = trailer.value;
    // Before the hash, so that a flood of old recordings costs little.
    if (this.#isOutsideWindow(seconds, wallSeconds)) return "authentication-stale";
    const key = this.#keys.get(keyId);
    if (key === undefined) return "authentication-unknown-key";
    const expected = trailerMac(claim.signed, claim.source, { hmac: this.#hmac, key });
    if (!this.#hmac.equal(mac, expected)) return "authentication-failed";
    this.#checked = { high: seconds, low: fraction * 0x10000 + counter };
    return this.#isReplay(claim.source, this.#checked, wallSeconds)
      ? "authentication-replayed"
      : undefined;
  }

  remember(source: IpAddress): void {
    if (this.#checked !== undefined) this.memory.remember(source, this.#checked);
  }

  #isReplay(source: IpAddress, sequence: Sequence, wallSeconds: number): boolean {
    const newest = this.memory.newest(source);
    if (newest === undefined || isAfter(sequence, newest)) return false;
    // A clock was stepped back, the sender's or ours: the window refuses what this memory would have to.
    return !this.#isOutsideWindow(newest.high, wallSeconds);
  }

  #isOutsideWindow(seconds: number, wallSeconds: number): boolean {
    if (this.#windowSeconds === undefined) return false;
    return Math.abs((Math.floor(wallSeconds) - seconds) | 0) > this.#windowSeconds;
  }
}

const typeDiffers = (advertisement: Advertisement, expected: number): boolean =>
  advertisement.version === 2 && advertisement.authenticationType !== expected;
