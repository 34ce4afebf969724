import { describe, expect, test } from "vitest";
import { formatHex } from "../../../src/base/hex.ts";
import type { IpAddress } from "../../../src/base/ip.ts";
import { centiseconds, seconds } from "../../../src/base/time.ts";
import type { Authentication, InstanceConfig } from "../../../src/vrrp/config.ts";
import { addressCapacity, Outgoing, type SendingContext } from "../../../src/vrrp/outgoing.ts";
import { decodeIpv4Header } from "../../../src/wire/ipv4.ts";
import { decodeTrailer } from "../../../src/wire/vrrp-auth.ts";
import { viewOf } from "../../support/bytes.ts";
import { hmac } from "../../support/hmac.ts";
import { instanceConfig, ip, unicast, virtualAddress } from "../../support/vrrp-config.ts";

const SOURCE = ip("192.0.2.1");
const GROUP = ip("224.0.0.18");
const NOW_US = 1_795_374_000_000_000;
const CONTEXT: SendingContext = { wallMicroseconds: NOW_US, oldChecksum: false, sequenceHeard: 0 };
const TRAILER: Extract<Authentication, { readonly type: "hmac" }> = {
  type: "hmac",
  keys: [{ id: 1, secret: "01".repeat(32) }],
  activeKey: 1,
  replay: "time",
  window: seconds(5),
  mode: "enforce",
};

const outgoingOf = (changes: Partial<InstanceConfig> = {}): Outgoing =>
  new Outgoing(instanceConfig(changes), hmac);

function sentBy(outgoing: Outgoing, priority = 100, context: Partial<SendingContext> = {}): string {
  return formatHex(outgoing.datagram(priority, SOURCE, GROUP, { ...CONTEXT, ...context }));
}

/** The 16-bit word at `at` bytes of hex. */
const word = (hex: string, at: number): number =>
  Number.parseInt(hex.slice(at * 2, at * 2 + 4), 16);

test("a VRRPv2 advertisement is what keepalived sends, byte for byte", () => {
  const captured =
    "45c00028 00010000 ff701891 c0000201 e0000012" + "21336401 0001b865 c0000264 00000000 00000000";
  expect(sentBy(outgoingOf())).toBe(captured.replaceAll(" ", ""));
});

test("in the steady state only identification and header checksum change", () => {
  const outgoing = outgoingOf({ version: 3 });
  const [first, second] = [sentBy(outgoing), sentBy(outgoing)];
  const masked = (hex: string): string =>
    `${hex.slice(0, 8)}....${hex.slice(12, 20)}....${hex.slice(24)}`;
  expect(first).not.toBe(second);
  expect(masked(first)).toBe(masked(second));
});

test("priority, source and destination take effect at once and can be taken back", () => {
  const outgoing = outgoingOf({ version: 3 });
  const fresh = (priority: number, source: IpAddress, destination: IpAddress): string =>
    formatHex(outgoingOf({ version: 3 }).datagram(priority, source, destination, CONTEXT)).slice(
      24,
    );
  const steps: readonly (readonly [number, IpAddress, IpAddress])[] = [
    [100, SOURCE, GROUP],
    [0, SOURCE, GROUP],
    [0, ip("192.0.2.9"), GROUP],
    [0, ip("192.0.2.9"), ip("224.0.0.19")],
    [100, SOURCE, GROUP],
  ];
  for (const [priority, source, destination] of steps) {
    const bytes = outgoing.datagram(priority, source, destination, CONTEXT);
    expect(formatHex(bytes).slice(24)).toBe(fresh(priority, source, destination));
  }
});

describe("the IPv4 identification", () => {
  test("starts at 1 and goes from 65535 to 1", () => {
    const outgoing = outgoingOf();
    expect(word(sentBy(outgoing), 4)).toBe(1);
    expect(word(sentBy(outgoing), 4)).toBe(2);
    for (let count = 3; count < 0xffff; count += 1) outgoing.begin(100, SOURCE, CONTEXT);
    expect(word(sentBy(outgoing), 4)).toBe(0xffff);
    expect(word(sentBy(outgoing), 4)).toBe(1);
  });

  test("is the same in all copies of one advertisement", () => {
    const outgoing = outgoingOf({ version: 3, transport: unicast("192.0.2.2", "192.0.2.3") });
    outgoing.begin(100, SOURCE, CONTEXT);
    const copies = ["192.0.2.2", "192.0.2.3"].map((peer) => formatHex(outgoing.to(ip(peer))));
    expect(copies.map((copy) => word(copy, 4))).toEqual([1, 1]);
    expect(word(copies[0]!, 26)).not.toBe(word(copies[1]!, 26));
  });
});

test("every IPv4 header is complete, its checksum included", () => {
  const header = { type: "header", key: "58" } as const;
  for (const authentication of [{ type: "none" }, header, TRAILER] as const) {
    const outgoing = outgoingOf({ authentication });
    const bytes = outgoing.datagram(100, SOURCE, GROUP, CONTEXT);
    const protocol = authentication.type === "header" ? 51 : 112;
    expect(decodeIpv4Header(viewOf(bytes))).toMatchObject({
      ok: true,
      value: { totalLength: bytes.length, tos: 0xc0, ttl: 255, fragment: 0, protocol },
    });
  }
});

test("the TTL of unicast is 255 unless configured", () => {
  const ttlOf = (changes: object): number => {
    const transport = { ...unicast("192.0.2.2"), ...changes };
    return outgoingOf({ transport }).datagram(100, SOURCE, ip("192.0.2.2"), CONTEXT)[8]!;
  };
  expect(ttlOf({})).toBe(255);
  expect(ttlOf({ ttl: 3 })).toBe(3);
});

test("the longest VRRPv3 interval fits", () => {
  const hex = sentBy(outgoingOf({ version: 3, interval: centiseconds(4095) }));
  expect(word(hex, 24)).toBe(4095);
});

describe("the VRRPv3 checksum over IPv4", () => {
  const peer = ip("192.0.2.2");
  const checksumOf = (changes: Partial<InstanceConfig>, oldChecksum: boolean): number => {
    const bytes = outgoingOf({ version: 3, ...changes }).datagram(100, SOURCE, peer, {
      ...CONTEXT,
      oldChecksum,
    });
    return word(formatHex(bytes), 26);
  };

  test("includes the destination, the group's address in the old form, or neither", () => {
    const transport = unicast("192.0.2.2");
    const usual = checksumOf({ transport }, false);
    const old = checksumOf({ transport }, true);
    const alone = checksumOf({ transport, checksum: "payload-only" }, true);
    expect(new Set([usual, old, alone]).size).toBe(3);
    expect(old).toBe(word(sentBy(outgoingOf({ version: 3 })), 26));
    expect(alone).toBe(checksumOf({ checksum: "payload-only" }, false));
  });

  test("has no old form in multicast", () => {
    expect(checksumOf({}, true)).toBe(checksumOf({}, false));
  });

  test("follows a change of form from one advertisement to the next", () => {
    const outgoing = outgoingOf({ version: 3, transport: unicast("192.0.2.2") });
    const send = (oldChecksum: boolean): number =>
      word(formatHex(outgoing.datagram(100, SOURCE, peer, { ...CONTEXT, oldChecksum })), 26);
    const usual = send(false);
    expect(send(true)).not.toBe(usual);
    expect(send(false)).toBe(usual);
  });
});

describe("authentication header sequence numbers", () => {
  const outgoing = (): Outgoing => outgoingOf({ authentication: { type: "header", key: "58" } });
  const sequence = (hex: string): number => word(hex, 28) * 0x10000 + word(hex, 30);

  test("start at 1 and grow by one with each advertisement", () => {
    const sender = outgoing();
    expect([1, 2, 3].map(() => sequence(sentBy(sender)))).toEqual([1, 2, 3]);
  });

  test("go on where a former Active left off", () => {
    const sender = outgoing();
    expect(sequence(sentBy(sender, 100, { sequenceHeard: 5_000 }))).toBe(5_001);
    expect(sequence(sentBy(sender, 100, { sequenceHeard: 5_000 }))).toBe(5_002);
  });

  test("go on when the configuration changed", () => {
    const authentication = { type: "header", key: "58" } as const;
    const before = outgoingOf({ authentication });
    sentBy(before);
    const changed = instanceConfig({ authentication, addresses: [] });
    const bytes = sentBy(new Outgoing(changed, hmac, before));
    expect([word(bytes, 4), sequence(bytes)]).toEqual([2, 2]);
  });

  test("end at the largest instead of beginning again", () => {
    const sender = outgoing();
    expect(sequence(sentBy(sender, 100, { sequenceHeard: 0xffff_fffe }))).toBe(0xffff_ffff);
    expect(sequence(sentBy(sender))).toBe(0xffff_ffff);
  });

  test("are the same in all copies of one advertisement", () => {
    const transport = unicast("192.0.2.2", "192.0.2.3");
    const sender = outgoingOf({ transport, authentication: { type: "header", key: "58" } });
    sender.begin(100, SOURCE, CONTEXT);
    const copies = ["192.0.2.2", "192.0.2.3"].map((peer) => formatHex(sender.to(ip(peer))));
    expect(copies.map(sequence)).toEqual([1, 1]);
    expect(copies[0]!.slice(64, 88)).not.toBe(copies[1]!.slice(64, 88));
  });
});

describe("HMAC trailers", () => {
  const stampOf = (outgoing: Outgoing, wallMicroseconds: number): string => {
    const bytes = outgoing.datagram(100, SOURCE, GROUP, { ...CONTEXT, wallMicroseconds });
    const trailer = decodeTrailer(viewOf(bytes), bytes.length - 28);
    if (!trailer.ok) throw new Error(trailer.fault);
    const { seconds: whole, fraction, counter } = trailer.value;
    return `${whole}.${fraction}.${counter}`;
  };

  test("carry the time of day", () => {
    const outgoing = outgoingOf({ authentication: TRAILER });
    expect(stampOf(outgoing, NOW_US)).toBe("1795374000.0.0");
    expect(stampOf(outgoing, NOW_US + 500_000)).toBe("1795374000.32768.0");
    expect(stampOf(outgoing, NOW_US + 999_999)).toBe("1795374000.65535.0");
  });

  test("count where the clock stands still or is stepped back a little", () => {
    const outgoing = outgoingOf({ authentication: TRAILER });
    expect(stampOf(outgoing, NOW_US)).toBe("1795374000.0.0");
    expect(stampOf(outgoing, NOW_US)).toBe("1795374000.0.1");
    expect(stampOf(outgoing, NOW_US - 5_000_000)).toBe("1795374000.0.2");
  });

  test("go on when the configuration changed", () => {
    const before = outgoingOf({ authentication: TRAILER });
    stampOf(before, NOW_US);
    const changed = instanceConfig({ authentication: TRAILER, addresses: [] });
    expect(stampOf(new Outgoing(changed, hmac, before), NOW_US)).toBe("1795374000.0.1");
  });

  test("follow a clock that is stepped back beyond the window", () => {
    const outgoing = outgoingOf({ authentication: TRAILER });
    stampOf(outgoing, NOW_US);
    expect(stampOf(outgoing, NOW_US - 6_000_000)).toBe("1795373994.0.0");
  });

  test("never go back where receivers know the order only", () => {
    const outgoing = outgoingOf({ authentication: { ...TRAILER, replay: "monotonic" } });
    stampOf(outgoing, NOW_US);
    expect(stampOf(outgoing, NOW_US - 3_600_000_000)).toBe("1795374000.0.1");
  });

  test("are the same in all copies of one advertisement", () => {
    const transport = unicast("192.0.2.2", "192.0.2.3");
    const outgoing = outgoingOf({ version: 3, transport, authentication: TRAILER });
    outgoing.begin(100, SOURCE, CONTEXT);
    const copies = ["192.0.2.2", "192.0.2.3"].map((peer) => formatHex(outgoing.to(ip(peer))));
    expect(copies[0]!.slice(-56)).toBe(copies[1]!.slice(-56));
    expect(copies[0]).not.toBe(copies[1]);
  });

  test("need the active key to be one of the keys", () => {
    expect(() => outgoingOf({ authentication: { ...TRAILER, activeKey: 9 } })).toThrow(/active/);
  });
});

describe("the number of addresses that fit into an MTU", () => {
  const none = { type: "none" } as const;
  const header = { type: "header", key: "58" } as const;
  test.each([
    [{ family: 4, version: 2, authentication: none }, 1500, 255],
    [{ family: 6, version: 3, authentication: none }, 1500, 89],
    [{ family: 6, version: 3, authentication: TRAILER }, 1500, 88],
    [{ family: 4, version: 2, authentication: none }, 576, 131],
    [{ family: 4, version: 3, authentication: none }, 576, 133],
    [{ family: 4, version: 2, authentication: header }, 576, 125],
    [{ family: 4, version: 2, authentication: TRAILER }, 576, 124],
    [{ family: 4, version: 2, authentication: { ...TRAILER, mode: "receive-only" } }, 576, 131],
    [{ family: 4, version: 2, authentication: none }, 50, 0],
    [{ family: 4, version: 2, authentication: none }, 0, 0],
  ] as const)("%o, %i: %i", (instance, mtu, expected) => {
    expect(addressCapacity(instance, mtu)).toBe(expected);
  });
});

test("255 addresses make the longest advertisement", () => {
  const addresses = Array.from({ length: 255 }, (_, host) => virtualAddress(`192.0.2.${host}/24`));
  expect(outgoingOf({ addresses }).datagram(1, SOURCE, GROUP, CONTEXT).length).toBe(20 + 16 + 1020);
});
