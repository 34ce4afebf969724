/** DHCP as dnsmasq.conf describes it: ranges, options 3 and 6, static leases. See dnsmasq(8). */
import { type IpAddress, ipFamily, parseIp } from "../../base/ip.ts";
import type { Contribution, DhcpOption, DhcpPool, DhcpService, StaticLease } from "../picture.ts";
import { type Line, linesOf } from "./lines.ts";

interface TaggedOption extends DhcpOption {
  readonly tags: readonly string[];
}

interface Range {
  readonly tags: readonly string[];
  readonly pool: DhcpPool;
  readonly line: Line;
}

/** A range without tags gets the options without tags. `interfaceOf` finds the interface in whose network a pool lies. */
export function readDnsmasq(
  file: string,
  text: string,
  interfaceOf: (address: IpAddress) => string | undefined,
): Contribution {
  const statements = linesOf(file, text, /(?:^|\s)#.*$/).map((line) => split(line));
  const options = statements.flatMap((entry) => optionOf(entry));
  const ranges = statements.flatMap((entry) => rangeOf(entry));
  const services = ranges.map((range) => serviceOf(range, options, interfaceOf));
  const leases = statements.flatMap((entry) => leaseOf(entry));
  return { dhcp: services, leases };
}

interface Statement {
  readonly line: Line;
  readonly key: string;
  readonly parts: readonly string[];
}

function split(line: Line): Statement {
  const { text } = line;
  const equals = text.indexOf("=");
  if (equals === -1) return { line, key: text, parts: [] };
  const parts = text.slice(equals + 1).split(",");
  return { line, key: text.slice(0, equals).trim(), parts: parts.map((part) => part.trim()) };
}

const NUMBERS: Readonly<Record<string, number>> = {
  "3": 3,
  "option:router": 3,
  "6": 6,
  "option:dns-server": 6,
};

function optionOf({ key, parts, line }: Statement): readonly TaggedOption[] {
  if (key !== "dhcp-option" && key !== "dhcp-option-force") return [];
  const tags = parts.flatMap((part) => /^(?:tag|net):(.+)$/.exec(part)?.[1] ?? []);
  const rest = parts.filter((part) => !/^(?:tag|net|encap|vi-encap|vendor):/.test(part));
  const named = tags.length === 0 && /^[a-z][\w-]*$/i.test(rest[0] ?? "") ? rest[0] : undefined;
  const [word = "", ...values] = named === undefined ? rest : rest.slice(1);
  const number = Object.hasOwn(NUMBERS, word) ? NUMBERS[word] : undefined;
  if (number === undefined) return [];
  const addresses = values.flatMap((value) => parseIp(value) ?? []);
  return [{ number, addresses, at: line.at, tags: named === undefined ? tags : [named] }];
}

function rangeOf({ key, parts, line }: Statement): readonly Range[] {
  if (key !== "dhcp-range") return [];
  const tags = parts.flatMap((part) => /^set:(.+)$/.exec(part)?.[1] ?? []);
  const rest = parts.filter((part) => !/^(?:set|tag|net|interface|constructor):/.test(part));
  const named = /^[a-z][\w-]*$/i.test(rest[0] ?? "") ? rest.slice(0, 1) : [];
  const addresses = rest.flatMap((part) => parseIp(part) ?? []);
  const [first, second] = addresses;
  if (first === undefined || ipFamily(first) === 6) return [];
  const isPool = second !== undefined && !second.startsWith("255.");
  const pool = { first, last: isPool ? second : first, at: line.at };
  return [{ tags: [...tags, ...named], pool, line }];
}

function serviceOf(
  { tags, pool, line }: Range,
  options: readonly TaggedOption[],
  interfaceOf: (address: IpAddress) => string | undefined,
): DhcpService {
  const [tag] = tags;
  const own = options.filter((option) => option.tags.every((name) => tags.includes(name)));
  const special = new Set(
    own.filter((option) => option.tags.length > 0).map(({ number }) => number),
  );
  return {
    interface: interfaceOf(pool.first),
    label: tag ?? `${pool.first} to ${pool.last}`,
    at: line.at,
    forced: undefined,
    options: own.filter((option) => option.tags.length > 0 || !special.has(option.number)),
    pool,
    writeOption: (number, address) =>
      `dhcp-option=${tag === undefined ? "" : `tag:${tag},`}${number},${address}`,
  };
}

const MAC = /^(?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i;

function leaseOf({ key, parts, line }: Statement): readonly StaticLease[] {
  if (key !== "dhcp-host") return [];
  const macs = parts.filter((part) => MAC.test(part)).map((mac) => mac.toLowerCase());
  const address = parts.flatMap((part) => parseIp(part) ?? []).at(0);
  const name = parts.find(
    (part) => /^[a-z_][\w.-]*$/i.test(part) && !/^(?:ignore|infinite|\d+[smhdw])$/i.test(part),
  );
  return [{ name, macs, address, at: line.at, written: line.text }];
}
