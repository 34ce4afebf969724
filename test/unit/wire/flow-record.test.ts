import { describe, expect, test } from "vitest";
import { EXPECT, EXPECT_TABLE, FLOW, FLOW_TABLE } from "../../../src/wire/flow-attributes.ts";
import { RecordKey } from "../../../src/wire/flow-key.ts";
import { RecordMerger } from "../../../src/wire/flow-merge.ts";
import {
  checkExpectation,
  checkFlow,
  copyRecord,
  expectationTimeout,
  flowTimeout,
  isRelated,
  originalSourceAt,
  RECORD_SIZE_MAX,
  recordFamily,
  recordProtocol,
  recordStatus,
  recordTcpState,
  replySourceAt,
  Span,
  swapPortsAndIds,
} from "../../../src/wire/flow-record.ts";
import { view } from "../../support/bytes.ts";
import { attribute, body, ownRecord, recordHex } from "../../support/record-bytes.ts";

const IPV4 = attribute(FLOW.ipv4, "c0a80164 cb00710a");
const IPV6 = attribute(FLOW.ipv6, "fd".padEnd(64, "0"));
const STATUS = attribute(FLOW.status, "00000198");
const UDP = attribute(FLOW.protocol, "11");
const TCP = attribute(FLOW.protocol, "06");
const PORTS = attribute(FLOW.ports, "9c41 14ea");
const UDP_FLOW = [IPV4, STATUS, UDP, PORTS] as const;

describe("a received flow", () => {
  test("passes with everything that conntrackd sends", () => {
    expect(checkFlow(body(...UDP_FLOW, attribute(FLOW.snatIpv4, "c0a80004")))).toBeUndefined();
  });

  test.each([...FLOW_TABLE.order].map((number) => [number]))(
    "is refused when attribute %i is a byte too long",
    (number) => {
      const tooLong = attribute(number, "00".repeat(FLOW_TABLE.sizeMax[number]! + 1));
      expect(checkFlow(body(...UDP_FLOW, tooLong))).toBe("wrong-attribute-size");
    },
  );

  test("may have labels of any number of words, and a helper of 1 to 11 letters", () => {
    for (const [number, payload] of [
      [FLOW.labels, ""],
      [FLOW.labels, "00000008"],
      [FLOW.labels, "00".repeat(1024)],
      [FLOW.helper, "6600"],
      [FLOW.helper, "6162636465666768696a6b00"],
    ] as const)
      expect(checkFlow(body(...UDP_FLOW, attribute(number, payload), UDP))).toBeUndefined();
    for (const [number, payload] of [
      [FLOW.labels, "000000"],
      [FLOW.helper, ""],
      [FLOW.helper, "6162636465666768696a6b6c00"],
    ] as const)
      expect(checkFlow(body(...UDP_FLOW, attribute(number, payload), UDP))).toBe(
        "wrong-attribute-size",
      );
  });

  test("is refused with an attribute that is not known, too short or longer than the message", () => {
    expect(checkFlow(body(...UDP_FLOW, attribute(33, "00000000")))).toBe("unknown-attribute");
    expect(checkFlow(body(...UDP_FLOW, "00030005", "00000000"))).toBe("attribute-too-short");
    expect(checkFlow(body(...UDP_FLOW, "000c0005", "00000000"))).toBe("attribute-beyond-end");
  });

  test("may end in four bytes of anything, and without padding", () => {
    expect(checkFlow(body(...UDP_FLOW, "ffffffff"))).toBeUndefined();
    expect(checkFlow(body(IPV4, "0005000211"))).toBeUndefined();
  });

  test.each([
    ["nothing at all", []],
    ["no addresses", [STATUS, UDP, PORTS]],
    ["addresses of both families", [IPV4, IPV6, UDP, PORTS]],
    ["no protocol", [IPV4, STATUS, PORTS]],
  ])("is refused with %s", (_what, attributes) => {
    expect(checkFlow(body(...attributes))).toBe("no-usable-tuple");
  });
});

describe("a received expectation", () => {
  const tuple = (first: number, addresses: string): string =>
    attribute(first, addresses) + attribute(first + 2, "06") + attribute(first + 3, "00000015");
  const WHOLE = [EXPECT.masterIpv4, EXPECT.ipv4, EXPECT.maskIpv4].map((first) =>
    tuple(first, "0a000001 0a000002"),
  );

  test("passes with its three tuples, and says when it expires", () => {
    expect(checkExpectation(body(...WHOLE))).toBeUndefined();
    expect(expectationTimeout(body(...WHOLE))).toBeUndefined();
    expect(expectationTimeout(body(...WHOLE, attribute(EXPECT.timeout, "0000012c")))).toBe(300);
  });

  test("is refused without one of them, or with two families", () => {
    for (let left = 0; left < WHOLE.length; left += 1)
      expect(checkExpectation(body(...WHOLE.toSpliced(left, 1)))).toBe("no-usable-tuple");
    expect(checkExpectation(body(...WHOLE, attribute(EXPECT.ipv6, "00".repeat(32))))).toBe(
      "no-usable-tuple",
    );
    const withoutProtocol = attribute(EXPECT.ipv4, "0a000001 0a000002");
    expect(checkExpectation(body(WHOLE[0]!, withoutProtocol, WHOLE[2]!))).toBe("no-usable-tuple");
  });

  test("has numbers of its own", () => {
    expect(checkExpectation(body(...WHOLE, attribute(21, "00000000")))).toBe("unknown-attribute");
    expect(EXPECT_TABLE.recordSizeMax).toBeLessThanOrEqual(RECORD_SIZE_MAX);
  });
});

describe("a merge", () => {
  const merger = new RecordMerger("flow");

  test("puts attributes into conntrackd's order, once each, the last one counting", () => {
    const mixed = body(attribute(FLOW.mark, "00000001"), PORTS, UDP, IPV4, STATUS);
    expect(recordHex(merger.merge(undefined, mixed))).toBe(
      [IPV4, STATUS, UDP, PORTS, attribute(FLOW.mark, "00000001")].join(""),
    );
    const twice = body(
      IPV4,
      UDP,
      attribute(FLOW.mark, "00000001"),
      attribute(FLOW.mark, "00000002"),
    );
    expect(recordHex(merger.merge(undefined, twice))).toBe(
      [IPV4, UDP, attribute(FLOW.mark, "00000002")].join(""),
    );
  });

  test("overwrites what the update has and keeps what it does not have", () => {
    const known = body(
      ...UDP_FLOW,
      attribute(FLOW.timeout, "0000003c"),
      attribute(FLOW.zone, "0005"),
    );
    const update = body(IPV4, attribute(FLOW.status, "0000019e"), UDP, PORTS);
    const marked = body(IPV4, UDP, attribute(FLOW.mark, "000000ff"));
    const once = ownRecord(merger.merge(known, update));
    expect(recordHex(merger.merge(once, marked))).toBe(
      [
        IPV4,
        attribute(FLOW.status, "0000019e"),
        UDP,
        PORTS,
        attribute(FLOW.timeout, "0000003c"),
        attribute(FLOW.mark, "000000ff"),
        attribute(FLOW.zone, "0005"),
      ].join(""),
    );
  });

  test("zeroes padding, and needs none behind the last attribute", () => {
    const dirty = body(IPV4, "00050002 11aabbcc", "0006 0020 0005 ffff");
    expect(recordHex(merger.merge(undefined, dirty))).toBe(
      [IPV4, UDP, attribute(FLOW.zone, "0005")].join(""),
    );
    const cut = body(IPV4, attribute(FLOW.mark, "00000001"), "0005000211");
    expect(recordHex(merger.merge(undefined, cut))).toBe(
      [IPV4, UDP, attribute(FLOW.mark, "00000001")].join(""),
    );
  });

  test("leaves labels of no words out", () => {
    expect(recordHex(merger.merge(undefined, body(IPV4, attribute(FLOW.labels, ""), UDP)))).toBe(
      [IPV4, UDP].join(""),
    );
  });
});

describe("a key", () => {
  const key = new RecordKey("flow", 7);

  test("does not depend on anything but what tells flows apart, nor on the order", () => {
    const hash = key.load(body(...UDP_FLOW));
    const other = body(PORTS, UDP, IPV4, attribute(FLOW.mark, "00000001"));
    expect(key.matches(other)).toBe(true);
    expect(key.load(other)).toBe(hash);
  });

  test.each([
    ["other addresses", [attribute(FLOW.ipv4, "c0a80165 cb00710a"), STATUS, UDP, PORTS]],
    ["another family", [IPV6, STATUS, UDP, PORTS]],
    ["another protocol", [IPV4, STATUS, TCP, PORTS]],
    ["another port", [IPV4, STATUS, UDP, attribute(FLOW.ports, "9c42 14ea")]],
    ["a zone", [IPV4, STATUS, UDP, PORTS, attribute(FLOW.zone, "0005")]],
  ])("is another one with %s", (_what, attributes) => {
    const hash = key.load(body(...UDP_FLOW));
    expect(key.matches(body(...attributes))).toBe(false);
    expect(key.load(body(...attributes))).not.toBe(hash);
  });

  test("tells ICMP flows apart by type, code and id", () => {
    const icmp = (type: string, code: string, id: string): Span =>
      body(
        IPV4,
        attribute(FLOW.protocol, "01"),
        attribute(FLOW.icmpType, type),
        attribute(FLOW.icmpCode, code),
        attribute(FLOW.icmpId, id),
      );
    const hashes = [
      icmp("08", "00", "6d9d"),
      icmp("0d", "00", "6d9d"),
      icmp("08", "01", "6d9d"),
      icmp("08", "00", "9d6d"),
    ].map((flow) => key.load(flow));
    expect(new Set(hashes).size).toBe(4);
  });

  test("hashes differently with another seed, and is digested alike", () => {
    const other = new RecordKey("flow", 8);
    expect(other.load(body(...UDP_FLOW))).not.toBe(key.load(body(...UDP_FLOW)));
    expect(other.digest()).toBe(key.digest());
  });
});

describe("a record", () => {
  test("tells its parts", () => {
    const flow = body(IPV4, STATUS, TCP, attribute(FLOW.tcpState, "03"));
    expect(recordStatus(flow)).toBe(0x198);
    expect(recordProtocol(flow)).toBe(6);
    expect(recordTcpState(flow)).toBe(3);
    expect(recordFamily(flow)).toBe(4);
    expect(flowTimeout(flow)).toBeUndefined();
    expect(isRelated(flow)).toBe(false);
    expect(recordFamily(body(IPV6, UDP))).toBe(6);
    expect(recordTcpState(body(IPV6, UDP))).toBeUndefined();
    expect(flowTimeout(body(IPV6, UDP, attribute(FLOW.timeout, "ffffffff")))).toBe(0xffff_ffff);
    expect(isRelated(body(IPV4, UDP, attribute(FLOW.masterIpv4, "00".repeat(8))))).toBe(true);
    expect(isRelated(body(IPV6, UDP, attribute(FLOW.masterIpv6, "00".repeat(32))))).toBe(true);
  });

  test("has its real destination as source of the reply", () => {
    const plain = body(...UDP_FLOW);
    expect(plain.view.getUint32(originalSourceAt(plain))).toBe(0xc0a8_0164);
    expect(plain.view.getUint32(replySourceAt(plain))).toBe(0xcb00_710a);
    const translated = body(...UDP_FLOW, attribute(FLOW.dnatIpv4, "0a000009"));
    expect(translated.view.getUint32(replySourceAt(translated))).toBe(0x0a00_0009);
    const v6 = body(IPV6, UDP);
    expect(replySourceAt(v6) - originalSourceAt(v6)).toBe(16);
    const v6Translated = body(IPV6, UDP, attribute(FLOW.dnatIpv6, "ee".repeat(16)));
    expect(v6Translated.view.getUint8(replySourceAt(v6Translated))).toBe(0xee);
  });

  test("is copied to any place", () => {
    const flow = body(...UDP_FLOW);
    const out = view("ff".repeat(flow.size + 8));
    copyRecord(flow, out, 4);
    expect(recordHex(new Span(out))).toBe(`ffffffff${UDP_FLOW.join("")}ffffffff`);
  });

  test("differs from what a little-endian conntrackd sends in ports of translation and ICMP ids", () => {
    const swapped = (port: string): string[] => [
      IPV4,
      UDP,
      PORTS,
      attribute(FLOW.icmpId, port),
      attribute(FLOW.snatPort, port),
      attribute(FLOW.dnatPort, port),
      attribute(FLOW.zone, "1f90"),
    ];
    const flow = body(...swapped("1f90"));
    swapPortsAndIds(flow);
    expect(recordHex(flow)).toBe(swapped("901f").join(""));
  });
});
