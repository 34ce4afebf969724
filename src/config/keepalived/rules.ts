/** One routing policy rule per line, as in virtual_rules and static_rules: the words of ip-rule(8). */
import type { IpFamily, Prefix } from "../../base/ip.ts";
import { ipFamily } from "../../base/ip.ts";
import type { VirtualRule } from "../../vrrp/config.ts";
import type { RuleSpec } from "../../wire/objects.ts";
import { DUET_PROTOCOL } from "../../wire/objects.ts";
import type { Position } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import { Cursor } from "./cursor.ts";
import type { Word } from "./lexer.ts";
import type { Reading } from "./reading.ts";
import { named, number, readRealms, span } from "./route-values.ts";
import type { Statement } from "./tree.ts";
import { quote, readInterface, readPrefix } from "./values.ts";

const UINT32_MAX = 4_294_967_295;
/** Rules without a preference get this one and those below it, one after the other. */
const AUTOMATIC_PREFERENCE = 16_384;

export const RULE_FORM =
  "[not] [from PREFIX] [to PREFIX] [table T] [preference N] [fwmark X[/M]] [iif INTERFACE] [oif INTERFACE] [tos X] [realms R] [suppress_prefixlength N] [uidrange A-B] [l3mdev] [ipproto P] [sport A-B] [dport A-B] [goto N|nop|blackhole|unreachable|prohibit] [no_track]";

/** Hands out the preferences of rules that have none, in the order of the file. */
export class Preferences {
  #next: number = AUTOMATIC_PREFERENCE;

  take(): number {
    this.#next -= 1;
    return this.#next + 1;
  }
}

interface Draft {
  family?: IpFamily;
  action?: RuleSpec["action"];
  not: boolean;
  from?: Prefix;
  to?: Prefix;
  table?: number;
  preference?: number;
  protocol?: number;
  firewallMark?: { value: number; mask: number };
  inputInterface?: string;
  outputInterface?: string;
  tos?: number;
  realms?: { from: number; to: number };
  suppressPrefixLength?: number;
  suppressInterfaceGroup?: number;
  tunnelId?: number;
  userRange?: { start: number; end: number };
  l3mdev: boolean;
  ipProtocol?: number;
  sourcePorts?: { start: number; end: number };
  destinationPorts?: { start: number; end: number };
  goto?: number;
  tracked: boolean;
}

/** Reads a rule; `instanceFamily` is that of its instance, for rules without an address. */
export function readRuleLine(
  reading: Reading,
  { keyword, words, block }: Statement,
  preferences: Preferences,
  instanceFamily: IpFamily,
): VirtualRule | undefined {
  if (block !== undefined) {
    const message = "a rule has no block: remove { and its }";
    reading.findings.error(block.openedAt, "brace-unexpected", message);
    return undefined;
  }
  const draft: Draft = { not: false, l3mdev: false, tracked: true };
  const cursor = new Cursor(reading, [keyword, ...words]);
  for (let word = cursor.next(); word !== undefined; word = cursor.next()) {
    const option = OPTIONS.get(word.text);
    if (option !== undefined) option(cursor, word, draft);
    else reportUnknown(cursor, word);
  }
  if (cursor.failed) return undefined;
  return completeRule(reading, keyword.at, draft, { preferences, instanceFamily });
}

function reportUnknown(cursor: Cursor, { text, at }: Word): void {
  const hint = cursor.reading.findings.isFull ? "" : didYouMean(text, OPTIONS.keys());
  const message = `${quote(text)} is not an option of a rule${hint}`;
  cursor.reading.findings.error(at, "rule-invalid", message);
  cursor.fail();
}

type Option = (cursor: Cursor, keyword: Word, draft: Draft) => void;

const field =
  <Key extends keyof Draft>(
    key: Key,
    read: (reading: Reading, word: Word) => Draft[Key] | undefined,
  ): Option =>
  (cursor, keyword, draft) => {
    const value = cursor.value(keyword, read);
    if (value !== undefined) draft[key] = value;
  };

const prefix =
  (key: "from" | "to"): Option =>
  (cursor, keyword, draft) => {
    if (cursor.skip("all") || cursor.skip("any") || cursor.skip("default")) return;
    const value = cursor.value(keyword, (reading, word) => readPrefix(reading, word, key));
    if (value === undefined) return;
    draft[key] = value;
    adoptFamily(cursor, keyword, draft, ipFamily(value.address));
  };

function adoptFamily(cursor: Cursor, { at }: Word, draft: Draft, family: IpFamily): void {
  if (draft.family === undefined || draft.family === family) {
    draft.family = family;
    return;
  }
  cursor.reading.findings.error(at, "family-mixed", "from and to are of different families");
  cursor.fail();
}

const action =
  (value: RuleSpec["action"]): Option =>
  (_cursor, _keyword, draft) => {
    draft.action = value;
  };

const table: Option = (cursor, keyword, draft) => {
  field("table", named("table"))(cursor, keyword, draft);
  draft.action ??= "lookup";
};

const jump: Option = (cursor, keyword, draft) => {
  field("goto", number("goto", UINT32_MAX, 1))(cursor, keyword, draft);
  draft.action = "goto";
};

const type: Option = (cursor, keyword, draft) => {
  const word = cursor.next();
  const option = word === undefined ? undefined : ACTIONS.get(word.text);
  if (word !== undefined && option !== undefined) option(cursor, word, draft);
  else if (word !== undefined) reportUnknown(cursor, word);
  else cursor.value(keyword, () => undefined);
};

const mark: Option = (cursor, keyword, draft) => {
  const value = cursor.value(keyword, readMark);
  if (value !== undefined) draft.firewallMark = value;
};

function readMark({ findings }: Reading, { text, at }: Word): Draft["firewallMark"] {
  const match = /^(0x[0-9a-fA-F]{1,8}|\d{1,10})(?:\/(0x[0-9a-fA-F]{1,8}|\d{1,10}))?$/.exec(text);
  const value = Number(match?.[1] ?? Number.NaN);
  const mask = Number(match?.[2] ?? UINT32_MAX);
  if (value <= UINT32_MAX && mask <= UINT32_MAX) return { value, mask };
  const message = `fwmark must be MARK or MARK/MASK of 32 bits, not ${quote(text)}`;
  findings.error(at, "number-invalid", message);
  return undefined;
}

const IP_PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  "ipv6-icmp": 58,
  icmpv6: 58,
  ospf: 89,
  vrrp: 112,
  sctp: 132,
  udplite: 136,
};

function readIpProtocol(reading: Reading, word: Word): number | undefined {
  if (Object.hasOwn(IP_PROTOCOLS, word.text)) return IP_PROTOCOLS[word.text];
  return number("ipproto", 255)(reading, word);
}

const flag =
  (change: (draft: Draft) => void): Option =>
  (_cursor, _keyword, draft) =>
    change(draft);

const l3mdev = flag((draft) => {
  draft.l3mdev = true;
  draft.action ??= "lookup";
});

const ACTIONS: ReadonlyMap<string, Option> = new Map<string, Option>([
  ["blackhole", action("blackhole")],
  ["unreachable", action("unreachable")],
  ["prohibit", action("prohibit")],
  ["nop", action("nop")],
]);

const preference = field("preference", number("preference", UINT32_MAX));
const tos = field("tos", named("dsfield"));
const input = field("inputInterface", readInterface);

const OPTIONS: ReadonlyMap<string, Option> = new Map<string, Option>([
  ...ACTIONS,
  [
    "not",
    flag((draft) => {
      draft.not = true;
    }),
  ],
  ["from", prefix("from")],
  ["to", prefix("to")],
  ["table", table],
  ["lookup", table],
  ["preference", preference],
  ["order", preference],
  ["priority", preference],
  ["pref", preference],
  ["protocol", field("protocol", named("protocol"))],
  ["fwmark", mark],
  ["iif", input],
  ["dev", input],
  ["oif", field("outputInterface", readInterface)],
  ["tos", tos],
  ["dsfield", tos],
  ["realms", field("realms", readRealms)],
  ["suppress_prefixlength", field("suppressPrefixLength", number("suppress_prefixlength", 128))],
  ["suppress_prefixlen", field("suppressPrefixLength", number("suppress_prefixlen", 128))],
  ["suppress_ifgroup", field("suppressInterfaceGroup", named("group"))],
  ["tunnel-id", field("tunnelId", number("tunnel-id", UINT32_MAX))],
  ["uidrange", field("userRange", span("uidrange", UINT32_MAX))],
  ["l3mdev", l3mdev],
  ["ipproto", field("ipProtocol", readIpProtocol)],
  ["sport", field("sourcePorts", span("sport", 65_535))],
  ["dport", field("destinationPorts", span("dport", 65_535))],
  ["goto", jump],
  ["type", type],
  ["inet", (cursor, keyword, draft) => adoptFamily(cursor, keyword, draft, 4)],
  ["inet6", (cursor, keyword, draft) => adoptFamily(cursor, keyword, draft, 6)],
  [
    "no_track",
    flag((draft) => {
      draft.tracked = false;
    }),
  ],
]);

function completeRule(
  { findings }: Reading,
  at: Position,
  { action: chosen, family, tracked, protocol, preference: own, table: to, ...rest }: Draft,
  { preferences, instanceFamily }: { preferences: Preferences; instanceFamily: IpFamily },
): VirtualRule | undefined {
  if (chosen === undefined) {
    const message =
      "a rule needs an action: add table T, goto N, nop, blackhole, unreachable or prohibit";
    findings.error(at, "rule-invalid", message);
    return undefined;
  }
  const chosenPreference = own ?? preferences.take();
  if (own === undefined) {
    const message = `this rule has no preference and gets ${chosenPreference}: add preference N`;
    findings.warn(at, "rule-preference", message);
  }
  const spec: RuleSpec = {
    ...rest,
    action: chosen,
    family: family ?? instanceFamily,
    // The kernel finds the table of an l3mdev rule by itself, and other actions have none.
    table: chosen === "lookup" ? (to ?? 0) : 0,
    preference: chosenPreference,
    protocol: tracked ? DUET_PROTOCOL : (protocol ?? DUET_PROTOCOL),
  };
  return { spec, tracked };
}
