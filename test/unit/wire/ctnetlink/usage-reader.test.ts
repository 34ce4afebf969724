import { expect, test } from "vitest";
import { FlowReader } from "../../../../src/wire/ctnetlink/flow-reader.ts";
import { UsageReader } from "../../../../src/wire/ctnetlink/usage-reader.ts";
import { Span } from "../../../../src/wire/flow-record.ts";
import { describeFlow } from "../../../../src/wire/flow-text.ts";
import { flowXml } from "../../../../src/wire/flow-xml.ts";
import { hexOf, view } from "../../../support/bytes.ts";
import { kernelMessage } from "../../../support/ctnetlink-messages.ts";

/** A netlink attribute with its length and type in the order of the host, which is the little-endian one here. */
function netlink(type: number, payload: string): string {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(4 + payload.length / 2, 0);
  header.writeUInt16LE(type, 2);
  return header.toString("hex") + payload;
}

const counters = (type: number, packets: string, bytes: string): string =>
  netlink(
    type | 0x8000,
    netlink(1, packets.padStart(16, "0")) + netlink(2, bytes.padStart(16, "0")),
  );

const withMore = (...more: readonly string[]): Span =>
  new Span(view(hexOf(kernelMessage("udp in a zone").view) + more.join("")));

const COUNTED = withMore(
  counters(9, "05", "01_00000002".replace("_", "")),
  counters(10, "04", "0400"),
  netlink(11, "00000003"),
);

test("counters and references are read from their attributes", () => {
  expect(new UsageReader().read(COUNTED)).toEqual({
    original: { packets: 5, bytes: 0x1_0000_0002 },
    reply: { packets: 4, bytes: 1_024 },
    references: 3,
  });
});

test("without accounting there are none", () => {
  expect(new UsageReader().read(withMore())).toMatchObject({
    original: undefined,
    reply: undefined,
  });
});

test("attributes that are too short are none", () => {
  const short = withMore(netlink(9 | 0x8000, netlink(1, "00000005")), netlink(11, "0001"));
  expect(new UsageReader().read(short)).toMatchObject({ original: undefined });
});

test("they stand behind their direction, and the seconds left before the state", () => {
  const reader = new FlowReader({ timeouts: true, windowScales: false });
  reader.read(COUNTED);
  const usage = new UsageReader().read(COUNTED);
  const plain = describeFlow(reader.record, "both");
  const text = describeFlow(reader.record, "both", usage);
  expect(text).toMatch(
    /^udp {6}17 \d+ src=\S+ dst=\S+ sport=\d+ dport=\d+ packets=5 bytes=4294967298 .*packets=4 bytes=1024 .*use=3$/,
  );
  const stripped = text
    .replaceAll(/ packets=\d+ bytes=\d+| use=\d+/g, "")
    .replace(/17 \d+ /, "17 ");
  expect(stripped).toBe(plain);
  const xml = flowXml(reader.record, "both", usage);
  expect(xml).toContain(
    "<counters><packets>5</packets><bytes>4294967298</bytes></counters></meta>",
  );
  expect(xml).toMatch(/<timeout>\d+<\/timeout>/);
});
