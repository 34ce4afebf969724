import { describe, expect, test } from "vitest";
import { ExpectationReader } from "../../../../src/wire/ctnetlink/expectation-reader.ts";
import { FlowReader } from "../../../../src/wire/ctnetlink/flow-reader.ts";
import { EXPECT, FLOW } from "../../../../src/wire/flow-attributes.ts";
import { checkExpectation, checkFlow, Span } from "../../../../src/wire/flow-record.ts";
import { describeExpectation, describeFlow } from "../../../../src/wire/flow-text.ts";
import { flowView } from "../../../../src/wire/flow-view.ts";
import { hexOf, view } from "../../../support/bytes.ts";
import {
  EXPECTATION,
  flowMessageNames,
  kernelMessage,
  lineOf,
} from "../../../support/ctnetlink-messages.ts";
import { attribute, recordHex } from "../../../support/record-bytes.ts";

const OPTIONS = { timeouts: true, windowScales: false };

/** The record of a message, in hex. */
function read(message: Span, options = OPTIONS): string {
  const reader = new FlowReader(options);
  expect(reader.read(message)).toBe(true);
  return recordHex(reader.record);
}

/** A netlink attribute of a little-endian host, with that payload in hex. */
function netlink(type: number, payload: string): string {
  const size = payload.length / 2;
  const word = ((type << 16) | (4 + size)) >>> 0;
  const header = view(word.toString(16).padStart(8, "0")).getUint32(0, true);
  return header.toString(16).padStart(8, "0") + payload + "00".repeat(-size & 3);
}

/** The message of a flow of UDP, with more attributes behind it. */
const UDP = "udp in a zone";
const withMore = (...more: readonly string[]): Span =>
  new Span(view(hexOf(kernelMessage(UDP).view) + more.join("")));

describe("a message of the kernel", () => {
  test.each(flowMessageNames)("about %s tells of the flow that conntrackd shows", (name) => {
    const reader = new FlowReader(OPTIONS);
    expect(reader.read(kernelMessage(name))).toBe(true);
    expect(checkFlow(reader.record)).toBeUndefined();
    expect(describeFlow(reader.record, "both")).toBe(lineOf(name));
  });

  test("becomes attributes in conntrackd's order", () => {
    expect(read(kernelMessage("tcp with dnat and a label"))).toBe(
      [
        attribute(FLOW.ipv4, "c0a80164 c0a80101"),
        attribute(FLOW.status, "000001be"),
        attribute(FLOW.protocol, "06"),
        attribute(FLOW.ports, "cc02 1f56"),
        attribute(FLOW.tcpState, "03"),
        attribute(FLOW.timeout, "0006977f"),
        attribute(FLOW.mark, "00000000"),
        attribute(FLOW.snatIpv4, "cb007104"),
        attribute(FLOW.dnatIpv4, "cb00710a"),
        attribute(FLOW.dnatPort, "1f90"),
        attribute(FLOW.labels, "00000000 00000000 00000020 00000000"),
      ].join(""),
    );
  });

  test("tells of master, helper and adjusted sequence numbers", () => {
    const reader = new FlowReader(OPTIONS);
    reader.read(kernelMessage("ftp control connection"));
    expect(flowView(reader.record)).toMatchObject({
      helper: "ftp",
      sequenceAdjustment: [
        { before: 0, after: -2 },
        { correction: 0, before: 0, after: 0 },
      ],
    });
    reader.read(kernelMessage("ftp data connection"));
    expect(flowView(reader.record)).toMatchObject({
      master: { source: "192.168.1.100", destination: "203.0.113.10", destinationPort: 21 },
    });
  });

  test("gives timeouts and window scales only where they are wanted", () => {
    const message = kernelMessage("tcp with snat");
    const reader = new FlowReader({ timeouts: false, windowScales: true });
    reader.read(message);
    expect(flowView(reader.record).timeout).toBeUndefined();
    expect(flowView(reader.record).windowScales).toHaveLength(2);
    reader.read(message);
    const plain = new FlowReader(OPTIONS);
    plain.read(message);
    expect(flowView(plain.record).timeout).toBeGreaterThan(0);
    expect(flowView(plain.record).windowScales).toBeUndefined();
  });

  test("leaves translation out that the status does not confirm", () => {
    const bytes = hexOf(kernelMessage("tcp with snat").view);
    const translated = attribute(FLOW.snatIpv4, "cb007104");
    expect(read(new Span(view(bytes)))).toContain(translated);
    const unconfirmed = bytes.replace("080003000000019e", "080003000000001e");
    expect(read(new Span(view(unconfirmed)))).not.toContain(translated);
  });

  test("keeps real SYNPROXY data and drops what is all zero", () => {
    const synproxy = (sequence: string, timestamp: string, offset: string): string =>
      netlink(0x8018, netlink(1, sequence) + netlink(2, timestamp) + netlink(3, offset));
    expect(read(withMore(synproxy("94a53cf9", "0031f89a", "00000000")))).toContain(
      attribute(FLOW.synproxy, "0031f89a 94a53cf9 00000000"),
    );
    const zero = withMore(synproxy("00000000", "00000000", "00000000"));
    expect(read(zero)).toBe(read(withMore()));
  });

  test("leaves out a helper whose name receivers refuse, labels that are not set, half an adjustment", () => {
    const helper = (name: string): string => netlink(0x8005, netlink(1, name));
    const without = read(withMore());
    expect(read(withMore(helper(`${"61".repeat(11)}00`)))).toContain("61".repeat(11));
    expect(read(withMore(helper(`${"61".repeat(12)}00`)))).toBe(without);
    expect(read(withMore(helper("00")))).toBe(without);
    expect(read(withMore(netlink(22, "00".repeat(16))))).toBe(without);
    const direction = netlink(1, "00000001") + netlink(2, "00000002") + netlink(3, "00000003");
    expect(read(withMore(netlink(0x800f, direction)))).toBe(without);
    const half = netlink(0x8010, direction.slice(0, 16));
    expect(read(withMore(netlink(0x800f, direction), half))).toBe(without);
  });

  test("without a whole tuple is no flow", () => {
    const reader = new FlowReader(OPTIONS);
    const { view: all } = kernelMessage(UDP);
    expect(reader.read(new Span(all, 0, 0))).toBe(false);
    expect(reader.read(new Span(all, 0, 40))).toBe(false);
    expect(reader.read(new Span(all, 0, 52))).toBe(true);
    expect(reader.record.size).toBeGreaterThan(0);
  });
});

describe("a message about an expectation", () => {
  test("tells what conntrackd shows, and may leave the timeout out", () => {
    const reader = new ExpectationReader({ timeouts: true });
    expect(reader.read(kernelMessage(EXPECTATION))).toBe(true);
    expect(checkExpectation(reader.record)).toBeUndefined();
    expect(describeExpectation(reader.record)).toBe(lineOf(EXPECTATION));
    const withTimeout = reader.record.size;
    const silent = new ExpectationReader({ timeouts: false });
    silent.read(kernelMessage(EXPECTATION));
    expect(silent.record.size).toBe(withTimeout - 8);
  });

  test("carries its translation and the kernel's function", () => {
    const reader = new ExpectationReader({ timeouts: false });
    reader.read(kernelMessage(EXPECTATION));
    expect(recordHex(reader.record)).toContain(
      attribute(EXPECT.natIpv4, "00".repeat(8)) +
        attribute(EXPECT.natProtocol, "06") +
        attribute(EXPECT.natPorts, "c8010000") +
        attribute(EXPECT.natDirection, "00000001") +
        attribute(EXPECT.helper, "66747000") +
        attribute(EXPECT.function, "6e61742d666f6c6c6f772d6d617374657200"),
    );
  });

  test("without all of its tuples is none", () => {
    const reader = new ExpectationReader({ timeouts: true });
    const { view: all, size } = kernelMessage(EXPECTATION);
    expect(reader.read(new Span(all, 0, size))).toBe(true);
    for (const tuples of [0, 1, 2]) expect(reader.read(new Span(all, 0, tuples * 52))).toBe(false);
  });
});
