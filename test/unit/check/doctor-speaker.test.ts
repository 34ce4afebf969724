import { expect, test } from "vitest";
import type { Mac } from "../../../src/base/mac.ts";
import { milliseconds, seconds } from "../../../src/base/time.ts";
import { readSpeaker } from "../../../src/check/doctor/speaker.ts";
import type { InstanceConfig } from "../../../src/vrrp/config.ts";
import { ETHERNET_HEADER_SIZE, encodeEthernetHeader } from "../../../src/wire/ethernet.ts";
import { encodeIpv6Header, IPV6_HEADER_SIZE } from "../../../src/wire/ipv6.ts";
import { instanceText, onlyInstance } from "../../support/keepalived-files.ts";
import { ip } from "../../support/vrrp-config.ts";
import { NOW, sent } from "../../support/vrrp-packets.ts";

const MAC = "02:00:00:00:00:0b" as Mac;
const GROUP_MAC = "01:00:5e:00:00:12" as Mac;

/** The frame that carries an advertisement of `config`, with padding behind it. */
function frameOf(config: InstanceConfig, padding = 0): DataView {
  const { bytes, source, destination } = sent(config);
  const packet = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = config.family === 6 ? IPV6_HEADER_SIZE : 0;
  const frame = new Uint8Array(ETHERNET_HEADER_SIZE + header + packet.length + padding);
  const view = new DataView(frame.buffer);
  const type = config.family === 6 ? 0x86dd : 0x0800;
  encodeEthernetHeader({ destination: GROUP_MAC, source: MAC, type }, view);
  if (config.family === 6)
    encodeIpv6Header(
      {
        payloadLength: packet.length,
        trafficClass: 0,
        flowLabel: 0,
        nextHeader: 112,
        hopLimit: 255,
        source,
        destination,
      },
      view,
      ETHERNET_HEADER_SIZE,
    );
  frame.set(packet, ETHERNET_HEADER_SIZE + header);
  if (config.family === 4) checksumHeader(view);
  return view;
}

/** The kernel writes this one when the packet leaves. */
function checksumHeader(view: DataView): void {
  view.setUint16(ETHERNET_HEADER_SIZE + 10, 0);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += view.getUint16(ETHERNET_HEADER_SIZE + at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(ETHERNET_HEADER_SIZE + 10, ~sum & 0xffff);
}

const instance = (lines: string): InstanceConfig => onlyInstance(instanceText(lines));
const PLAIN = instance("");

test("an advertisement is read with who sent it", () => {
  expect(readSpeaker(frameOf(PLAIN, 6), "eth0", NOW)).toEqual({
    interface: "eth0",
    family: 4,
    mac: MAC,
    source: ip("192.0.2.1"),
    destination: ip("224.0.0.18"),
    ttl: 255,
    version: 2,
    vrid: 5,
    priority: 100,
    interval: seconds(1),
    authentication: "none",
    addresses: [ip("192.0.2.1")],
  });
});

test.each([
  ["password", "authentication {\nauth_type PASS\nauth_pass 1111\n}"],
  ["header", "authentication {\nauth_type AH\nauth_pass 1111\n}"],
  ["none", "version 3\nadvert_int 0.1"],
] as const)("authentication %s is told", (authentication, lines) => {
  expect(readSpeaker(frameOf(instance(lines)), "eth0", NOW)).toMatchObject({ authentication });
});

test("version 3 brings its interval", () => {
  const speaker = readSpeaker(frameOf(instance("version 3\nadvert_int 0.1")), "eth0", NOW);
  expect(speaker).toMatchObject({ version: 3, interval: milliseconds(100) });
});

test("a signature tells how far the sender's clock is ahead", () => {
  const config: InstanceConfig = {
    ...instance("version 3"),
    authentication: {
      type: "hmac",
      keys: [{ id: 1, secret: "00".repeat(32) }],
      activeKey: 1,
      replay: "time",
      window: seconds(30),
      mode: "enforce",
    },
  };
  const speaker = readSpeaker(frameOf(config), "eth0", NOW - 40);
  expect(speaker?.authentication).toBe("hmac");
  expect(speaker?.clockAheadSeconds).toBeCloseTo(40, 3);
});

test("IPv6 is read as well", () => {
  const config = instance("version 3\nvirtual_ipaddress {\nfe80::5/64\n2001:db8::1/64\n}");
  expect(readSpeaker(frameOf(config), "eth0", NOW)).toMatchObject({
    family: 6,
    source: ip("fe80::1"),
    addresses: [ip("fe80::5"), ip("2001:db8::1")],
  });
});

test("a frame that is cut off anywhere, or has other bytes, breaks nothing", () => {
  const whole = frameOf(PLAIN);
  for (let size = 0; size < whole.byteLength; size += 1)
    expect(readSpeaker(new DataView(whole.buffer, 0, size), "eth0", NOW)).toBeUndefined();
  for (let at = 0; at < whole.byteLength; at += 1)
    for (const byte of [0, 0x45, 0xff]) {
      const copy = new Uint8Array(whole.buffer.slice(0));
      copy[at] = byte;
      expect(() => readSpeaker(new DataView(copy.buffer), "eth0", NOW)).not.toThrow();
    }
});
