import { describe, expect, test } from "vitest";
import { MessageCursor } from "../../../../src/wire/netlink.ts";
import type { Notification } from "../../../../src/wire/rtnetlink/entries.ts";
import { decodeNotification } from "../../../../src/wire/rtnetlink/notification.ts";
import { bitFlips, bytes, viewOf } from "../../../support/bytes.ts";

function decode(data: Uint8Array): Notification | undefined {
  const view = viewOf(data);
  const cursor = new MessageCursor(view);
  cursor.reset(data.length);
  return cursor.next() ? decodeNotification(view, cursor) : undefined;
}

/** Notifications as Linux 6.18 sent them, the link's cut down to the attributes that matter. */
const CAPTURED: Readonly<Record<string, readonly [hex: string, note: Notification]>> = {
  "an address with lifetimes, label and broadcast": [
    `58000000 1400 0000 c44e036b 9e4f0000 02180000 03000000 0800 0100 c0000204 0800 0200 c0000204
     0800 0400 c00002ff 0900 0300 76303a31 00000000 0800 0800 00020000
     1400 0600 03000000 03000000 20fe0300 20fe0300`,
    {
      type: "address",
      gone: false,
      requester: 20_382,
      entry: {
        family: 4,
        index: 3,
        address: "192.0.2.4" as never,
        prefixLength: 24,
        scope: 0,
        flags: 0x200,
        label: "v0:1",
        broadcast: "192.0.2.255" as never,
        protocol: 0,
        validLifetime: 3,
        preferredLifetime: 3,
      },
    },
  ],
  "an IPv6 address that stays for ever": [
    `48000000 1400 0000 00000000 00000000 0a408200 03000000
     1400 0100 20010db8000000000000000000000004
     1400 0600 ffffffff ffffffff 21fe0300 21fe0300 0800 0800 82000000`,
    {
      type: "address",
      gone: false,
      requester: 0,
      entry: {
        family: 6,
        index: 3,
        address: "2001:db8::4" as never,
        prefixLength: 64,
        scope: 0,
        flags: 0x82,
        protocol: 0,
        validLifetime: "forever",
        preferredLifetime: "forever",
      },
    },
  ],
  "a route with metric, metrics, source and table": [
    `60000000 1800 0006 c44e036b a04f0000 02180000 fc030001 04000000 0800 0f00 e8030000
     0800 0100 c6336400 0800 0600 05000000 1400 0800 0800 0100 04000000 0800 0200 78050000
     0800 0700 c0000204 0800 0500 c0000201 0800 0400 03000000`,
    {
      type: "route",
      gone: false,
      requester: 20_384,
      entry: {
        family: 4,
        type: "unicast",
        destination: { address: "198.51.100.0" as never, length: 24 },
        preferredSource: "192.0.2.4" as never,
        gateway: "192.0.2.1" as never,
        index: 3,
        metric: 5,
        table: 1000,
        protocol: 3,
        scope: 0,
        tos: 0,
        flags: 4,
        metrics: { mtu: 1400 },
        nexthops: [],
      },
    },
  ],
  "a route over next hops of both families": [
    `60000000 1800 0006 c44e036b a14f0000 02180000 fe700001 00000000 0800 0f00 fe000000
     0800 0100 cb007100 3400 0900 1000 0401 03000000 0800 0500 c0000201
     2000 0000 02000000 1600 1200 0a00 fe800000000000000000000000000001 0000`,
    {
      type: "route",
      gone: false,
      requester: 20_385,
      entry: {
        family: 4,
        type: "unicast",
        destination: { address: "203.0.113.0" as never, length: 24 },
        metric: 0,
        table: 254,
        protocol: 112,
        scope: 0,
        tos: 0,
        flags: 0,
        metrics: {},
        nexthops: [
          { gateway: "192.0.2.1" as never, index: 3, weight: 2, onlink: true },
          { gateway: "fe80::1" as never, index: 2, weight: 1, onlink: false },
        ],
      },
    },
  ],
  "a rule with every selector": [
    `ac000000 2000 0000 c44e036b a24f0000 02180810 fc000001 02000000 0800 0f00 e8030000
     0800 0e00 00000000 0500 1500 70000000 0700 0300 763000 00 0700 1100 763100 00
     0800 0600 64000000 0800 0a00 01000000 0800 1000 ff000000 0c00 0c00 0000000000000007
     0c00 1400 00000000 05000000 0800 1700 01000a00 0800 1800 50005000 0600 1d00 ffff0000
     0500 1600 06000000 0800 0100 c0000200 0800 0200 0a000000 0800 0b00 04000300`,
    {
      type: "rule",
      gone: false,
      requester: 20_386,
      entry: {
        family: 4,
        action: "lookup",
        not: true,
        table: 1000,
        preference: 100,
        protocol: 112,
        l3mdev: false,
        tos: 0x10,
        from: { address: "10.0.0.0" as never, length: 8 },
        to: { address: "192.0.2.0" as never, length: 24 },
        firewallMark: { value: 1, mask: 0xff },
        inputInterface: "v0",
        outputInterface: "v1",
        suppressPrefixLength: 0,
        tunnelId: 7,
        userRange: { start: 0, end: 5 },
        sourcePorts: { start: 1, end: 10 },
        destinationPorts: { start: 80, end: 80 },
        ipProtocol: 6,
        realms: { from: 3, to: 4 },
      },
    },
  ],
  "a neighbour": [
    `4c000000 1c00 0000 00000000 a34f0000 02000000 03000000 80000001 0800 0100 c0000209
     0a00 0200 020000000009 0000 0800 0400 00000000
     1400 0300 00000000 00000000 00000000 01000000`,
    {
      type: "neighbour",
      gone: false,
      requester: 20_387,
      entry: {
        family: 4,
        index: 3,
        address: "192.0.2.9" as never,
        mac: "02:00:00:00:00:09" as never,
        state: 0x80,
      },
    },
  ],
  "a macvlan that is gone": [
    `70000000 1100 0000 00000000 00000000 00000100 04000000 43100100 00000000
     0700 0300 6d3000 00 0800 0400 dc050000 0800 1b00 00000000
     0a00 0100 00005e000133 0000 0800 0500 03000000
     2400 1200 0c00 0100 6d6163766c616e 00 1400 0200 0800 0100 01000000 0600 0200 0000 0000`,
    {
      type: "link",
      gone: true,
      requester: 0,
      entry: {
        index: 4,
        name: "m0",
        hardwareType: 1,
        flags: 0x1_1043,
        up: true,
        running: true,
        mtu: 1500,
        mac: "00:00:5e:00:01:33" as never,
        kind: "macvlan",
        macvlanMode: 1,
        parent: 3,
        group: 0,
      },
    },
  ],
};

describe.each(Object.entries(CAPTURED))("%s", (_, [hex, note]) => {
  const data = bytes(hex);

  test("is read", () => {
    expect(decode(data)).toEqual(note);
  });

  test("is never read beyond its end, cut off anywhere", () => {
    for (let length = 0; length < data.length; length += 1) {
      const cut = data.slice(0, length);
      if (length >= 4) viewOf(cut).setUint32(0, length, true);
      expect(() => decode(cut)).not.toThrow();
    }
  });

  test("with any bit flipped is read differently, or not at all, without an exception", () => {
    expect(() => {
      for (const { flipped } of bitFlips(data)) decode(flipped);
    }).not.toThrow();
  });
});

test("messages of other families and kinds are passed over", () => {
  expect(decode(bytes("18000000 1400 0000 00000000 00000000 07180000 03000000"))).toBeUndefined();
  expect(
    decode(bytes("20000000 1000 0000 00000000 00000000 07000100 04000000 00000000 00000000")),
  ).toBeUndefined();
  expect(decode(bytes("14000000 4000 0000 00000000 00000000 00000000"))).toBeUndefined();
  expect(decode(bytes("18000000 1600 0000 00000000 00000000 02180000 03000000"))).toBeUndefined();
});

test("a link without carrier is up but not running", () => {
  const flags = (hex: string): Notification | undefined =>
    decode(bytes(`20000000 1000 0000 00000000 00000000 00000100 04000000 ${hex} 00000000`));
  expect(flags("03100000")).toMatchObject({ entry: { up: true, running: false } });
  expect(flags("02100000")).toMatchObject({ entry: { up: false, running: false } });
});
