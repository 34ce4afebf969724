/**
 * The keyed hashes that VRRP authentication needs, supplied by the edge: no pure code reaches a cryptographic module.
 */
export interface Hmac {
  /** HMAC-MD5, RFC 2104: 16 bytes. */
  md5(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** HMAC-SHA-256: 32 bytes. */
  sha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** Compares in a time that depends on the lengths only; false when they differ. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}
