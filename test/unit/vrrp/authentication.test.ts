import { describe, expect, test } from "vitest";
import type { IpAddress } from "../../../src/base/ip.ts";
import { seconds } from "../../../src/base/time.ts";
import { Admission, type ReceivedPacket } from "../../../src/vrrp/admission.ts";
import type { Authentication, InstanceConfig } from "../../../src/vrrp/config.ts";
import { hmac } from "../../support/hmac.ts";
import { instanceConfig, ip, multicast, unicast } from "../../support/vrrp-config.ts";
import { CONTEXT, NOW, patched, Sender, sent } from "../../support/vrrp-packets.ts";

type Trailer = Extract<Authentication, { readonly type: "hmac" }>;

const KEY_1 = { id: 1, secret: "01".repeat(32) };
const KEY_2 = { id: 2, secret: "02".repeat(64) };
const TRAILER: Trailer = {
  type: "hmac",
  keys: [KEY_1, KEY_2],
  activeKey: 1,
  replay: "time",
  window: seconds(5),
  mode: "enforce",
};

const signed = (changes: Partial<Trailer> = {}, config: Partial<InstanceConfig> = {}) =>
  instanceConfig({ version: 3, ...config, authentication: { ...TRAILER, ...changes } });

/** "accepted" or the reason for refusal, at a time of day. */
function fate(admission: Admission, packet: ReceivedPacket, wallSeconds = NOW): string {
  const verdict = admission.admit(packet, { ...CONTEXT, wallSeconds });
  return verdict.ok ? "accepted" : verdict.reason;
}

const admissionOf = (config: InstanceConfig): Admission => new Admission(config, hmac);

describe.each([
  ["VRRPv2", { version: 2 }],
  ["VRRPv3 over IPv4", { version: 3 }],
  ["VRRPv3 over IPv6", { version: 3, family: 6, transport: multicast(6) }],
] as const)("the HMAC trailer on %s", (_title, changes) => {
  const config = signed({}, changes);
  const unsigned = instanceConfig(changes);
  const good = sent(config);
  /** The first byte of the trailer, counted from the advertisement. */
  const trailerAt = good.bytes.byteLength - 28 - (config.family === 4 ? 20 : 0);

  test("is accepted once", () => {
    const admission = admissionOf(config);
    expect(fate(admission, good)).toBe("accepted");
    expect(fate(admission, good)).toBe("authentication-replayed");
  });

  test("is accepted on every advertisement of a sender", () => {
    const admission = admissionOf(config);
    const sender = new Sender(config);
    for (const wallSeconds of [NOW, NOW, NOW + 1])
      expect(fate(admission, sender.send({ wallSeconds }))).toBe("accepted");
  });

  test("is demanded by enforce, and by the other modes not", () => {
    expect(fate(admissionOf(config), sent(unsigned))).toBe("authentication-missing");
    for (const mode of ["permissive", "receive-only"] as const)
      expect(fate(admissionOf(signed({ mode }, changes)), sent(unsigned))).toBe("accepted");
  });

  test("is not sent by receive-only", () => {
    const packet = sent(signed({ mode: "receive-only" }, changes));
    expect(packet.bytes.byteLength).toBe(sent(unsigned).bytes.byteLength);
    expect(fate(admissionOf(unsigned), packet)).toBe("accepted");
  });

  test("is verified in every mode when it is there", () => {
    const wrong = sent(signed({ keys: [{ id: 1, secret: "ff".repeat(32) }] }, changes));
    for (const mode of ["enforce", "permissive", "receive-only"] as const)
      expect(fate(admissionOf(signed({ mode }, changes)), wrong)).toBe("authentication-failed");
  });

  test("is accepted with any configured key, and refused with another id", () => {
    expect(fate(admissionOf(config), sent(signed({ activeKey: 2 }, changes)))).toBe("accepted");
    const other = signed({ keys: [{ id: 3, secret: KEY_1.secret }], activeKey: 3 }, changes);
    expect(fate(admissionOf(config), sent(other))).toBe("authentication-unknown-key");
  });

  // In IPv6 the checksum covers the trailer, so that any change to it is found there first.
  const broken = config.family === 6 ? "bad-checksum" : undefined;
  test.each([
    ["another scheme", 0, 2, "authentication-malformed"],
    ["a reserved bit", 3, 1, "authentication-malformed"],
    ["another key's id", 1, 2, "authentication-failed"],
    ["another counter", 11, 1, "authentication-failed"],
    ["another hash", 27, 0x5a, "authentication-failed"],
  ])("with %s is refused", (_change, at, byte, reason) => {
    const packet = patched(good, { [trailerAt + at]: byte });
    expect(fate(admissionOf(config), packet)).toBe(broken ?? reason);
  });

  test("tells a router without a key that its peer has one", () => {
    expect(fate(admissionOf(unsigned), good)).toBe("authentication-type");
  });

  test("does not fit another source, VRID or priority", () => {
    const source = ip(config.family === 4 ? "192.0.2.9" : "fe80::9");
    expect(fate(admissionOf({ ...config, vrid: 52 }), sent({ ...config, vrid: 51 }))).toBe(
      "unknown-vrid",
    );
    const stolen = trailerMovedOnto(sent(config, { source }), good);
    expect(fate(admissionOf(config), stolen)).toBe(broken ?? "authentication-failed");
    const raised = trailerMovedOnto(sent(config, { priority: 200 }), good);
    expect(fate(admissionOf(config), raised)).toBe(broken ?? "authentication-failed");
  });
});

/** `packet` with the trailer of another one. */
function trailerMovedOnto(packet: ReceivedPacket, from: ReceivedPacket): ReceivedPacket {
  const bytes = new Uint8Array(packet.bytes.buffer.slice(0));
  const trailer = new Uint8Array(from.bytes.buffer).subarray(-28);
  bytes.set(trailer, bytes.length - 28);
  return { ...packet, bytes: new DataView(bytes.buffer) };
}

describe("the window of the HMAC trailer", () => {
  test.each([
    [-6, "authentication-stale"],
    [-5, "accepted"],
    [5, "accepted"],
    [6, "authentication-stale"],
  ])("of 5 s judges a clock that is %i s ahead: %s", (ahead, expected) => {
    const packet = sent(signed(), { wallSeconds: NOW + ahead });
    expect(fate(admissionOf(signed()), packet)).toBe(expected);
  });

  test("does not apply to monotonic sequences, which must grow for ever", () => {
    const config = signed({ replay: "monotonic" });
    const admission = admissionOf(config);
    expect(fate(admission, sent(config, { wallSeconds: 1_000 }))).toBe("accepted");
    expect(fate(admission, sent(config, { wallSeconds: NOW + 86_400 }))).toBe("accepted");
    expect(fate(admission, sent(config, { wallSeconds: NOW }))).toBe("authentication-replayed");
  });

  test("lets a sender whose clock was stepped back speak again once the old time is outside", () => {
    const admission = admissionOf(signed());
    expect(fate(admission, sent(signed(), { wallSeconds: NOW + 5 }))).toBe("accepted");
    const earlier = sent(signed(), { wallSeconds: NOW - 1 });
    expect(fate(admission, earlier)).toBe("authentication-replayed");
    expect(fate(admission, earlier, NOW - 1)).toBe("accepted");
  });
});

describe("the memory of HMAC sequences", () => {
  const config = signed();

  test("refuses what is older than the last from the same sender, not from another", () => {
    const admission = admissionOf(config);
    expect(fate(admission, sent(config, { wallSeconds: NOW + 1 }))).toBe("accepted");
    expect(fate(admission, sent(config))).toBe("authentication-replayed");
    expect(fate(admission, sent(config, { source: ip("192.0.2.3") }))).toBe("accepted");
  });

  test("holds four multicast senders and drops the one silent for longest", () => {
    const admission = admissionOf(config);
    const from = (host: number, wallSeconds = NOW): ReceivedPacket =>
      sent(config, { source: ip(`192.0.2.${host}`), wallSeconds });
    for (const host of [1, 2, 3, 4]) expect(fate(admission, from(host))).toBe("accepted");
    expect(fate(admission, from(1, NOW + 1))).toBe("accepted");
    expect(fate(admission, from(5))).toBe("accepted");
    expect(fate(admission, from(1))).toBe("authentication-replayed");
    for (const host of [3, 4, 5])
      expect(fate(admission, from(host))).toBe("authentication-replayed");
    expect(fate(admission, from(2))).toBe("accepted");
  });

  test("is not moved by a packet with a wrong key", () => {
    const admission = admissionOf(config);
    const attacker = signed({ keys: [{ id: 1, secret: "ff".repeat(32) }] });
    const ahead = sent(attacker, { wallSeconds: NOW + 4 });
    expect(fate(admission, ahead)).toBe("authentication-failed");
    expect(fate(admission, sent(config))).toBe("accepted");
  });

  test("is not moved by a well-signed packet that is refused for another reason", () => {
    const two = signed({}, { version: 2 });
    const admission = admissionOf(two);
    const slow = sent({ ...two, interval: seconds(2) }, { wallSeconds: NOW + 4 });
    expect(fate(admission, slow)).toBe("interval-differs");
    expect(fate(admission, sent(two))).toBe("accepted");
  });

  test("is not moved by an unsigned packet that counts", () => {
    const permissive = signed({ mode: "permissive" });
    const admission = admissionOf(permissive);
    const packet = sent(permissive);
    expect(fate(admission, packet)).toBe("accepted");
    expect(fate(admission, sent(instanceConfig({ version: 3 })))).toBe("accepted");
    expect(fate(admission, packet)).toBe("authentication-replayed");
  });

  test("is not moved by an unsigned packet that counts after a signed one that did not", () => {
    const permissive = signed({ mode: "permissive" }, { version: 2 });
    const admission = admissionOf(permissive);
    const slow = sent({ ...permissive, interval: seconds(2) }, { wallSeconds: NOW + 4 });
    expect(fate(admission, slow)).toBe("interval-differs");
    expect(fate(admission, sent(instanceConfig()))).toBe("accepted");
    expect(fate(admission, sent(permissive))).toBe("accepted");
  });

  test("holds all configured unicast peers and nobody else", () => {
    const peers = ["192.0.2.1", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"];
    const between = signed({}, { transport: unicast(...peers) });
    const admission = admissionOf(between);
    const packets = peers.map((peer) => sent(between, { source: ip(peer) }));
    for (const packet of packets) expect(fate(admission, packet)).toBe("accepted");
    for (const packet of packets) expect(fate(admission, packet)).toBe("authentication-replayed");
    const stranger: IpAddress = ip("192.0.2.77");
    expect(fate(admission, sent(between, { source: stranger }))).toBe("not-a-peer");
  });
});

describe("a changed configuration", () => {
  const header = instanceConfig({ authentication: { type: "header", key: "58" } });

  test.each([
    ["HMAC trailers", signed({}, { version: 2 })],
    ["authentication headers", header],
  ])("keeps the memory of %s", (_kind, config) => {
    const before = admissionOf(config);
    const packet = sent(config);
    expect(fate(before, packet)).toBe("accepted");
    const changed = { ...config, addresses: [] };
    const after = new Admission(changed, hmac, before);
    expect(fate(after, packet)).toBe("authentication-replayed");
    expect(after.sequenceHeard).toBe(before.sequenceHeard);
    expect(fate(admissionOf(changed), packet)).toBe("accepted");
  });

  test("keeps the form of checksum last heard", () => {
    const config = instanceConfig({ version: 3, transport: unicast("192.0.2.1") });
    const before = admissionOf(config);
    expect(fate(before, sent(config, { oldChecksum: true }))).toBe("accepted");
    expect(new Admission({ ...config, addresses: [] }, hmac, before).oldChecksum).toBe(true);
  });

  test("to another kind of authentication begins with an empty memory", () => {
    const trailer = signed({ replay: "monotonic" }, { version: 2 });
    const before = admissionOf(trailer);
    expect(fate(before, sent(trailer))).toBe("accepted");
    expect(fate(new Admission(header, hmac, before), sent(header))).toBe("accepted");
  });
});

describe("the authentication header", () => {
  const config = instanceConfig({ authentication: { type: "header", key: "733363726574" } });
  const good = sent(config);
  const HEADER_AT = 0;

  test("is accepted once", () => {
    const admission = admissionOf(config);
    expect(fate(admission, good)).toBe("accepted");
    expect(fate(admission, good)).toBe("authentication-replayed");
  });

  test("is demanded where it is configured", () => {
    expect(fate(admissionOf(config), sent(instanceConfig()))).toBe("authentication-type");
    expect(fate(admissionOf(instanceConfig()), good)).toBe("authentication-type");
  });

  test.each([
    ["another next header", HEADER_AT, 6, "authentication-malformed"],
    ["another length", HEADER_AT + 1, 5, "authentication-malformed"],
    ["a reserved bit", HEADER_AT + 3, 1, "authentication-failed"],
    ["another index than the source", HEADER_AT + 7, 9, "authentication-malformed"],
    ["another sequence number", HEADER_AT + 11, 9, "authentication-failed"],
    ["another value", HEADER_AT + 23, 9, "authentication-failed"],
  ])("with %s is refused", (_change, at, byte, reason) => {
    expect(fate(admissionOf(config), patched(good, { [at]: byte }))).toBe(reason);
  });

  test("with another key is refused and moves no memory", () => {
    const attacker = new Sender({ ...config, authentication: { type: "header", key: "58" } });
    const admission = admissionOf(config);
    for (let count = 0; count < 3; count += 1)
      expect(fate(admission, attacker.send())).toBe("authentication-failed");
    expect(admission.sequenceHeard).toBe(0);
    expect(fate(admission, good)).toBe("accepted");
  });

  test("covers the TTL of multicast and not that of unicast, which routers change", () => {
    const lowered = patched(good, {});
    lowered.bytes.setUint8(8, 254);
    expect(fate(admissionOf(config), lowered)).toBe("authentication-failed");
    const between = { ...config, transport: unicast("192.0.2.1") };
    const routed = sent(between);
    routed.bytes.setUint8(8, 254);
    expect(fate(admissionOf(between), { ...routed, ttl: 254 })).toBe("accepted");
  });

  test("does not cover what routers may change: TOS and flags", () => {
    const packet = patched(good, {});
    packet.bytes.setUint8(1, 0);
    packet.bytes.setUint16(6, 0x4000);
    expect(fate(admissionOf(config), packet)).toBe("accepted");
  });

  test("carries sequence numbers that grow, per sender; the highest is known", () => {
    const admission = admissionOf(config);
    const [first, other] = [new Sender(config), new Sender(config)];
    const packets = [first.send(), first.send(), first.send()];
    expect(fate(admission, packets[2]!)).toBe("accepted");
    expect(fate(admission, packets[1]!)).toBe("authentication-replayed");
    expect(admission.sequenceHeard).toBe(3);
    expect(fate(admission, other.send({ source: ip("192.0.2.3") }))).toBe("accepted");
    expect(admission.sequenceHeard).toBe(3);
  });
});
