/** Source translation and input chains in an nftables script or in what `nft list ruleset` prints, line by line. */
import { type IpAddress, type IpFamily, ipFamily, parseIp } from "../../base/ip.ts";
import type { Contribution, FirewallRule, Translation } from "../picture.ts";
import { type Line, linesOf } from "./lines.ts";
import { readInputChains } from "./nftables-input.ts";

const TRANSLATION = /\b(?:masquerade\b|snat\s+(?:ip6?\s+)?(?:to\s+)?([\da-f.:]+))/i;
const OUTGOING = /\boif(?:name)?\s+(\{[^}]*\}|"[^"]+"|\S+)/;

export function readNftables(file: string, text: string): Contribution {
  const lines = joined(linesOf(file, text, /(?:^|\s)#.*$/));
  const translations: Translation[] = [];
  let family: IpFamily | undefined;
  for (const line of lines) {
    family = tableFamily(line.text) ?? (/^table\s/.test(line.text) ? undefined : family);
    translations.push(...translationsOf(line, family));
  }
  return {
    translations,
    inputs: readInputChains(lines),
    firewall: lines.flatMap((line) => ruleOf(line)),
  };
}

/** Statements may go on after a backslash. */
function joined(lines: readonly Line[]): readonly Line[] {
  const whole: Line[] = [];
  let open: Line | undefined;
  for (const line of lines) {
    const text = open === undefined ? line.text : `${open.text} ${line.text}`;
    const next = { text: text.replace(/\s*\\$/, ""), at: open?.at ?? line.at };
    open = line.text.endsWith("\\") ? next : undefined;
    if (open === undefined) whole.push(next);
  }
  return open === undefined ? whole : [...whole, open];
}

function tableFamily(text: string): IpFamily | undefined {
  const word = /^table\s+(\S+)/.exec(text)?.[1];
  if (word === "ip6") return 6;
  // `table NAME` without a family is of IPv4.
  return word === undefined || word === "inet" || word === "netdev" ? undefined : 4;
}

function translationsOf({ text, at }: Line, family: IpFamily | undefined): readonly Translation[] {
  const match = TRANSLATION.exec(text);
  if (match === null) return [];
  const address: IpAddress | undefined =
    match[1] === undefined ? undefined : parseIp(match[1].replace(/:\d+$/, ""));
  if (match[1] !== undefined && address === undefined) return [];
  const place = { ...at, column: at.column + match.index };
  const meant = address === undefined ? (familyOf(text) ?? family) : ipFamily(address);
  return devicesOf(text).map((device) => ({
    interface: device,
    zone: undefined,
    address,
    family: meant,
    at: place,
  }));
}

const familyOf = (text: string): IpFamily | undefined =>
  /\bip6\s|\bnfproto\s+ipv6\b/.test(text)
    ? 6
    : /\bip\s|\bnfproto\s+ipv4\b/.test(text)
      ? 4
      : undefined;

function devicesOf(text: string): readonly (string | undefined)[] {
  const words = OUTGOING.exec(text)?.[1];
  if (words === undefined || words.startsWith("!")) return [undefined];
  const names = words.match(/[^\s{},"]+/g) ?? [];
  return names.length === 0 || names.some((name) => /[*$@]/.test(name)) ? [undefined] : names;
}

/** Rules, with counters as they are not: two routers never count alike. */
function ruleOf({ text, at }: Line): readonly FirewallRule[] {
  const rule = text
    .replaceAll(/\bcounter packets \d+ bytes \d+/g, "counter")
    .replaceAll(/\s+/g, " ")
    .trim();
  return /^[{}]|^(?:table|flush|delete|add table)\b|^#!/.test(rule) || rule === ""
    ? []
    : [{ text: rule, at }];
}
