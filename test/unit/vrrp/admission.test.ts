import { describe, expect, test } from "vitest";
import { centiseconds, seconds } from "../../../src/base/time.ts";
import {
  Admission,
  REFUSAL_REASONS,
  type ReceivedPacket,
  type RefusalReason,
  vridOf,
} from "../../../src/vrrp/admission.ts";
import type { InstanceConfig } from "../../../src/vrrp/config.ts";
import { hmac } from "../../support/hmac.ts";
import { instanceConfig, ip, unicast, virtualAddress } from "../../support/vrrp-config.ts";
import { CONTEXT, forged, patched, resized, Sender, sent } from "../../support/vrrp-packets.ts";

const PASSWORD = { type: "password", password: "733363726574" } as const;
const HEADER = { type: "header", key: "733363726574" } as const;
const v2 = instanceConfig({ authentication: PASSWORD });
const v3 = instanceConfig({ version: 3 });
const v6 = instanceConfig({ family: 6 });

const addresses = (...texts: readonly string[]) => ({
  addresses: texts.map((text) => virtualAddress(text)),
});

/** "accepted", "accepted, other addresses", or the reason for refusal. */
function fate(config: InstanceConfig, packet: ReceivedPacket): string {
  const verdict = new Admission(config, hmac).admit(packet, CONTEXT);
  if (!verdict.ok) return verdict.reason;
  return verdict.heard.sameAddresses ? "accepted" : "accepted, other addresses";
}

test("every reason has a name of its own", () => {
  expect(new Set(REFUSAL_REASONS).size).toBe(REFUSAL_REASONS.length);
});

describe("a VRRPv2 advertisement that differs in", () => {
  const good = sent(v2);
  const plain = sent(instanceConfig());
  const two = { ...v2, ...addresses("192.0.2.100", "192.0.2.101") };
  const rows: readonly (readonly [string, string, ReceivedPacket])[] = [
    ["nothing", "accepted", good],
    [
      "its password",
      "authentication-failed",
      sent({ ...v2, authentication: { ...PASSWORD, password: "58" } }),
    ],
    ["authentication type 0", "authentication-type", plain],
    ["authentication type 2", "authentication-type", forged(good, { 4: 2 })],
    ["authentication type 7", "authentication-type", forged(good, { 4: 7 })],
    ["its address", "accepted, other addresses", sent({ ...v2, ...addresses("192.0.2.99") })],
    ["more addresses", "accepted, other addresses", sent(two)],
    ["no addresses", "accepted, other addresses", sent({ ...v2, addresses: [] })],
    ["its interval", "interval-differs", sent({ ...v2, interval: seconds(2) })],
    ["TTL 254", "bad-ttl", { ...good, ttl: 254 }],
    ["its version", "bad-version", sent(v3)],
    ["version 4", "bad-version", patched(good, { 0: 0x41 })],
    ["packet type 2", "bad-type", forged(good, { 0: 0x22 })],
    ["its checksum", "bad-checksum", patched(good, { 7: good.bytes.getUint8(27) ^ 1 })],
    ["its VRID", "unknown-vrid", forged(good, { 1: 52 })],
    ["1 trailing byte", "bad-length", resized(good, 1)],
    ["4 trailing bytes", "bad-length", resized(good, 4)],
    ["8 trailing bytes", "bad-length", resized(good, 8)],
    ["10 trailing bytes, more than a frame would be padded by", "bad-length", resized(good, 10)],
    ["2 trailing bytes of padding", "accepted", resized(good, 2)],
    ["6 trailing bytes of padding", "accepted", resized(good, 6)],
    ["4 bytes too few", "bad-length", resized(good, -4)],
    ["an address count that is too high", "bad-length", patched(good, { 3: 2 })],
    ["an address count that is too low", "bad-length", patched(good, { 3: 0 })],
    ["an off-link source", "accepted", { ...good, source: ip("203.0.113.9") }],
    ["priority 255", "accepted", sent(v2, { priority: 255 })],
    ["priority 0", "accepted", sent(v2, { priority: 0 })],
    ["a unicast destination", "wrong-destination", { ...good, destination: ip("192.0.2.2") }],
    ["another group", "wrong-destination", { ...good, destination: ip("224.0.0.19") }],
    ["an authentication header", "authentication-type", sent({ ...v2, authentication: HEADER })],
  ];
  test.each(rows)("%s: %s", (_difference, expected, packet) => {
    expect(fate(v2, packet)).toBe(expected);
  });

  test("the order of addresses is accepted", () => {
    const other = { ...v2, ...addresses("192.0.2.101", "192.0.2.100") };
    expect(fate(two, sent(other))).toBe("accepted");
  });

  test("an address twice in place of two is noticed", () => {
    const twice = { ...v2, ...addresses("192.0.2.100", "192.0.2.100") };
    expect(fate(two, sent(twice))).toBe("accepted, other addresses");
  });

  test("its TOS is accepted", () => {
    const packet = patched(good, {});
    packet.bytes.setUint8(1, 0);
    expect(fate(v2, packet)).toBe("accepted");
  });

  test("unused authentication data is accepted without authentication", () => {
    expect(fate(instanceConfig(), forged(plain, { 12: 0xde, 19: 0xad }))).toBe("accepted");
  });

  test("padding that the IP length counts or not is accepted, another IP length is not", () => {
    const padded = resized(good, 6);
    padded.bytes.setUint16(2, 40);
    expect(fate(v2, padded)).toBe("accepted");
    padded.bytes.setUint16(2, 44);
    expect(fate(v2, padded)).toBe("bad-length");
    const plainLength = patched(good, {});
    plainLength.bytes.setUint16(2, 60);
    expect(fate(v2, plainLength)).toBe("bad-length");
  });
});

describe("a VRRPv3 advertisement", () => {
  const good = sent(v3);

  test("of another interval is accepted, and the interval is reported", () => {
    const verdict = new Admission(v3, hmac).admit(
      sent({ ...v3, interval: centiseconds(300) }, { priority: 7 }),
      CONTEXT,
    );
    const heard = { priority: 7, interval: seconds(3), sameAddresses: true };
    expect(verdict).toEqual({ ok: true, heard });
  });

  test("with an interval of zero is refused", () => {
    expect(fate(v3, sent({ ...v3, interval: centiseconds(0) }))).toBe("bad-interval");
  });

  test.each(["pseudo-header", "payload-only"] as const)("summed as %s is accepted", (checksum) => {
    expect(fate(v3, sent({ ...v3, checksum }))).toBe("accepted");
    expect(fate({ ...v3, checksum: "payload-only" }, sent({ ...v3, checksum }))).toBe("accepted");
  });

  test("summed for another destination is refused", () => {
    const packet = sent(v3, { destination: ip("192.0.2.2") });
    expect(fate(v3, { ...packet, destination: ip("224.0.0.18") })).toBe("bad-checksum");
  });

  test("with reserved bits set is accepted", () => {
    const plain = sent({ ...v3, checksum: "payload-only" });
    expect(fate(v3, forged(plain, { 4: 0xf0 | plain.bytes.getUint8(24) }))).toBe("accepted");
  });

  test("of version 2 is refused", () => {
    expect(fate(v3, sent(instanceConfig()))).toBe("bad-version");
  });

  test("may be padded to the size of the shortest frame", () => {
    expect(fate(v3, resized(good, 14))).toBe("accepted");
    expect(fate(v3, resized(good, 16))).toBe("bad-length");
  });
});

describe("an advertisement over IPv6", () => {
  const good = sent(v6);
  const rows: readonly (readonly [string, string, ReceivedPacket])[] = [
    ["as it should be", "accepted", good],
    ["with hop limit 254", "bad-ttl", { ...good, ttl: 254 }],
    ["to another group", "wrong-destination", { ...good, destination: ip("ff02::13") }],
    [
      "from another source than it was summed for",
      "bad-checksum",
      { ...good, source: ip("fe80::2") },
    ],
    ["of VRRPv2", "bad-version", patched(good, { 0: 0x21 })],
    ["with two trailing bytes", "bad-length", resized(good, 2)],
    ["with one byte too few", "bad-length", resized(good, -1)],
    ["of seven bytes", "truncated", resized(good, 7 - good.bytes.byteLength)],
    ["with other addresses", "accepted, other addresses", sent({ ...v6, ...addresses("fe80::9") })],
  ];
  test.each(rows)("%s: %s", (_what, expected, packet) => {
    expect(fate(v6, packet)).toBe(expected);
  });

  test("must carry a pseudo-header checksum", () => {
    expect(fate(v6, forged(good, {}))).toBe("bad-checksum");
  });
});

describe("between unicast peers", () => {
  const open = instanceConfig({ version: 3, transport: unicast("192.0.2.1") });
  const strict = (ttlMin = 0, ttlMax = 255): InstanceConfig => ({
    ...open,
    transport: {
      type: "unicast",
      peers: [{ address: ip("192.0.2.1"), ttlMin, ttlMax }],
      checkSource: true,
      faultWithoutPeer: false,
    },
  });

  test("any source and TTL is accepted unless the source is checked", () => {
    expect(fate(open, { ...sent(open, { source: ip("192.0.2.9") }), ttl: 3 })).toBe("accepted");
    expect(fate(strict(), sent(open, { source: ip("192.0.2.9") }))).toBe("not-a-peer");
    expect(fate(strict(), sent(open))).toBe("accepted");
  });

  test.each([
    [250, "bad-ttl"],
    [251, "accepted"],
    [253, "accepted"],
    [254, "bad-ttl"],
  ])("TTL %i of a peer with the range 251 to 253: %s", (ttl, expected) => {
    expect(fate(strict(251, 253), { ...sent(open), ttl })).toBe(expected);
  });

  test("a multicast packet is refused", () => {
    const packet = sent(open, { destination: ip("224.0.0.18") });
    expect(fate(open, packet)).toBe("wrong-destination");
  });

  test("the old checksum is accepted, answered in kind, and forgotten with the next new one", () => {
    const admission = new Admission(open, hmac);
    expect(admission.oldChecksum).toBe(false);
    expect(admission.admit(sent(open, { oldChecksum: true }), CONTEXT).ok).toBe(true);
    expect(admission.oldChecksum).toBe(true);
    expect(admission.admit(patched(sent(open), { 2: 1 }), CONTEXT).ok).toBe(false);
    expect(admission.oldChecksum).toBe(true);
    expect(admission.admit(sent(open), CONTEXT).ok).toBe(true);
    expect(admission.oldChecksum).toBe(false);
  });

  test("the old checksum is refused where it is never wanted", () => {
    const never = { ...open, oldUnicastChecksum: "never" } as const;
    expect(fate(never, sent(open, { oldChecksum: true }))).toBe("bad-checksum");
    expect(new Admission(never, hmac).oldChecksum).toBe(false);
  });

  test("the old checksum is sent from the start where it is always wanted", () => {
    const always = { ...open, oldUnicastChecksum: "always" } as const;
    expect(new Admission(always, hmac).oldChecksum).toBe(true);
    expect(fate(always, sent(open))).toBe("accepted");
  });
});

describe("addresses", () => {
  const skipping = { ...v2, skipAddressCheck: true };
  const other = sent({ ...v2, ...addresses("192.0.2.99") });
  const same = (active: boolean, lastSource: typeof other.source | undefined): boolean => {
    const context = { ...CONTEXT, active, lastSource };
    const verdict = new Admission(skipping, hmac).admit(other, context);
    return verdict.ok && verdict.heard.sameAddresses;
  };

  test("are not compared again for the same sender where that is to be skipped", () => {
    expect(same(false, other.source)).toBe(true);
  });

  test("are compared all the same for another sender and while Active", () => {
    expect(same(false, undefined)).toBe(false);
    expect(same(false, ip("192.0.2.77"))).toBe(false);
    expect(same(true, other.source)).toBe(false);
  });

  test("that were not compared are when the same packet comes while Active", () => {
    const admission = new Admission(skipping, hmac);
    const trusting = { ...CONTEXT, lastSource: other.source };
    expect(admission.admit(other, trusting)).toMatchObject({ heard: { sameAddresses: true } });
    const verdict = admission.admit(other, { ...trusting, active: true });
    expect(verdict).toMatchObject({ heard: { sameAddresses: false } });
  });
});

test("an address owner that is told to ignore everybody does so, a mere router does not", () => {
  const packet = sent(v2);
  const owner = { ...v2, priority: 255, startsActive: true };
  expect(fate({ ...owner, ownerIgnoresAdverts: true }, packet)).toBe("address-owner");
  expect(fate(owner, packet)).toBe("accepted");
  expect(fate({ ...v2, ownerIgnoresAdverts: true }, packet)).toBe("accepted");
});

describe("the same packet again", () => {
  const sender = new Sender(v2);
  const [first, second] = [sender.send(), sender.send()];

  test("has another identification and the same verdict", () => {
    expect(first.bytes.getUint16(4)).not.toBe(second.bytes.getUint16(4));
    const admission = new Admission(v2, hmac);
    const verdict = admission.admit(first, CONTEXT);
    expect(admission.admit(second, CONTEXT)).toBe(verdict);
  });

  const spoilt: readonly (readonly [string, RefusalReason, ReceivedPacket])[] = [
    ["another TTL", "bad-ttl", { ...second, ttl: 254 }],
    ["another destination", "wrong-destination", { ...second, destination: ip("192.0.2.2") }],
    ["another protocol", "truncated", { ...second, protocol: 51 }],
    ["a byte changed", "bad-checksum", patched(second, { 2: 101 })],
    ["a byte more", "bad-length", resized(second, 1)],
  ];
  test.each(spoilt)("but for %s is refused as %s", (_what, reason, packet) => {
    const admission = new Admission(v2, hmac);
    const verdict = admission.admit(first, CONTEXT);
    expect(admission.admit(packet, CONTEXT)).toEqual({ ok: false, reason });
    expect(admission.admit(second, CONTEXT)).toBe(verdict);
  });

  test("is recognised although its buffer was used for another one in between", () => {
    const admission = new Admission(v2, hmac);
    const buffer = patched(first, {});
    const verdict = admission.admit(buffer, CONTEXT);
    buffer.bytes.setUint8(22, 1);
    expect(admission.admit(buffer, CONTEXT).ok).toBe(false);
    expect(admission.admit(second, CONTEXT)).toBe(verdict);
  });
});

describe("the VRID", () => {
  test("is found behind an IPv4 header, with options and authentication header too", () => {
    expect(vridOf(sent(v2))).toBe(51);
    expect(vridOf(sent({ ...v2, authentication: HEADER }))).toBe(51);
    const withOptions = new DataView(new ArrayBuffer(32));
    withOptions.setUint8(0, 0x46);
    withOptions.setUint8(25, 77);
    expect(vridOf({ ...sent(v2), bytes: withOptions })).toBe(77);
  });

  test("is found in an IPv6 payload", () => {
    expect(vridOf(sent(v6))).toBe(51);
  });

  test("is not looked for in packets that are too short, which are refused as truncated", () => {
    const packet = sent(v2);
    for (let length = 0; length < 28; length += 1) {
      const short = { ...packet, bytes: new DataView(packet.bytes.buffer, 0, length) };
      expect(vridOf(short)).toBeUndefined();
      expect(fate(v2, short)).toBe("truncated");
    }
  });

  test("is not looked for behind a header that claims to be shorter than it can be", () => {
    const packet = patched(sent(v2), {});
    packet.bytes.setUint8(0, 0x44);
    expect(vridOf(packet)).toBeUndefined();
    expect(fate(v2, packet)).toBe("truncated");
  });
});
