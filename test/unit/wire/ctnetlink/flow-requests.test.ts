import { describe, expect, test } from "vitest";
import { ExpectationReader } from "../../../../src/wire/ctnetlink/expectation-reader.ts";
import { ExpectationRequests } from "../../../../src/wire/ctnetlink/expectation-requests.ts";
import { FlowReader } from "../../../../src/wire/ctnetlink/flow-reader.ts";
import { FlowRequests } from "../../../../src/wire/ctnetlink/flow-requests.ts";
import { FLOW } from "../../../../src/wire/flow-attributes.ts";
import { expectationTimeout, Span } from "../../../../src/wire/flow-record.ts";
import {
  AttributeCursor,
  MessageCursor,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REQUEST,
} from "../../../../src/wire/netlink.ts";
import { hexOf } from "../../../support/bytes.ts";
import {
  EXPECTATION,
  flowMessageNames,
  kernelMessage,
} from "../../../support/ctnetlink-messages.ts";
import { attribute, body, ownRecord, recordHex } from "../../../support/record-bytes.ts";

const OPTIONS = { timeouts: true, windowScales: true };
/** CTA_*. */
const [STATUS, STATE, HELP, NAT_SOURCE, TIMEOUT, NAT_DESTINATION] = [3, 4, 5, 6, 7, 13];

const IPV4 = attribute(FLOW.ipv4, "c0a80164 cb00710a");
const UDP = attribute(FLOW.protocol, "11");
const TCP = attribute(FLOW.protocol, "06");
const PORTS = attribute(FLOW.ports, "9c41 14ea");
const status = (hex: string): string => attribute(FLOW.status, hex);

function requests(
  size = 8192,
  liberal = true,
): { readonly out: DataView; readonly flows: FlowRequests } {
  // Nothing that was in the buffer before may show.
  const out = new DataView(new Uint8Array(size).fill(0xa5).buffer);
  return { out, flows: new FlowRequests(out, { liberal }) };
}

interface Request {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Top attributes by type, in hex. */
  readonly attributes: ReadonlyMap<number, string>;
  readonly span: Span;
}

function read(out: DataView, size: number): Request[] {
  const messages = new MessageCursor(out);
  messages.reset(size);
  const found: Request[] = [];
  while (messages.next()) {
    const { type, flags, sequence, bodyAt, endAt } = messages;
    const cursor = new AttributeCursor(out, bodyAt + 4, endAt);
    const attributes = new Map<number, string>();
    while (cursor.next())
      attributes.set(cursor.type, hexOf(new DataView(out.buffer, cursor.at, cursor.size)));
    found.push({
      type,
      flags,
      sequence,
      attributes,
      span: new Span(out, bodyAt + 4, endAt - bodyAt - 4),
    });
  }
  return found;
}

/** The one request that `write` writes. */
function written(write: (flows: FlowRequests) => string, liberal = true): Request {
  const { out, flows } = requests(8192, liberal);
  expect(write(flows)).toBe("written");
  const found = read(out, flows.size);
  expect(found).toHaveLength(1);
  return found[0]!;
}

const recordOf = (name: string): Span => {
  const reader = new FlowReader(OPTIONS);
  reader.read(kernelMessage(name));
  return ownRecord(reader.record);
};

describe("a request to create a flow", () => {
  test("is byte for byte this one", () => {
    const { out, flows } = requests();
    flows.sequence = 7;
    const flow = body(IPV4, status("00000198"), UDP, PORTS, attribute(FLOW.snatIpv4, "c0a80004"));
    expect(flows.create(flow, 60, NLM_F_ACK)).toBe("written");
    const hex = [
      // Header, struct nfgenmsg.
      "ac000000 0001 0506 07000000 00000000 02000000",
      "34000180 14000180 08000100 c0a80164 08000200 cb00710a",
      "1c000280 05000100 11000000 06000200 9c410000 06000300 14ea0000",
      "34000280 14000180 08000100 cb00710a 08000200 c0a80164",
      "1c000280 05000100 11000000 06000200 14ea0000 06000300 9c410000",
      "08000300 00000198",
      "08000700 0000003c",
      "20000680 08000100 c0a80004 14000380 06000100 9c410000 06000200 9c410000",
    ].join("");
    expect(hexOf(new DataView(out.buffer, 0, flows.size))).toBe(hex.replaceAll(" ", ""));
    expect(flows.sequence).toBe(8);
  });

  test.each(flowMessageNames)("of %s has the original tuple and its inverse", (name) => {
    const flow = recordOf(name);
    const { span, type, flags } = written((flows) => flows.create(flow, 60, 0));
    expect(type).toBe(0x100);
    expect(flags).toBe(NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
    const reader = new FlowReader(OPTIONS);
    // The kernel will derive the same record, but for what only NAT setup tells.
    expect(reader.read(span)).toBe(true);
    const firstWords = (record: Span): string => recordHex(record).slice(0, 24);
    expect(firstWords(reader.record)).toBe(firstWords(flow));
  });

  test("confirms the flow, and leaves bits out that are the kernel's own", () => {
    const statusOf = (hex: string): string | undefined =>
      written((flows) => flows.create(body(IPV4, status(hex), UDP, PORTS), 60, 0)).attributes.get(
        STATUS,
      );
    expect(statusOf("00000000")).toBe("00000008");
    expect(statusOf("0000039f")).toBe("0000019e");
    expect(
      written((flows) => flows.create(body(IPV4, UDP, PORTS), 60, 0)).attributes.get(STATUS),
    ).toBe("00000008");
  });

  test("keeps a flow that is not translated as it is, with an empty range", () => {
    const rangesOf = (...more: readonly string[]): (string | undefined)[] => {
      const { attributes } = written((flows) =>
        flows.create(body(IPV4, UDP, PORTS, ...more), 60, 0),
      );
      return [attributes.get(NAT_SOURCE), attributes.get(NAT_DESTINATION)];
    };
    expect(rangesOf(status("00000188"))).toEqual(["", undefined]);
    expect(rangesOf(status("00000008"))).toEqual([undefined, undefined]);
    const port = (hex: string): string => `1400038006000100${hex}000006000200${hex}0000`;
    expect(rangesOf(status("000001a8"), attribute(FLOW.dnatPort, "1f90"))).toEqual([
      undefined,
      port("1f90"),
    ]);
    expect(rangesOf(status("00000198"), attribute(FLOW.snatIpv4, "0a000001"))).toEqual([
      `080001000a000001${port("9c41")}`,
      undefined,
    ]);
  });

  test("does not take the meaningless ports of ICMP for a translation", () => {
    const icmp = body(
      IPV4,
      status("00000188"),
      attribute(FLOW.protocol, "01"),
      attribute(FLOW.icmpType, "08"),
      attribute(FLOW.icmpCode, "00"),
      attribute(FLOW.icmpId, "6d9d"),
      attribute(FLOW.snatPort, "0000"),
      attribute(FLOW.dnatPort, "0000"),
    );
    const { attributes } = written((flows) => flows.create(icmp, 30, 0));
    expect(attributes.get(NAT_SOURCE)).toBe("");
    expect(attributes.has(NAT_DESTINATION)).toBe(false);
  });

  test("makes the kernel liberal, and tells scales where there are some", () => {
    const stateOf = (liberal: boolean, ...more: readonly string[]): string | undefined =>
      written(
        (flows) =>
          flows.create(body(IPV4, TCP, PORTS, attribute(FLOW.tcpState, "03"), ...more), 60, 0),
        liberal,
      ).attributes.get(STATE);
    const scales = [attribute(FLOW.tcpScaleOriginal, "07"), attribute(FLOW.tcpScaleReply, "00")];
    expect(stateOf(false)).toBe("0c000180" + "0500010003000000");
    expect(stateOf(true)).toBe(
      "1c000180" + "0500010003000000" + "0600040008080000" + "0600050008080000",
    );
    expect(stateOf(false, ...scales)).toBe(
      "2c000180" +
        "0500010003000000" +
        "0600040001010000" +
        "0600050001010000" +
        "0500020007000000" +
        "0500030000000000",
    );
    expect(stateOf(true, ...scales)).toContain("0600040009090000");
  });

  test("ends a helper's name with a NUL, whatever the peer sent", () => {
    for (const name of ["667470", "66747000", "6674700061"]) {
      const flow = body(IPV4, UDP, PORTS, attribute(FLOW.helper, name));
      const { attributes } = written((flows) => flows.create(flow, 60, 0));
      expect(attributes.get(HELP)).toBe("0800010066747000");
    }
  });

  test("cannot be made without ports, nor for ICMP that nothing answers", () => {
    const { flows } = requests();
    const icmp = (type: string): Span =>
      body(IPV4, attribute(FLOW.protocol, "01"), attribute(FLOW.icmpType, type));
    expect(flows.create(body(IPV4, TCP), 60, 0)).toBe("unusable");
    expect(flows.delete(body(IPV4, TCP), 0)).toBe("unusable");
    expect(flows.update(body(IPV4, TCP), 60, 0)).toBe("unusable");
    expect(flows.create(icmp("05"), 60, 0)).toBe("unusable");
    expect(flows.size).toBe(0);
    for (const [type, answer] of [
      ["00", "08"],
      ["08", "00"],
      ["0d", "0e"],
      ["0f", "10"],
      ["12", "11"],
    ] as const) {
      const { attributes } = written((one) => one.create(icmp(type), 60, 0));
      expect(attributes.get(2)).toContain(`05000500${answer}000000`);
    }
    expect(flows.create(body(IPV4, attribute(FLOW.protocol, "2f")), 60, 0)).toBe("written");
  });

  test("waits for the next buffer where this one is full", () => {
    const { out, flows } = requests(4096);
    const flow = body(IPV4, UDP, PORTS);
    let count = 0;
    while (flows.create(flow, 60, 0) === "written") count += 1;
    expect(count).toBeGreaterThan(5);
    const found = read(out, flows.size);
    expect(found.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: count }, (_, n) => n),
    );
    expect(flows.update(flow, 60, 0)).toBe("full");
    expect(flows.delete(flow, 0)).toBe("full");
    flows.clear();
    expect(flows.size).toBe(0);
    expect(flows.delete(flow, 0)).toBe("written");
  });

  test("fits with the most that a record can hold", () => {
    const everything = recordOf("ftp control connection");
    const labels = attribute(FLOW.labels, "ff".repeat(1024));
    const flow = body(
      recordHex(everything),
      labels,
      attribute(FLOW.synproxy, "11".repeat(12)),
      attribute(FLOW.masterIpv4, "22".repeat(8)),
      attribute(FLOW.masterProtocol, "06"),
      attribute(FLOW.helper, "61".repeat(12)),
    );
    const { out, flows } = requests(2048);
    expect(flows.create(flow, 60, 0)).toBe("written");
    expect(read(out, flows.size)).toHaveLength(1);
  });
});

describe("a request to update a flow", () => {
  test("says nothing of translation, helper and master", () => {
    for (const name of flowMessageNames) {
      const { type, flags, attributes } = written((flows) => flows.update(recordOf(name), 60, 0));
      expect([type, flags]).toEqual([0x100, NLM_F_REQUEST]);
      for (const absent of [2, HELP, NAT_SOURCE, NAT_DESTINATION, 14])
        expect(attributes.has(absent)).toBe(false);
      expect(attributes.get(TIMEOUT)).toBe("0000003c");
    }
  });

  test("keeps the timeout where none is given, and the bit of a flow that has a master", () => {
    const { attributes } = written((flows) =>
      flows.update(recordOf("ftp data connection"), undefined, 0),
    );
    expect(attributes.has(TIMEOUT)).toBe(false);
    expect(attributes.get(STATUS)).toBe("0000000f");
    const orphan = body(IPV4, status("000001bf"), UDP, PORTS);
    expect(written((flows) => flows.update(orphan, 1, 0)).attributes.get(STATUS)).toBe("0000000e");
  });
});

describe("a request to delete a flow", () => {
  test("names its original tuple and its zone", () => {
    const { type, attributes } = written((flows) => flows.delete(recordOf("udp in a zone"), 0));
    expect(type).toBe(0x102);
    expect([...attributes.keys()]).toEqual([1, 18]);
    expect(attributes.get(18)).toBe("0005");
  });
});

describe("requests about an expectation", () => {
  const reader = new ExpectationReader({ timeouts: true });

  test("tell what the kernel told, and delete by the expected tuple", () => {
    reader.read(kernelMessage(EXPECTATION));
    const record = ownRecord(reader.record);
    const out = new DataView(new Uint8Array(8192).fill(0xa5).buffer);
    const expectations = new ExpectationRequests(out);
    expectations.sequence = 3;
    expect(expectations.create(record, expectationTimeout(record)!, 0)).toBe("written");
    const [create] = read(out, expectations.size);
    expect(create).toMatchObject({ type: 0x200, sequence: 3 });
    expect(reader.read(create!.span)).toBe(true);
    expect(recordHex(reader.record)).toBe(recordHex(record));
    expectations.clear();
    expect(expectations.delete(record, 0)).toBe("written");
    const [gone] = read(out, expectations.size);
    expect(gone).toMatchObject({ type: 0x202, sequence: 4 });
    expect([...gone!.attributes.keys()]).toEqual([2]);
  });

  test("wait for the next buffer where this one is full", () => {
    reader.read(kernelMessage(EXPECTATION));
    const expectations = new ExpectationRequests(new DataView(new ArrayBuffer(2047)));
    expect(expectations.create(reader.record, 300, 0)).toBe("full");
    expect(expectations.delete(reader.record, 0)).toBe("full");
  });
});
