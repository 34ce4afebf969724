/** Policy rules: struct fib_rule_hdr and its attributes, linux/fib_rules.h and ip-rule(8). */
import { anyAddress, type IpAddress } from "../../base/ip.ts";
import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";
import { AttributeCursor, type MessageWriter } from "../netlink.ts";
import type { RuleSpec } from "../objects.ts";
import type { RuleEntry } from "./entries.ts";
import { familyNumber, familyOf } from "./family.ts";

export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;

const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_GOTO = 4;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_FLOW = 11;
const FRA_TUN_ID = 12;
const FRA_SUPPRESS_IFGROUP = 13;
const FRA_SUPPRESS_PREFIXLEN = 14;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_OIFNAME = 17;
const FRA_L3MDEV = 19;
const FRA_UID_RANGE = 20;
const FRA_PROTOCOL = 21;
const FRA_IP_PROTO = 22;
const FRA_SPORT_RANGE = 23;
const FRA_DPORT_RANGE = 24;

const FIB_RULE_INVERT = 2;
const TABLE_BYTE_MAX = 255;
/** How the kernel says that a suppressor is not in use. */
const UNSET = 0xffff_ffff;

/** Family, destination and source length, TOS, table, two reserved, action, flags. */
const RULE_HEADER_SIZE = 12;

const ACTION_NUMBERS: Readonly<Record<RuleSpec["action"], number>> = {
  lookup: 1,
  goto: 2,
  nop: 3,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
};
const ACTIONS: ReadonlyMap<number, RuleSpec["action"]> = new Map(
  (Object.keys(ACTION_NUMBERS) as RuleSpec["action"][]).map((name) => [ACTION_NUMBERS[name], name]),
);

/** The body that adds a rule, and also the one that deletes it: the kernel deletes what matches in every attribute. */
export function writeRule(writer: MessageWriter, spec: RuleSpec): void {
  writer.uint8(familyNumber(spec.family)).uint8(spec.to?.length ?? 0);
  writer.uint8(spec.from?.length ?? 0).uint8(spec.tos ?? 0);
  writer.uint8(spec.table > TABLE_BYTE_MAX ? 0 : spec.table).zeros(2);
  writer.uint8(ACTION_NUMBERS[spec.action]).uint32(spec.not ? FIB_RULE_INVERT : 0);
  writer.attributeUint32(FRA_PRIORITY, spec.preference);
  writer.attributeUint8(FRA_PROTOCOL, spec.protocol);
  if (spec.table !== 0) writer.attributeUint32(FRA_TABLE, spec.table);
  if (spec.goto !== undefined) writer.attributeUint32(FRA_GOTO, spec.goto);
  if (spec.l3mdev) writer.attributeUint8(FRA_L3MDEV, 1);
  writeSelectors(writer, spec);
  writeRanges(writer, spec);
}

/** The body of a dump request; family 0 asks for both. */
export function writeRuleDump(writer: MessageWriter, family: number): void {
  writer.uint8(family).zeros(RULE_HEADER_SIZE - 1);
}

function writeSelectors(writer: MessageWriter, spec: RuleSpec): void {
  // A prefix of length 0 selects everything, and the kernel refuses an address with it.
  if (spec.from !== undefined && spec.from.length > 0)
    writer.attributeIp(FRA_SRC, spec.from.address);
  if (spec.to !== undefined && spec.to.length > 0) writer.attributeIp(FRA_DST, spec.to.address);
  if (spec.inputInterface !== undefined) writer.attributeText(FRA_IIFNAME, spec.inputInterface);
  if (spec.outputInterface !== undefined) writer.attributeText(FRA_OIFNAME, spec.outputInterface);
  if (spec.firewallMark !== undefined) {
    writer.attributeUint32(FRA_FWMARK, spec.firewallMark.value);
    writer.attributeUint32(FRA_FWMASK, spec.firewallMark.mask);
  }
  if (spec.realms !== undefined)
    writer.attributeUint32(FRA_FLOW, spec.realms.from * 0x1_0000 + spec.realms.to);
  if (spec.tunnelId !== undefined) {
    const id = spec.tunnelId;
    writer.attribute(FRA_TUN_ID, (w) =>
      w.uint32NetworkOrder(Math.floor(id / 0x1_0000_0000)).uint32NetworkOrder(id % 0x1_0000_0000),
    );
  }
}

function writeRanges(writer: MessageWriter, spec: RuleSpec): void {
  const { suppressInterfaceGroup, suppressPrefixLength, userRange, ipProtocol } = spec;
  if (suppressInterfaceGroup !== undefined)
    writer.attributeUint32(FRA_SUPPRESS_IFGROUP, suppressInterfaceGroup);
  if (suppressPrefixLength !== undefined)
    writer.attributeUint32(FRA_SUPPRESS_PREFIXLEN, suppressPrefixLength);
  if (userRange !== undefined)
    writer.attribute(FRA_UID_RANGE, (w) => w.uint32(userRange.start).uint32(userRange.end));
  if (ipProtocol !== undefined) writer.attributeUint8(FRA_IP_PROTO, ipProtocol);
  for (const [type, ports] of [
    [FRA_SPORT_RANGE, spec.sourcePorts],
    [FRA_DPORT_RANGE, spec.destinationPorts],
  ] as const)
    if (ports !== undefined) writer.attribute(type, (w) => w.uint16(ports.start).uint16(ports.end));
}

type Draft = { -readonly [Key in keyof RuleEntry]: RuleEntry[Key] };

/** Addresses and marks come without their lengths and masks, and are put together at the end. */
interface Loose {
  from: IpAddress;
  to: IpAddress;
  mark: number;
  mask: number;
}

/** Reads the body of an RTM_NEWRULE or RTM_DELRULE; undefined when it holds no IP rule of a known action. */
export function decodeRule(view: DataView, bodyAt: number, endAt: number): RuleEntry | undefined {
  if (bodyAt + RULE_HEADER_SIZE > endAt) return undefined;
  const family = familyOf(view.getUint8(bodyAt));
  const action = ACTIONS.get(view.getUint8(bodyAt + 7));
  if (family === undefined || action === undefined) return undefined;
  const tos = view.getUint8(bodyAt + 3);
  const draft: Draft = {
    family,
    action,
    not: (view.getUint32(bodyAt + 8, LE) & FIB_RULE_INVERT) !== 0,
    table: view.getUint8(bodyAt + 4),
    preference: 0,
    protocol: 0,
    l3mdev: false,
    ...(tos !== 0 && { tos }),
  };
  const any = anyAddress(family);
  const loose: Loose = { from: any, to: any, mark: 0, mask: 0 };
  const attributes = new AttributeCursor(view, bodyAt + RULE_HEADER_SIZE, endAt);
  while (attributes.next()) READERS.get(attributes.type)?.(attributes, draft, loose);
  const { from, to, mark, mask } = loose;
  const [toLength, fromLength] = [view.getUint8(bodyAt + 1), view.getUint8(bodyAt + 2)];
  if (fromLength > 0) draft.from = { address: from, length: fromLength };
  if (toLength > 0) draft.to = { address: to, length: toLength };
  if (mark !== 0 || mask !== 0) draft.firewallMark = { value: mark, mask };
  return draft;
}

type Reader = (attribute: AttributeCursor, draft: Draft, loose: Loose) => void;

const READERS: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [FRA_SRC, (attribute, _, loose) => void (loose.from = attribute.ip() ?? loose.from)],
  [FRA_DST, (attribute, _, loose) => void (loose.to = attribute.ip() ?? loose.to)],
  [FRA_FWMARK, (attribute, _, loose) => void (loose.mark = attribute.uint32())],
  [FRA_FWMASK, (attribute, _, loose) => void (loose.mask = attribute.uint32())],
  [FRA_IIFNAME, (attribute, draft) => void (draft.inputInterface = attribute.text())],
  [FRA_OIFNAME, (attribute, draft) => void (draft.outputInterface = attribute.text())],
  [FRA_GOTO, (attribute, draft) => void (draft.goto = attribute.uint32())],
  [FRA_PRIORITY, (attribute, draft) => void (draft.preference = attribute.uint32())],
  [FRA_TABLE, (attribute, draft) => void (draft.table = attribute.uint32())],
  [FRA_PROTOCOL, (attribute, draft) => void (draft.protocol = attribute.uint8())],
  [FRA_L3MDEV, (attribute, draft) => void (draft.l3mdev = attribute.uint8() !== 0)],
  [FRA_IP_PROTO, (attribute, draft) => void (draft.ipProtocol = attribute.uint8())],
  [FRA_TUN_ID, (attribute, draft) => void (draft.tunnelId = attribute.uint64NetworkOrder())],
  [FRA_SPORT_RANGE, (attribute, draft) => void (draft.sourcePorts = portRange(attribute))],
  [FRA_DPORT_RANGE, (attribute, draft) => void (draft.destinationPorts = portRange(attribute))],
  [FRA_FLOW, (attribute, draft) => void (draft.realms = realms(attribute.uint32()))],
  [
    FRA_UID_RANGE,
    (attribute, draft) =>
      void (draft.userRange = { start: attribute.uint32(0), end: attribute.uint32(4) }),
  ],
  [
    FRA_SUPPRESS_IFGROUP,
    (attribute, draft) => {
      if (attribute.uint32() !== UNSET) draft.suppressInterfaceGroup = attribute.uint32();
    },
  ],
  [
    FRA_SUPPRESS_PREFIXLEN,
    (attribute, draft) => {
      if (attribute.uint32() !== UNSET) draft.suppressPrefixLength = attribute.uint32();
    },
  ],
]);

const portRange = (attribute: AttributeCursor): { start: number; end: number } => ({
  start: attribute.uint16(0),
  end: attribute.uint16(2),
});

const realms = (value: number): { from: number; to: number } => ({
  from: value >>> 16,
  to: value & 0xffff,
});
