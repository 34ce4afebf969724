/**
 * Attributes of the flow-sync protocol of conntrackd 1.4: numbers, sizes and the order in which 1.4.7 sends them.
 *
 *    0       2       4
 *   +-------+-------+---------------+
 *   | length| number| payload       |  length counts these 4 bytes, but not the zeros up to the next multiple of 4
 *   +-------+-------+---------------+
 */

export const RECORD_ATTRIBUTE_HEADER = 4;

/** Of flows: message types CT_NEW, CT_UPD and CT_DEL. */
export const FLOW = {
  ipv4: 0,
  ipv6: 1,
  protocol: 2,
  ports: 3,
  tcpState: 4,
  status: 5,
  timeout: 6,
  mark: 7,
  masterIpv4: 8,
  masterIpv6: 9,
  masterProtocol: 10,
  masterPorts: 11,
  snatIpv4: 12,
  dnatIpv4: 13,
  snatPort: 14,
  dnatPort: 15,
  sequenceAdjustment: 16,
  sctpState: 17,
  sctpTagOriginal: 18,
  sctpTagReply: 19,
  dccpState: 20,
  dccpRole: 21,
  icmpType: 22,
  icmpCode: 23,
  icmpId: 24,
  tcpScaleOriginal: 25,
  tcpScaleReply: 26,
  helper: 27,
  labels: 28,
  snatIpv6: 29,
  dnatIpv6: 30,
  synproxy: 31,
  zone: 32,
} as const;

/** Of expectations: message types EXP_NEW, EXP_UPD and EXP_DEL. */
export const EXPECT = {
  masterIpv4: 0,
  masterIpv6: 1,
  masterProtocol: 2,
  masterPorts: 3,
  ipv4: 4,
  ipv6: 5,
  protocol: 6,
  ports: 7,
  maskIpv4: 8,
  maskIpv6: 9,
  maskProtocol: 10,
  maskPorts: 11,
  timeout: 12,
  flags: 13,
  class: 14,
  natIpv4: 15,
  natPorts: 16,
  natProtocol: 17,
  natDirection: 18,
  helper: 19,
  function: 20,
} as const;

/** The attributes that one tuple takes, over IPv4 or over IPv6. */
export interface TupleAttributes {
  readonly ipv4: number;
  readonly ipv6: number;
  readonly protocol: number;
  readonly ports: number;
}

/** The tuples of an expectation. That of the translation has no attribute for IPv6. */
export const EXPECT_TUPLES: Readonly<
  Record<"master" | "expected" | "mask" | "translated", TupleAttributes>
> = {
  master: {
    ipv4: EXPECT.masterIpv4,
    ipv6: EXPECT.masterIpv6,
    protocol: EXPECT.masterProtocol,
    ports: EXPECT.masterPorts,
  },
  expected: {
    ipv4: EXPECT.ipv4,
    ipv6: EXPECT.ipv6,
    protocol: EXPECT.protocol,
    ports: EXPECT.ports,
  },
  mask: {
    ipv4: EXPECT.maskIpv4,
    ipv6: EXPECT.maskIpv6,
    protocol: EXPECT.maskProtocol,
    ports: EXPECT.maskPorts,
  },
  translated: {
    ipv4: EXPECT.natIpv4,
    ipv6: -1,
    protocol: EXPECT.natProtocol,
    ports: EXPECT.natPorts,
  },
};

/** Letters of a helper's name, without its NUL, that every receiver takes. */
export const HELPER_NAME_MAX = 11;
/** Letters of the name of an expectation's function, without its NUL. */
export const FUNCTION_NAME_MAX = 27;
/** Bytes of the largest LABELS payload that a receiver takes. */
export const LABELS_SIZE_MAX = 1024;

/** One attribute: its number and the sizes that its payload may have, in bytes; `unit` divides the size. */
interface AttributeRow {
  readonly number: number;
  readonly min: number;
  readonly max: number;
  readonly unit: number;
}

const fixed = (number: number, size: number): AttributeRow => ({
  number,
  min: size,
  max: size,
  unit: 1,
});

const FLOW_ROWS: readonly AttributeRow[] = [
  fixed(FLOW.ipv4, 8),
  fixed(FLOW.ipv6, 32),
  fixed(FLOW.status, 4),
  fixed(FLOW.protocol, 1),
  fixed(FLOW.ports, 4),
  fixed(FLOW.tcpState, 1),
  fixed(FLOW.tcpScaleOriginal, 1),
  fixed(FLOW.tcpScaleReply, 1),
  fixed(FLOW.sctpState, 1),
  fixed(FLOW.sctpTagOriginal, 4),
  fixed(FLOW.sctpTagReply, 4),
  fixed(FLOW.dccpState, 1),
  fixed(FLOW.dccpRole, 1),
  fixed(FLOW.icmpType, 1),
  fixed(FLOW.icmpCode, 1),
  fixed(FLOW.icmpId, 2),
  fixed(FLOW.timeout, 4),
  fixed(FLOW.mark, 4),
  fixed(FLOW.masterIpv4, 8),
  fixed(FLOW.masterIpv6, 32),
  fixed(FLOW.masterProtocol, 1),
  fixed(FLOW.masterPorts, 4),
  fixed(FLOW.snatIpv4, 4),
  fixed(FLOW.dnatIpv4, 4),
  fixed(FLOW.snatIpv6, 16),
  fixed(FLOW.dnatIpv6, 16),
  fixed(FLOW.snatPort, 2),
  fixed(FLOW.dnatPort, 2),
  fixed(FLOW.sequenceAdjustment, 24),
  { number: FLOW.helper, min: 1, max: HELPER_NAME_MAX + 1, unit: 1 },
  { number: FLOW.labels, min: 0, max: LABELS_SIZE_MAX, unit: 4 },
  fixed(FLOW.synproxy, 12),
  fixed(FLOW.zone, 2),
];

const EXPECT_ROWS: readonly AttributeRow[] = [
  fixed(EXPECT.masterIpv4, 8),
  fixed(EXPECT.masterIpv6, 32),
  fixed(EXPECT.masterProtocol, 1),
  fixed(EXPECT.masterPorts, 4),
  fixed(EXPECT.ipv4, 8),
  fixed(EXPECT.ipv6, 32),
  fixed(EXPECT.protocol, 1),
  fixed(EXPECT.ports, 4),
  fixed(EXPECT.maskIpv4, 8),
  fixed(EXPECT.maskIpv6, 32),
  fixed(EXPECT.maskProtocol, 1),
  fixed(EXPECT.maskPorts, 4),
  fixed(EXPECT.timeout, 4),
  fixed(EXPECT.flags, 4),
  fixed(EXPECT.class, 4),
  fixed(EXPECT.natIpv4, 8),
  fixed(EXPECT.natProtocol, 1),
  fixed(EXPECT.natPorts, 4),
  fixed(EXPECT.natDirection, 4),
  { number: EXPECT.helper, min: 1, max: HELPER_NAME_MAX + 1, unit: 1 },
  { number: EXPECT.function, min: 1, max: FUNCTION_NAME_MAX + 1, unit: 1 },
];

/** What may stand in one kind of record. */
export interface AttributeTable {
  /** Attribute numbers in canonical order. */
  readonly order: Uint8Array;
  /** One more than the highest attribute number. */
  readonly count: number;
  /** Smallest and largest payload in bytes, and what its size is a multiple of, by attribute number. */
  readonly sizeMin: Uint16Array;
  readonly sizeMax: Uint16Array;
  readonly sizeUnit: Uint8Array;
  /** Bytes of a record that has every attribute at its largest. */
  readonly recordSizeMax: number;
}

function attributeTable(rows: readonly AttributeRow[]): AttributeTable {
  const count = rows.length;
  const sizeMin = new Uint16Array(count);
  const sizeMax = new Uint16Array(count);
  const sizeUnit = new Uint8Array(count);
  let recordSizeMax = 0;
  for (const { number, min, max, unit } of rows) {
    sizeMin[number] = min;
    sizeMax[number] = max;
    sizeUnit[number] = unit;
    recordSizeMax += (RECORD_ATTRIBUTE_HEADER + max + 3) & ~3;
  }
  const order = Uint8Array.from(rows, ({ number }) => number);
  return { order, count, sizeMin, sizeMax, sizeUnit, recordSizeMax };
}

export const FLOW_TABLE: AttributeTable = attributeTable(FLOW_ROWS);
export const EXPECT_TABLE: AttributeTable = attributeTable(EXPECT_ROWS);
