/** How what we send is signed, and the sequence numbers that go with it. The reading side is authentication.ts. */
import type { Hmac } from "../base/crypto.ts";
import type { IpAddress } from "../base/ip.ts";
import { toSeconds } from "../base/time.ts";
import {
  AH_ICV_SIZE,
  encodeAuthenticationHeader,
  encodeTrailer,
  integrityCheckValue,
  TRAILER_MAC_SIZE,
  TRAILER_SIZE,
  trailerMac,
} from "../wire/vrrp-auth.ts";
import { type HeaderSecret, secretBytes, type TrailerAuthentication } from "./authentication.ts";
import { following, isAfter, type Sequence } from "./replay.ts";

/** Fills the space where a hash goes while the hash is not known. */
const NO_ICV: Uint8Array = new Uint8Array(AH_ICV_SIZE);
const NO_MAC: Uint8Array = new Uint8Array(TRAILER_MAC_SIZE);
const SEQUENCE_MAX = 0xffff_ffff;

/** Writes authentication headers (RFC 2402) with numbers that grow by one with each advertisement. */
export class HeaderSigner {
  readonly #secret: HeaderSecret;
  #sequence = 0;

  /** With a `predecessor`, goes on counting where that one stopped. */
  constructor(secret: HeaderSecret, predecessor?: HeaderSigner) {
    this.#secret = secret;
    if (predecessor !== undefined) this.#sequence = predecessor.#sequence;
  }

  /**
   * Begins the next advertisement. keepalived counts the numbers of a virtual router, not those of a sender: whoever
   * takes over goes on where the former Active left off, or is not believed. Hence `sequenceHeard`.
   */
  advance(sequenceHeard: number): void {
    this.#sequence = Math.min(Math.max(this.#sequence, sequenceHeard) + 1, SEQUENCE_MAX);
  }

  /** Writes the header at `offset` of a datagram whose other bytes are final. */
  sign(datagram: DataView, offset: number, source: IpAddress): void {
    const header = { spi: source, sequence: this.#sequence };
    encodeAuthenticationHeader({ ...header, icv: NO_ICV }, datagram, offset);
    const icv = integrityCheckValue(datagram, this.#secret);
    encodeAuthenticationHeader({ ...header, icv }, datagram, offset);
  }
}

/** Writes keepalived's trailer. Its number is the time of day, or one more than the last where that has not moved on. */
export class TrailerSigner {
  readonly #hmac: Hmac;
  readonly #keyId: number;
  readonly #key: Uint8Array;
  /** Undefined where receivers judge by the order of numbers only. */
  readonly #windowSeconds: number | undefined;
  #last: Sequence | undefined;

  /** With a `predecessor`, stays above the numbers that it used. */
  constructor(authentication: TrailerAuthentication, hmac: Hmac, predecessor?: TrailerSigner) {
    const { keys, activeKey, replay, window } = authentication;
    const key = keys.find(({ id }) => id === activeKey);
    if (key === undefined) throw new TypeError(`no key has the id ${activeKey} of the active one`);
    this.#hmac = hmac;
    this.#keyId = activeKey;
    this.#key = secretBytes(key.secret);
    this.#windowSeconds = replay === "time" ? toSeconds(window) : undefined;
    if (predecessor !== undefined) this.#last = predecessor.#last;
  }

  /** Writes the last 28 bytes of `signed`, advertisement and trailer, whose other bytes are final but for the checksum. */
  sign(signed: DataView, source: IpAddress, wallMicroseconds: number): void {
    this.#last = this.#next(clockSequence(wallMicroseconds));
    const { high, low } = this.#last;
    const trailer = {
      keyId: this.#keyId,
      seconds: high,
      fraction: low >>> 16,
      counter: low & 0xffff,
    };
    const offset = signed.byteLength - TRAILER_SIZE;
    encodeTrailer({ ...trailer, mac: NO_MAC }, signed, offset);
    const mac = trailerMac(signed, source, { hmac: this.#hmac, key: this.#key });
    encodeTrailer({ ...trailer, mac }, signed, offset);
  }

  #next(clock: Sequence): Sequence {
    if (this.#last === undefined || isAfter(clock, this.#last)) return clock;
    // The clock was stepped back by more than receivers tolerate: they refuse the old time and expect the new.
    const aheadSeconds = (this.#last.high - clock.high) | 0;
    if (this.#windowSeconds !== undefined && aheadSeconds > this.#windowSeconds) return clock;
    return following(this.#last);
  }
}

/** Seconds, fraction of the second in 1/65536, and a counter of zero. */
function clockSequence(wallMicroseconds: number): Sequence {
  const wholeSeconds = Math.floor(wallMicroseconds / 1_000_000);
  const fraction = Math.floor(((wallMicroseconds % 1_000_000) * 0x10000) / 1_000_000);
  return { high: wholeSeconds >>> 0, low: fraction * 0x10000 };
}
