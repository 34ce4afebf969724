import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { IpAddress, IpFamily } from "../../src/base/ip.ts";
import { missingCapabilities } from "../../src/kernel/capabilities.ts";
import { SyscallError } from "../../src/kernel/errno.ts";
import { PacketSocket } from "../../src/kernel/packet-socket.ts";
import { RouteNetlink } from "../../src/kernel/route-netlink.ts";
import {
  type VrrpPacket,
  VrrpReceiver,
  type VrrpReceiverOptions,
  VrrpSender,
  type VrrpSenderOptions,
} from "../../src/kernel/vrrp-socket.ts";
import { bytes } from "../support/bytes.ts";
import { isRoot, type TestNamespace, TestNet } from "../support/netns.ts";

const ip = (text: string): IpAddress => text as IpAddress;
const GROUP4 = ip("224.0.0.18");
const GROUP6 = ip("ff02::12");

/** A version 3 advertisement for VRID 51; the checksum is wrong on purpose, nobody here looks at it but the kernel. */
const PDU = "3133 6401 0064 0000 c000 0204";
/** An IP header without checksum, TTL 255, protocol `protocol`, from 192.0.2.1. */
const ipv4Packet = (destination: string, protocol = 112): Uint8Array => {
  const [a, b, c, d] = destination.split(".").map(Number);
  const packet = bytes(`45c00020 00010000 ff700000 c0000201 00000000 ${PDU}`);
  packet[9] = protocol;
  packet.set([a!, b!, c!, d!], 16);
  return packet;
};

interface Heard {
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly protocol: number;
  readonly length: number;
}

describe.skipIf(!isRoot)("raw sockets", () => {
  let net: TestNet;
  let alpha: TestNamespace;
  let beta: TestNamespace;
  let indexes: Record<"alpha" | "beta", number>;

  beforeAll(() => {
    net = new TestNet();
    alpha = net.namespace("alpha");
    beta = net.namespace("beta");
    net.cable(alpha, "eth0", beta, "eth0");
    for (const [place, digit] of [
      [alpha, 1],
      [beta, 2],
    ] as const) {
      place.ip(`addr add 192.0.2.${digit}/24 dev eth0`);
      place.ip("addr flush dev eth0 scope link");
      place.ip(`addr add fe80::${digit}/64 dev eth0 nodad`);
      place.ip(`addr add 2001:db8::${digit}/64 dev eth0 nodad`);
    }
    indexes = { alpha: alpha.indexOf("eth0"), beta: beta.indexOf("eth0") };
  });
  afterAll(() => {
    net.close();
  });

  const sender = (options: Partial<VrrpSenderOptions> = {}): VrrpSender => {
    const family = options.family ?? 4;
    return alpha.within(() =>
      VrrpSender.open({
        family,
        protocol: 112,
        interface: "eth0",
        index: indexes.alpha,
        source: ip(family === 4 ? "192.0.2.1" : "fe80::1"),
        ...options,
      }),
    );
  };
  const receiver = (
    family: IpFamily,
    transport: VrrpReceiverOptions["transport"],
    protocol: 112 | 51 = 112,
  ): VrrpReceiver =>
    beta.within(() =>
      VrrpReceiver.open({ family, protocol, interface: "eth0", index: indexes.beta, transport }),
    );
  const multicast = (family: IpFamily): VrrpReceiver =>
    receiver(family, { type: "multicast", group: family === 4 ? GROUP4 : GROUP6 });
  /** Calls `look` until it says true: on a busy machine the kernel delivers a little after it took the packet. */
  const soon = (look: () => boolean): void => {
    const end = performance.now() + 10_000;
    while (!look()) if (performance.now() > end) return;
  };
  /** What has arrived once `count` packets have, or nothing more will. */
  const heard = (from: VrrpReceiver, count = 1): Heard[] => {
    const packets: Heard[] = [];
    soon(() => {
      from.receive(
        ({ bytes: data, ...rest }) => packets.push({ ...rest, length: data.byteLength }),
        100,
      );
      return packets.length >= count;
    });
    return packets;
  };

  test("carry an IPv4 advertisement to the group, with the header as written and its checksum filled in", () => {
    const out = sender();
    const into = multicast(4);
    out.send(ipv4Packet("224.0.0.18"), GROUP4);
    const packets: string[] = [];
    const read = (packet: VrrpPacket): void => {
      expect(packet).toMatchObject({
        source: "192.0.2.1",
        destination: "224.0.0.18",
        ttl: 255,
        protocol: 112,
      });
      const { buffer, byteOffset, byteLength } = packet.bytes;
      packets.push(Buffer.from(buffer, byteOffset, byteLength).toString("hex"));
    };
    soon(() => into.receive(read, 10) > 0);
    expect(packets).toEqual([
      expect.stringMatching(
        /^45c0002000010000ff70[0-9a-f]{4}c0000201e00000123133640100640000c0000204$/,
      ),
    ]);
    expect(packets[0]!.slice(20, 24)).not.toBe("0000");
    out.close();
    into.close();
  });

  test("carry an IPv6 advertisement to the group, with hop limit 255 and the kernel's checksum", () => {
    const out = sender({ family: 6 });
    const into = multicast(6);
    out.send(bytes(PDU), GROUP6);
    let checksum = 0;
    const read = (packet: VrrpPacket): void => {
      expect(packet).toMatchObject({ source: "fe80::1", destination: "ff02::12", ttl: 255 });
      checksum = packet.bytes.getUint16(6);
    };
    soon(() => into.receive(read, 10) > 0);
    expect(checksum).not.toBe(0);
    out.close();
    into.close();
  });

  test("carry unicast both ways, IPv6 with the hop limit that was asked for or the kernel's own", () => {
    const in4 = receiver(4, { type: "unicast", source: ip("192.0.2.2") });
    const in6 = receiver(6, { type: "unicast", source: ip("2001:db8::2") });
    const out4 = sender();
    const usual = sender({ family: 6, source: ip("2001:db8::1") });
    const limited = sender({ family: 6, source: ip("2001:db8::1"), hopLimit: 7 });
    out4.send(ipv4Packet("192.0.2.2"), ip("192.0.2.2"));
    usual.send(bytes(PDU), ip("2001:db8::2"));
    limited.send(bytes(PDU), ip("2001:db8::2"));
    expect(heard(in4)).toMatchObject([{ destination: "192.0.2.2", length: 32 }]);
    expect(heard(in6, 2)).toMatchObject([
      { source: "2001:db8::1", destination: "2001:db8::2", ttl: 64, length: 12 },
      { ttl: 7 },
    ]);
    for (const socket of [in4, in6, out4, usual, limited]) socket.close();
  });

  test("tell multicast, unicast and the Authentication Header apart", () => {
    const group = multicast(4);
    const single = receiver(4, { type: "unicast", source: ip("192.0.2.2") });
    const header = receiver(4, { type: "multicast", group: GROUP4 }, 51);
    const out = sender();
    const authenticated = sender({ protocol: 51 });
    out.send(ipv4Packet("224.0.0.18"), GROUP4);
    out.send(ipv4Packet("192.0.2.2"), ip("192.0.2.2"));
    authenticated.send(ipv4Packet("224.0.0.18", 51), GROUP4);
    expect(heard(group).map((packet) => packet.destination)).toEqual(["224.0.0.18"]);
    expect(heard(single).map((packet) => packet.destination)).toEqual(["192.0.2.2"]);
    expect(heard(header)).toMatchObject([{ protocol: 51, destination: "224.0.0.18" }]);
    for (const socket of [group, single, header, out, authenticated]) socket.close();
  });

  test("do not hear their own multicast", () => {
    const own = alpha.within(() =>
      VrrpReceiver.open({
        family: 4,
        protocol: 112,
        interface: "eth0",
        index: indexes.alpha,
        transport: { type: "multicast", group: GROUP4 },
      }),
    );
    const out = sender();
    out.send(ipv4Packet("224.0.0.18"), GROUP4);
    expect(heard(own, 0)).toEqual([]);
    own.close();
    out.close();
  });

  test("hand over a queue in bounded portions, in order, and cut off what is longer than any advertisement", () => {
    const into = multicast(4);
    const witness = multicast(4);
    const out = sender();
    for (let count = 0; count < 40; count += 1) {
      const packet = ipv4Packet("224.0.0.18");
      packet[21] = count;
      out.send(packet, GROUP4);
    }
    expect(heard(witness, 40)).toHaveLength(40);
    const vrids: number[] = [];
    const take = (max: number): number =>
      into.receive((packet) => vrids.push(packet.bytes.getUint8(21)), max);
    expect(take(20)).toBe(20);
    expect(take(20)).toBe(20);
    expect(take(20)).toBe(0);
    expect(vrids).toEqual(Array.from({ length: 40 }, (_, count) => count));
    for (const socket of [into, witness, out]) socket.close();
  });

  test("hear the group again after the interface went down and came back, and after rejoin()", () => {
    const into = multicast(4);
    const into6 = multicast(6);
    const out = sender();
    for (const socket of [into, into6]) socket.rejoin();
    beta.ip("link set eth0 down");
    for (const socket of [into, into6]) socket.rejoin();
    beta.ip("link set eth0 up");
    // Until the kernel has noticed the carrier it may throw away what is sent.
    let count = 0;
    soon(() => {
      out.send(ipv4Packet("224.0.0.18"), GROUP4);
      return (count += into.receive(() => undefined, 100)) > 0;
    });
    expect(count).toBeGreaterThan(0);
    for (const socket of [into, into6, out]) socket.close();
    beta.ip("addr replace fe80::2/64 dev eth0 nodad");
    beta.ip("addr replace 2001:db8::2/64 dev eth0 nodad");
  });

  test("say which call failed on what, and why", () => {
    const open = (): VrrpReceiver =>
      alpha.within(() =>
        VrrpReceiver.open({
          family: 4,
          protocol: 112,
          interface: "eth9",
          index: 99,
          transport: { type: "multicast", group: GROUP4 },
        }),
      );
    expect(open).toThrow("setsockopt SO_BINDTODEVICE eth9: ENODEV: no such device");
    expect(() => sender({ family: 6, source: ip("2001:db8::99") })).toThrow(
      "bind 2001:db8::99 on eth0: EADDRNOTAVAIL: address not available",
    );
    const out = sender();
    alpha.ip("link set eth0 down");
    expect(() => {
      out.send(ipv4Packet("224.0.0.18"), GROUP4);
    }).toThrow(SyscallError);
    alpha.ip("link set eth0 up");
    alpha.ip("addr replace fe80::1/64 dev eth0 nodad");
    alpha.ip("addr replace 2001:db8::1/64 dev eth0 nodad");
    out.close();
  });

  test("need CAP_NET_RAW and say so", () => {
    expect(missingCapabilities(["CAP_NET_ADMIN", "CAP_NET_RAW"])).toEqual([]);
    process.seteuid!(65_534);
    try {
      expect(missingCapabilities(["CAP_NET_ADMIN", "CAP_NET_RAW"])).toEqual([
        "CAP_NET_ADMIN",
        "CAP_NET_RAW",
      ]);
      expect(() => PacketSocket.open()).toThrow(
        "socket AF_PACKET SOCK_RAW: EPERM: operation not permitted",
      );
    } finally {
      process.seteuid!(0);
    }
  });

  test("announce an address: the other side learns the MAC from a gratuitous ARP and a neighbour advertisement", () => {
    const mac = alpha.macOf("eth0");
    const hex = mac.replaceAll(":", "");
    beta.ip("neigh replace 192.0.2.4 lladdr 02:00:00:00:00:99 nud stale dev eth0");
    beta.ip("neigh replace 2001:db8::4 lladdr 02:00:00:00:00:99 nud stale dev eth0");
    const socket = alpha.within(() => PacketSocket.open());
    const gratuitous = bytes(
      `ffffffffffff ${hex} 0806 0001 0800 06 04 0001 ${hex} c0000204 ffffffffffff c0000204`,
    );
    const netlink = beta.within(() => RouteNetlink.open());
    const learned = (): string[] =>
      netlink.neighbours().flatMap((entry) => (entry.mac === mac ? [entry.address] : []));
    const both = ["192.0.2.4", "2001:db8::4"];
    soon(() => {
      socket.send(indexes.alpha, gratuitous);
      socket.send(indexes.alpha, neighbourAdvertisement(hex));
      return both.every((address) => learned().includes(address));
    });
    expect(learned()).toEqual(expect.arrayContaining(both));
    netlink.close();
    socket.close();
  });
});

function neighbourAdvertisement(mac: string): Uint8Array {
  const frame = bytes(
    `333300000001 ${mac} 86dd 60000000 0020 3a ff
     20010db8000000000000000000000004 ff020000000000000000000000000001
     8800 0000 20000000 20010db8000000000000000000000004 0201 ${mac}`,
  );
  const view = new DataView(frame.buffer);
  let sum = 0x20 + 0x3a;
  for (let at = 22; at < frame.length; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(56, ~sum & 0xffff);
  return frame;
}
