/** Readers of the keywords of a vrrp_instance block that take more than one simple value. */
import type { IpAddress } from "../../base/ip.ts";
import { ipFamily, isMulticast } from "../../base/ip.ts";
import type { Mac } from "../../base/mac.ts";
import { parseMac } from "../../base/mac.ts";
import type { Position } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import type { AddressDraft } from "./addresses.ts";
import { readAddressLine } from "./addresses.ts";
import type { InstanceDraft } from "./instance-draft.ts";
import type { Word } from "./lexer.ts";
import type { Reading } from "./reading.ts";
import type { Statement } from "./tree.ts";
import { quote, readAddress, readInteger, readInterface } from "./values.ts";

export function readState(
  { findings }: Reading,
  { words: [word] }: Statement,
  draft: InstanceDraft,
): void {
  if (word === undefined) return;
  const { text, at } = word;
  const upper = text.toUpperCase();
  if (upper !== "MASTER" && upper !== "BACKUP") {
    const message = `state must be MASTER or BACKUP, not ${quote(text)}; BACKUP is used${didYouMean(text, ["MASTER", "BACKUP"])}`;
    findings.warn(at, "state-unknown", message);
  } else if (upper !== text) {
    const message = `${text} is taken as ${upper}; write it in capitals, as keepalived wants it`;
    findings.warn(at, "state-case", message);
  }
  // keepalived starts as MASTER if any of several lines says so.
  if (draft.state !== "MASTER") draft.state = upper === "MASTER" ? "MASTER" : "BACKUP";
  draft.stateAt = at;
}

/** The first address decides between IPv4 and IPv6. */
function adoptFamily(
  { findings }: Reading,
  draft: InstanceDraft,
  address: IpAddress,
  at: Position,
): boolean {
  const family = ipFamily(address);
  draft.family ??= family;
  if (draft.family === family) return true;
  const message = `${address} is IPv${family}, but this instance is IPv${draft.family}: move it to virtual_ipaddress_excluded or to an instance of its own`;
  findings.error(at, "address-family", message);
  return false;
}

export function readAddresses(reading: Reading, { block }: Statement, draft: InstanceDraft): void {
  for (const statement of block?.statements ?? []) {
    const line = readAddressLine(reading, statement);
    if (line === undefined || !adoptFamily(reading, draft, line.spec.address, line.at)) continue;
    addOnce(reading, draft.addresses, line);
  }
}

export function readExcluded(reading: Reading, { block }: Statement, draft: InstanceDraft): void {
  for (const statement of block?.statements ?? []) {
    const line = readAddressLine(reading, statement);
    if (line !== undefined) addOnce(reading, draft.excluded, line);
  }
}

function addOnce({ findings }: Reading, list: AddressDraft[], line: AddressDraft): void {
  const { address } = line.spec;
  if (!list.some((other) => other.spec.address === address && other.interface === line.interface)) {
    list.push(line);
    return;
  }
  const message = `${address} is listed already; this line is ignored`;
  findings.warn(line.at, "address-duplicate", message);
}

export function readSource(
  reading: Reading,
  { words: [word] }: Statement,
  draft: InstanceDraft,
): void {
  const address = word && readAddress(reading, word, "the source address");
  if (word === undefined || address === undefined) return;
  if (adoptFamily(reading, draft, address, word.at)) draft.source = address;
}

export function readGroup(
  reading: Reading,
  { words: [word] }: Statement,
  draft: InstanceDraft,
): void {
  const address = word && readAddress(reading, word, "mcast_dst_ip");
  if (word === undefined || address === undefined) return;
  if (!isMulticast(address)) {
    const message = `mcast_dst_ip must be a multicast address, not ${address}`;
    reading.findings.error(word.at, "address-invalid", message);
  } else if (adoptFamily(reading, draft, address, word.at)) draft.multicastGroup = address;
}

export const TTL = { min: 0, max: 255 } as const;

export function readPeers(
  reading: Reading,
  { keyword: { at }, block }: Statement,
  draft: InstanceDraft,
): void {
  draft.unicastAt ??= at;
  for (const { keyword: word, words } of block?.statements ?? []) {
    const address = readAddress(reading, word, "a peer");
    if (address === undefined || !adoptFamily(reading, draft, address, word.at)) continue;
    if (draft.peers.some((peer) => peer.address === address)) {
      const message = `${address} is a peer already; this line is ignored`;
      reading.findings.warn(word.at, "address-duplicate", message);
    } else draft.peers.push({ address, ...readTtls(reading, words) });
  }
}

function readTtls(reading: Reading, words: readonly Word[]): { ttlMin: number; ttlMax: number } {
  let ttlMin = 0;
  let ttlMax = 255;
  for (let at = 0; at < words.length; at += 2) {
    const name = words[at];
    const value = words[at + 1];
    if (name === undefined) break;
    if (value === undefined || (name.text !== "min_ttl" && name.text !== "max_ttl")) {
      const message = `after a peer may only stand min_ttl NUMBER and max_ttl NUMBER, not ${quote(name.text)}`;
      reading.findings.error(name.at, "value-invalid", message);
      continue;
    }
    const limit = readInteger(reading, value, name.text, TTL);
    if (limit !== undefined && name.text === "min_ttl") ttlMin = limit;
    else if (limit !== undefined) ttlMax = limit;
  }
  return { ttlMin, ttlMax };
}

export function readVirtualMac(
  reading: Reading,
  { keyword: { at }, words }: Statement,
  draft: InstanceDraft,
): void {
  let name: string | undefined;
  let mac: Mac | undefined;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word === undefined || word.text === "name" || word.text === "netlink_notify_msg") continue;
    if (word.text === "group") {
      const message = "not supported: the link group of a virtual MAC interface has no effect";
      reading.findings.warn(word.at, "not-supported", message);
      index += 1;
    } else if (word.text.includes(":")) mac = readMac(reading, word) ?? mac;
    else name = readNewInterface(reading, word) ?? name;
  }
  draft.virtualMac = { ...(name !== undefined && { name }), ...(mac !== undefined && { mac }), at };
}

function readMac({ findings }: Reading, { text, at }: Word): Mac | undefined {
  const mac = parseMac(text);
  if (mac === undefined)
    findings.error(at, "value-invalid", `a MAC address has six octets, not ${quote(text)}`);
  return mac;
}

const readNewInterface = (reading: Reading, word: Word): string | undefined =>
  readInterface({ ...reading, interfacesMayComeLater: true }, word);

export const collect =
  (field: "routes" | "rules") =>
  (_: Reading, { block }: Statement, draft: InstanceDraft): void => {
    draft[field].push(...(block?.statements ?? []));
  };
