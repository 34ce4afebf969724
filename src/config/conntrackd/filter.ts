/** The `Filter` block: which flows are replicated. */
import type { IpFamily, Prefix } from "../../base/ip.ts";
import { formatPrefix } from "../../base/ip.ts";
import type { AcceptOrIgnore, FilterConfig } from "../../replication/config.ts";
import { didYouMean } from "../suggest.ts";
import { readPrefix } from "./addresses.ts";
import type { Token } from "./lexer.ts";
import { type Keyword, keyword, type Parser, quote, type Table } from "./parser.ts";
import { readChoice, readValue, wrong } from "./values.ts";

type Policy = AcceptOrIgnore<unknown>["policy"];

/** What one kind of entries is filtered by. Blocks of one kind add up; the last policy counts. */
export interface FilterRule<T> {
  /** Undefined until there is a block of this kind. */
  policy: Policy | undefined;
  /** By their text, so that none is there twice. */
  readonly entries: Map<string, T>;
}

export interface FilterDraft {
  place: FilterConfig["place"];
  readonly protocols: FilterRule<number>;
  readonly addresses: FilterRule<Prefix>;
  readonly tcpStates: FilterRule<number>;
}

export const newFilter = (): FilterDraft => ({
  place: "userspace",
  protocols: { policy: undefined, entries: new Map() },
  addresses: { policy: undefined, entries: new Map() },
  tcpStates: { policy: undefined, entries: new Map() },
});

const POLICIES: Readonly<Record<string, Policy>> = { Accept: "accept", Ignore: "ignore" };

/** TCP states by the kernel's numbers; conntrackd knows the last but one by two names. */
export const TCP_STATES: Readonly<Record<string, number>> = {
  SYN_SENT: 1,
  SYN_RECV: 2,
  ESTABLISHED: 3,
  FIN_WAIT: 4,
  CLOSE_WAIT: 5,
  LAST_ACK: 6,
  TIME_WAIT: 7,
  CLOSED: 8,
  CLOSE: 8,
  LISTEN: 9,
};

/** Reads `[From Userspace|Kernelspace] { … }` after the word Filter. */
export function readFilter(parser: Parser, word: Token, draft: FilterDraft): void {
  if (parser.skip("From")) {
    const place = readExact(
      parser,
      { ...word, text: "Filter From" },
      {
        Userspace: "userspace" as const,
        Kernelspace: "kernelspace" as const,
      },
    );
    draft.place = place ?? draft.place;
  }
  parser.readBlock(word, "Filter", FILTER, draft);
}

/** One of a few words, which conntrackd knows with these capitals only. */
function readExact<T>(
  parser: Parser,
  word: Token,
  choices: Readonly<Record<string, T>>,
): T | undefined {
  const { text, at } = parser.peek();
  const value = readChoice(parser, word, choices);
  if (value === undefined || Object.hasOwn(choices, text)) return value;
  const name = Object.keys(choices).find((choice) => choice.toLowerCase() === text.toLowerCase());
  return wrong(
    parser,
    { at },
    "value-invalid",
    `capitals count: write ${name ?? ""}, not "${text}"`,
  );
}

interface RuleAbout {
  /** What one entry is, for the reference. */
  readonly entry: string;
  readonly doc: string;
}

/** A keyword with a policy and a block of entries, which `read` adds to the rule that `of` finds. */
function rule<T>(
  name: string,
  { entry, doc }: RuleAbout,
  of: (draft: FilterDraft) => FilterRule<T>,
  read: (parser: Parser, word: Token, entries: Map<string, T>) => void,
): Keyword<FilterDraft> {
  const form = `Accept|Ignore { ${entry} … }`;
  return keyword(name, form, { doc, initial: "all" }, (parser, word, draft) => {
    const found = of(draft);
    const policy = readExact(parser, word, POLICIES) ?? "accept";
    if (found.policy !== undefined && found.policy !== policy) {
      const message = `${name} stands here with the other policy than before; it counts for the entries of both: write one block`;
      parser.findings.warn(word.at, "filter-policy", message);
    }
    found.policy = policy;
    read(parser, word, found.entries);
    // What could not be read was named all the same.
    if (policy === "ignore" || found.entries.size > 0 || parser.findings.hasErrors) return;
    const message = `${name} Accept names nothing, so it lets no flow pass: remove it, or write what to accept`;
    parser.findings.warn(word.at, "filter-empty", message);
  });
}

function readProtocols(parser: Parser, word: Token, entries: Map<string, number>): void {
  parser.readList(word, word.text, (token) => {
    const number = token.type === "word" ? parser.protocols.lookUp(token.text) : undefined;
    if (number !== undefined) {
      entries.set(String(number), number);
    } else if (token.type === "word") {
      const hint = parser.findings.isFull ? "" : didYouMean(token.text, parser.protocols.known());
      const message = `there is no protocol ${quote(token)}, so it is ignored${hint}`;
      parser.findings.warn(token.at, "protocol-unknown", message);
    } else {
      const message = `a protocol is a name such as TCP or a number, not ${quote(token)}`;
      wrong(parser, token, "value-invalid", message);
    }
  });
}

const address = (name: string, family: IpFamily): Keyword<Map<string, Prefix>> =>
  keyword(
    name,
    "ADDRESS[/LENGTH]",
    { doc: `An IPv${family} address or network.`, repeats: true },
    (parser, word, entries) => {
      const prefix = readPrefix(parser, word, family);
      if (prefix === undefined) return;
      const text = formatPrefix(prefix.value);
      if (!entries.has(text)) entries.set(text, prefix.value);
      else {
        const message = `${text} is listed already: remove it here`;
        parser.findings.warn(prefix.at, "address-duplicate", message);
      }
    },
  );

export const ADDRESS: Table<Map<string, Prefix>> = [
  address("IPv4_address", 4),
  address("IPv6_address", 6),
];

/** `STATE … for TCP`, as often as wanted. */
function readStates(parser: Parser, word: Token, entries: Map<string, number>): void {
  let open: Token | undefined;
  parser.readList(word, word.text, (token) => {
    if (token.text === "for") {
      readTcp(parser, token);
      open = undefined;
      return;
    }
    open = token;
    const known = token.type === "word" && Object.hasOwn(TCP_STATES, token.text);
    const number = known ? TCP_STATES[token.text] : undefined;
    if (number === undefined) {
      const names = Object.keys(TCP_STATES);
      const message = `${quote(token)} is no state of TCP${didYouMean(token.text, names)}`;
      wrong(parser, token, "state-unknown", message);
    } else entries.set(String(number), number);
  });
  if (open === undefined) return;
  wrong(
    parser,
    open,
    "value-missing",
    "for TCP is missing after the states: write it before the }",
  );
}

function readTcp(parser: Parser, word: Token): void {
  const token = readValue(parser, word, "TCP");
  if (token === undefined || token.text === "TCP") return;
  const message = `flows are filtered by state for TCP only, not for ${quote(token)}`;
  wrong(parser, token, "value-invalid", message);
}

export const FILTER: Table<FilterDraft> = [
  rule(
    "Protocol",
    { entry: "PROTOCOL", doc: "By IP protocol: names of /etc/protocols, or numbers." },
    ({ protocols }) => protocols,
    readProtocols,
  ),
  rule(
    "Address",
    {
      entry: "ADDRESS",
      doc: "By address: the source of the original direction and that of the reply.",
    },
    ({ addresses }) => addresses,
    (parser, word, entries) => parser.readBlock(word, "Address", ADDRESS, entries),
  ),
  rule(
    "State",
    {
      entry: "STATE … for TCP",
      doc: `By state of TCP: ${Object.keys(TCP_STATES).join(", ")}.`,
    },
    ({ tcpStates }) => tcpStates,
    readStates,
  ),
];
