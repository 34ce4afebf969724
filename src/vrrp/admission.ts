/** Why a received packet did not count, in the order in which the rules are applied. */
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
