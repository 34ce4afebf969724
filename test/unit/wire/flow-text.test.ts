import { describe, expect, test } from "vitest";
import { EXPECT, FLOW } from "../../../src/wire/flow-attributes.ts";
import { expectationView } from "../../../src/wire/flow-expectation-view.ts";
import type { Span } from "../../../src/wire/flow-record.ts";
import { describeExpectation, describeFlow } from "../../../src/wire/flow-text.ts";
import { flowView } from "../../../src/wire/flow-view.ts";
import { expectationXml, flowXml } from "../../../src/wire/flow-xml.ts";
import { attribute, body } from "../../support/record-bytes.ts";

/** A flow from 10.0.0.N port 1000 + N to 10.1.0.1 port 80. */
function flow(last: number, protocol: number, ...more: readonly string[]): Span {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  return body(
    attribute(FLOW.ipv4, `0a0000${hex(last, 2)} 0a010001`),
    attribute(FLOW.protocol, hex(protocol, 2)),
    attribute(FLOW.ports, `${hex(1000 + last, 4)} 0050`),
    ...more,
  );
}

const ASSURED = attribute(FLOW.status, "0000000e");
const TUPLE = (n: number): string => `src=10.0.0.${n} dst=10.1.0.1 sport=${1000 + n} dport=80`;

/** What conntrackd 1.4.7 printed of these messages, by conntrackd -e. */
const PRINTED: readonly (readonly [line: string, flow: Span])[] = [
  [`udp      17 ${TUPLE(1)} [OFFLOAD]`, flow(1, 17, attribute(FLOW.status, "0000401e"))],
  [`udp      17 ${TUPLE(2)} [HW_OFFLOAD]`, flow(2, 17, attribute(FLOW.status, "0000c00e"))],
  [
    `udp      17 ${TUPLE(3)} [UNREPLIED] [ASSURED]`,
    flow(3, 17, attribute(FLOW.status, "0000000c")),
  ],
  [`udp      17 ${TUPLE(4)}`, flow(4, 17)],
  [`tcp      6 NONE ${TUPLE(5)} [ASSURED]`, flow(5, 6, ASSURED, attribute(FLOW.tcpState, "00"))],
  [
    `tcp      6 SYN_SENT2 ${TUPLE(6)} [ASSURED]`,
    flow(6, 6, ASSURED, attribute(FLOW.tcpState, "09")),
  ],
  [`tcp      6 NONE ${TUPLE(8)} [ASSURED]`, flow(8, 6, ASSURED, attribute(FLOW.tcpState, "14"))],
  [
    `sctp     132 NONE ${TUPLE(9)} [ASSURED]`,
    flow(9, 132, ASSURED, attribute(FLOW.sctpState, "00")),
  ],
  [
    `sctp     132 HEARTBEAT_ACKED ${TUPLE(11)} [ASSURED]`,
    flow(11, 132, ASSURED, attribute(FLOW.sctpState, "09")),
  ],
  [
    `dccp     33 OPEN ${TUPLE(12)} [ASSURED]`,
    flow(12, 33, ASSURED, attribute(FLOW.dccpState, "04"), attribute(FLOW.dccpRole, "00")),
  ],
  [
    "icmp     1 src=10.0.0.14 dst=10.1.0.1 type=5 code=1 id=13330 [ASSURED]",
    flow(
      14,
      1,
      ASSURED,
      attribute(FLOW.icmpType, "05"),
      attribute(FLOW.icmpCode, "01"),
      attribute(FLOW.icmpId, "3412"),
    ),
  ],
  ["unknown  2 src=10.0.0.16 dst=10.1.0.1 [ASSURED]", flow(16, 2, ASSURED)],
  [`tcp      6 ${TUPLE(18)} [ASSURED]`, flow(18, 6, ASSURED)],
  [
    `tcp      6 ${TUPLE(19)} [ASSURED] helper=ft<p&`,
    flow(19, 6, ASSURED, attribute(FLOW.helper, "66743c702600")),
  ],
];

describe("a flow", () => {
  test.each(PRINTED)("is printed as %s", (line, record) => {
    expect(describeFlow(record, "original")).toBe(line);
  });

  test("is printed with the reply that its translation makes", () => {
    const translated = flow(
      20,
      17,
      attribute(FLOW.status, "0000019e"),
      attribute(FLOW.snatIpv4, "09090909"),
      attribute(FLOW.dnatIpv4, "08080808"),
      attribute(FLOW.snatPort, "1234"),
      attribute(FLOW.dnatPort, "0035"),
      attribute(FLOW.mark, "00000000"),
      attribute(FLOW.zone, "0005"),
    );
    expect(describeFlow(translated, "both")).toBe(
      `udp      17 ${TUPLE(20)} src=8.8.8.8 dst=9.9.9.9 sport=53 dport=4660 [ASSURED] mark=0 zone=5`,
    );
  });

  test("is XML as conntrackd -e -x prints it", () => {
    const reply =
      '<meta direction="reply"><layer3 protonum="0" protoname="unknown"><src></src><dst></dst></layer3>' +
      '<layer4 protonum="0" protoname="unknown"></layer4></meta>';
    const original = (name: string, number: number, last: number): string =>
      `<meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.${last}</src>` +
      `<dst>10.1.0.1</dst></layer3><layer4 protonum="${number}" protoname="${name}">` +
      `<sport>${1000 + last}</sport><dport>80</dport></layer4></meta>`;
    expect(flowXml(PRINTED[3]![1], "original")).toBe(
      `<flow>${original("udp", 17, 4)}${reply}</flow>`,
    );
    expect(flowXml(PRINTED[2]![1], "original")).toBe(
      `<flow>${original("udp", 17, 3)}${reply}<meta direction="independent"><assured/><unreplied/></meta></flow>`,
    );
    const marked = flow(
      6,
      6,
      ASSURED,
      attribute(FLOW.tcpState, "09"),
      attribute(FLOW.mark, "ff".repeat(4)),
    );
    expect(flowXml(marked, "original")).toBe(
      `<flow>${original("tcp", 6, 6)}${reply}<meta direction="independent"><state>SYN_SENT2</state>` +
        "<mark>4294967295</mark><assured/></meta></flow>",
    );
  });

  test("is XML as conntrackd -i -x prints it, but for the kernel's id, and with names escaped", () => {
    const gre = body(
      attribute(FLOW.ipv4, "c0a80132 cb007114"),
      attribute(FLOW.status, "00000008"),
      attribute(FLOW.protocol, "2f"),
      attribute(FLOW.mark, "00000000"),
      attribute(FLOW.helper, "703c2600"),
    );
    const direction = (name: string, source: string, destination: string): string =>
      `<meta direction="${name}"><layer3 protonum="2" protoname="ipv4"><src>${source}</src>` +
      `<dst>${destination}</dst></layer3><layer4 protonum="47" protoname="gre">` +
      "<srckey>0x0</srckey><dstkey>0x0</dstkey></layer4></meta>";
    expect(flowXml(gre, "both")).toBe(
      `<flow>${direction("original", "192.168.1.50", "203.0.113.20")}` +
        direction("reply", "203.0.113.20", "192.168.1.50") +
        '<meta direction="independent"><mark>0</mark><unreplied/></meta><helper>p&lt;&amp;</helper></flow>',
    );
  });

  test("is a value with all that it tells", () => {
    const record = flow(
      15,
      6,
      attribute(FLOW.status, "0000019e"),
      attribute(FLOW.tcpState, "03"),
      attribute(FLOW.tcpScaleOriginal, "07"),
      attribute(FLOW.tcpScaleReply, "09"),
      attribute(FLOW.timeout, "00000099"),
      attribute(FLOW.masterIpv4, "01020304 01020305"),
      attribute(FLOW.masterProtocol, "06"),
      attribute(FLOW.masterPorts, "0015 0016"),
      attribute(FLOW.sequenceAdjustment, "00000001 fffffffe 00000003 00000004 00000005 fffffffa"),
      attribute(FLOW.labels, "00000008 00000000 00000020 80000000"),
    );
    expect(flowView(record)).toEqual({
      protocol: "tcp",
      original: {
        family: 4,
        source: "10.0.0.15",
        destination: "10.1.0.1",
        protocol: 6,
        sourcePort: 1015,
        destinationPort: 80,
      },
      reply: {
        family: 4,
        source: "10.1.0.1",
        destination: "10.0.0.15",
        protocol: 6,
        sourcePort: 80,
        destinationPort: 1015,
      },
      state: "ESTABLISHED",
      status: [
        "seenReply",
        "assured",
        "confirmed",
        "sourceNat",
        "sourceNatDone",
        "destinationNatDone",
      ],
      timeout: 153,
      labels: [3, 69, 127],
      master: {
        family: 4,
        source: "1.2.3.4",
        destination: "1.2.3.5",
        protocol: 6,
        sourcePort: 21,
        destinationPort: 22,
      },
      windowScales: [7, 9],
      sequenceAdjustment: [
        { correction: 1, before: -2, after: 3 },
        { correction: 4, before: 5, after: -6 },
      ],
    });
  });
});

/** An expectation of 10.0.0.N, from a master to 10.1.0.1 port 21. */
function expectation(
  last: number,
  protocols: readonly [master: string, expected: string],
  ...more: readonly string[]
): Span {
  const [master, expected] = protocols;
  const addresses = `0a00000${last} 0a010001`;
  const ports = master === "01" ? [] : ["03e80015", "00001001", "0000ffff"];
  const tuples = [
    [EXPECT.masterIpv4, addresses, master, ports[0]],
    [EXPECT.ipv4, addresses, expected, ports[1]],
    [EXPECT.maskIpv4, "ff".repeat(8), expected, ports[2]],
  ] as const;
  return body(
    ...tuples.flatMap(([first, pair, protocol, header]) => [
      attribute(first, pair),
      attribute(first + 2, protocol),
      header === undefined ? "" : attribute(first + 3, header),
    ]),
    attribute(EXPECT.timeout, "00000010"),
    ...more,
  );
}

describe("an expectation", () => {
  const flags = (value: number): string => attribute(EXPECT.flags, `0000000${value}`);
  const MASK = "mask-src=255.255.255.255 mask-dst=255.255.255.255";
  const ends = (n: number): string => `src=10.0.0.${n} dst=10.1.0.1`;
  const master = (n: number): string =>
    `master-src=10.0.0.${n} master-dst=10.1.0.1 sport=1000 dport=21`;

  /** What conntrackd 1.4.7 printed of these messages, by conntrackd -e expect. */
  test.each([
    [
      `proto=6 ${ends(1)} sport=0 dport=4097 ${MASK} sport=0 dport=65535 ${master(1)} PERMANENT,INACTIVE class=1`,
      expectation(1, ["06", "06"], flags(3), attribute(EXPECT.class, "00000001")),
    ],
    [
      `proto=17 ${ends(2)} sport=0 dport=4097 ${MASK} sport=0 dport=65535 ${master(2)} PERMANENT,INACTIVE,USERSPACE`,
      expectation(2, ["11", "11"], flags(7)),
    ],
    [
      `proto=47 ${ends(3)} srckey=0x0 dstkey=0x1001 ${MASK} srckey=0x0 dstkey=0xffff ${master(3)} PERMANENT`,
      expectation(3, ["06", "2f"], flags(1)),
    ],
    [
      `proto=6 ${ends(4)} sport=0 dport=4097 ${MASK} sport=0 dport=65535 ${master(4)} USERSPACE helper=sip`,
      expectation(4, ["06", "06"], flags(4), attribute(EXPECT.helper, "73697000")),
    ],
    [
      `proto=1 ${ends(6)} type=0 code=0 id=0 ${MASK} type=0 code=0 id=0 master-src=10.0.0.6 master-dst=10.1.0.1 type=0 code=0 id=0`,
      expectation(6, ["01", "01"], flags(0)),
    ],
  ])("is printed as %s", (line, record) => {
    expect(describeExpectation(record)).toBe(line);
  });

  test("is XML as conntrackd -e expect -x prints it", () => {
    const record = expectation(
      3,
      ["06", "2f"],
      flags(1),
      attribute(EXPECT.class, "00000001"),
      attribute(EXPECT.helper, "7070747000"),
    );
    const all = "<src>10.0.0.3</src><dst>10.1.0.1</dst>";
    expect(expectationXml(record)).toBe(
      `<flow><layer3 protonum="2" protoname="ipv4"><expected>${all}</expected>` +
        "<mask><src>255.255.255.255</src><dst>255.255.255.255</dst></mask>" +
        `<master>${all}</master></layer3><layer4 protonum="47" protoname="gre">` +
        "<expected><srckey>0x0</srckey><dstkey>0x1001</dstkey></expected>" +
        "<mask><srckey>0x0</srckey><dstkey>0xffff</dstkey></mask>" +
        "<master><sport>1000</sport><dport>21</dport></master></layer4>" +
        "<meta><helper-name>pptp</helper-name><class>1</class><permanent/></meta></flow>",
    );
  });

  test("is a value with what will be translated", () => {
    const record = expectation(
      1,
      ["06", "06"],
      flags(0),
      attribute(EXPECT.natIpv4, "00000000 00000000"),
      attribute(EXPECT.natProtocol, "06"),
      attribute(EXPECT.natPorts, "c229 0000"),
      attribute(EXPECT.natDirection, "00000001"),
      attribute(EXPECT.function, "6e61742d666f6c6c6f772d6d617374657200"),
    );
    expect(expectationView(record)).toMatchObject({
      flags: [],
      timeout: 16,
      function: "nat-follow-master",
      translation: { source: "0.0.0.0", sourcePort: 49_705, direction: "reply" },
    });
  });
});
