/**
 * What input chains of an nftables script let in, as far as their lines tell: only chains that drop by policy and do not
 * lead to other chains are judged, and whatever is not understood counts as a condition that may be met.
 */
import type { AcceptRule, InputFilter } from "../picture.ts";
import type { Line } from "./lines.ts";

const CHAIN = /^chain\s+("?)([\w.-]+)\1/;
const INCOMING = /\biif(?:name)?\s+(\{[^}]*\}|"[^"]+"|[^\s"{}]+)/;
const ELSEWHERE = /\b(?:jump|goto|vmap|queue|include)\b/;
const OTHER_PROTOCOLS = /\b(?:icmp|icmpv6|ipv6-icmp|igmp|esp|sctp|dccp|gre)\b/;
const PORTS = /\b(?:tcp|udp|th)\s+dport\s+(\{[^}]*\}|\S+)/;

interface Chain {
  readonly name: string;
  readonly lines: readonly Line[];
  readonly table: string;
}

export function readInputChains(lines: readonly Line[]): readonly InputFilter[] {
  return chainsOf(lines).flatMap((chain) => filterOf(chain));
}

/** Every chain with its lines up to its closing brace. */
function chainsOf(lines: readonly Line[]): readonly Chain[] {
  const chains: Chain[] = [];
  let table = "";
  let current: Line[] | undefined;
  for (const line of lines) {
    const name = CHAIN.exec(line.text)?.[2];
    if (line.text.startsWith("table ")) table = line.text;
    if (name !== undefined) {
      current = [line];
      chains.push({ name, lines: current, table });
    } else if (line.text.startsWith("}")) current = undefined;
    else current?.push(line);
  }
  return chains;
}

function filterOf({ name, lines, table }: Chain): readonly InputFilter[] {
  const [first] = lines;
  const hook = lines.find(({ text }) => /\bhook\s+input\b/.test(text));
  const isForIpv4 = !/^table\s+(?:ip6|arp|bridge|netdev)\b/.test(table);
  if (first === undefined || hook === undefined || !isForIpv4) return [];
  const drops = /\bpolicy\s+drop\b/.test(hook.text);
  if (!drops || lines.some(({ text }) => ELSEWHERE.test(text))) return [];
  return [
    {
      kind: "nftables",
      interfaces: [],
      label: `chain ${name}`,
      zone: undefined,
      accepts: false,
      rules: lines.flatMap(({ text }) => ruleOf(text)),
      at: hook.at,
    },
  ];
}

/** A line about connections that exist already says nothing about the first packet. */
function ruleOf(text: string): readonly AcceptRule[] {
  if (!/\baccept\b/.test(text) || /\bct\s+state\b(?!.*\bnew\b)/.test(text)) return [];
  if (/\biif(?:name)?\s+"?lo"?(?:\s|$)/.test(text)) return [];
  return [{ devices: devicesOf(text), protocols: protocolsOf(text), ports: portsOf(text) }];
}

/** None, which means all, where it is not a list of names. */
function devicesOf(text: string): readonly string[] {
  const names = INCOMING.exec(text)?.[1]?.match(/[^\s{},"]+/g) ?? [];
  return names.some((name) => /[*$@!=]/.test(name)) ? [] : names;
}

function protocolsOf(text: string): readonly string[] {
  const named = [
    ...(/\b(?:vrrp|112)\b/.test(text) ? ["vrrp"] : []),
    ...(/\b(?:ah|51)\b/.test(text) ? ["ah"] : []),
    ...(/\budp\b/.test(text) ? ["udp"] : []),
    ...(/\btcp\b/.test(text) ? ["tcp"] : []),
    ...(/\bth\s+dport\b/.test(text) ? ["tcp", "udp"] : []),
  ];
  return named.length === 0 && OTHER_PROTOCOLS.test(text) ? ["other"] : named;
}

function portsOf(text: string): AcceptRule["ports"] {
  const words = PORTS.exec(text)?.[1]?.match(/[^\s{},]+/g) ?? [];
  const ranges = words.map((word) => word.split("-").map(Number));
  if (ranges.some((range) => range.some((port) => !Number.isSafeInteger(port)))) return [];
  return ranges.map(([first = 0, last = first]) => [first, last] as const);
}
