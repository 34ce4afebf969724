/** One address per line, as in virtual_ipaddress, virtual_ipaddress_excluded and static_ipaddress. */
import type { IpAddress, IpFamily, Prefix } from "../../base/ip.ts";
import { ipBits, ipBytes, ipFamily, ipFromBytes } from "../../base/ip.ts";
import type { VirtualAddress } from "../../vrrp/config.ts";
import type { AddressSpec } from "../../wire/objects.ts";
import { DUET_PROTOCOL } from "../../wire/objects.ts";
import type { Position } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import type { Word } from "./lexer.ts";
import type { Reading } from "./reading.ts";
import type { Statement } from "./tree.ts";
import {
  INTERFACE_NAME_MAX,
  quote,
  readAddress,
  readInteger,
  readInterface,
  readPrefix,
} from "./values.ts";

// linux/if_addr.h
const IFA_F_NODAD = 0x02;
const IFA_F_HOMEADDRESS = 0x10;
const IFA_F_MANAGETEMPADDR = 0x100;
const IFA_F_NOPREFIXROUTE = 0x200;
const IFA_F_MCAUTOJOIN = 0x400;

const LIFETIME_MAX = 4_294_967_294;

/** An address as read: its interface may still be that of its instance. */
export interface AddressDraft {
  readonly at: Word["at"];
  readonly interface: string | undefined;
  readonly tracked: boolean;
  readonly spec: Omit<AddressSpec, "interface">;
}

interface Options {
  interface?: string;
  broadcast?: IpAddress;
  scope?: number;
  label?: string;
  labelAt?: Word["at"];
  peer?: IpAddress;
  flags: number;
  detectsDuplicates: boolean;
  tracked: boolean;
  preferredLifetime?: number | "forever";
}

/** Options of an address, as the reference prints them. */
export const ADDRESS_FORM =
  "ADDRESS[/LENGTH] [dev INTERFACE] [brd ADDRESS|+|-] [scope SCOPE] [label LABEL] [peer ADDRESS] [home] [-nodad] [mngtmpaddr] [noprefixroute] [autojoin] [no_track] [preferred_lft SECONDS|forever]";

/** Undefined after an error. */
export function readAddressLine(reading: Reading, statement: Statement): AddressDraft | undefined {
  const { keyword, words, block } = statement;
  if (block !== undefined) {
    const message = "an address has no block: remove { and its }";
    reading.findings.error(block.openedAt, "brace-unexpected", message);
    return undefined;
  }
  const prefix = readPrefix(reading, keyword, "an address");
  if (prefix === undefined) return undefined;
  const { address } = prefix;
  const family = ipFamily(address);
  const options = newOptions();
  const line = new AddressOptions(reading, { ...prefix, family }, options);
  line.read(words);
  return {
    at: keyword.at,
    interface: options.interface,
    tracked: options.tracked,
    spec: spec(prefix, options),
  };
}

/** An address with none of the options. */
export const plainAddress = (prefix: Prefix, at: Position): AddressDraft => ({
  at,
  interface: undefined,
  tracked: true,
  spec: spec(prefix, newOptions()),
});

const newOptions = (): Options => ({ flags: 0, detectsDuplicates: false, tracked: true });

function spec(
  { address, length }: { address: IpAddress; length: number },
  options: Options,
): Omit<AddressSpec, "interface"> {
  const six = ipFamily(address) === 6;
  const { label, broadcast, peer } = options;
  const nodad = six && !options.detectsDuplicates ? IFA_F_NODAD : 0;
  return {
    address,
    prefixLength: length,
    scope: six ? 0 : (options.scope ?? 0),
    ...(label !== undefined && !six && { label }),
    ...(broadcast !== undefined && { broadcast }),
    ...(peer !== undefined && { peer }),
    flags: options.flags | nodad,
    protocol: DUET_PROTOCOL,
    validLifetime: "forever",
    // A host address of IPv6 would otherwise be chosen as the source of the router's own connections.
    preferredLifetime: options.preferredLifetime ?? (six && length === 128 ? 0 : "forever"),
  };
}

interface Subject {
  readonly address: IpAddress;
  readonly length: number;
  readonly family: IpFamily;
}

class AddressOptions {
  readonly #reading: Reading;
  readonly #subject: Subject;
  readonly #options: Options;

  constructor(reading: Reading, subject: Subject, options: Options) {
    this.#reading = reading;
    this.#subject = subject;
    this.#options = options;
  }

  read(words: readonly Word[]): void {
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at];
      if (word === undefined || this.#readFlag(word.text)) continue;
      const reader = VALUES.get(word.text);
      const value = words[at + 1];
      if (reader === undefined) this.#reportUnknown(word);
      else if (value === undefined) this.#reportMissing(word);
      else {
        reader(this.#reading, value, this.#options, this.#subject);
        at += 1;
      }
    }
    this.#checkLabel();
  }

  #readFlag(text: string): boolean {
    const flag = FLAGS.get(text);
    if (flag !== undefined) this.#options.flags |= flag;
    else if (text === "-nodad") this.#options.detectsDuplicates = true;
    else if (text === "no_track") this.#options.tracked = false;
    else return false;
    return true;
  }

  #reportUnknown({ text, at }: Word): void {
    if (this.#reading.findings.isFull) return;
    const known = [...VALUES.keys(), ...FLAGS.keys(), "-nodad", "no_track"];
    const hint = /^[\d.:/a-f]+$/i.test(text)
      ? "; write each address in a line of its own"
      : didYouMean(text, known);
    const message = `${quote(text)} is not an option of an address and is ignored${hint}`;
    this.#reading.findings.warn(at, "address-option", message);
  }

  #reportMissing({ text, at }: Word): void {
    this.#reading.findings.error(at, "value-missing", `${text} lacks its value`);
  }

  #checkLabel(): void {
    const { label, labelAt } = this.#options;
    if (label === undefined || labelAt === undefined) return;
    if (label.length <= INTERFACE_NAME_MAX) return;
    const message = `the label ${quote(label)} has more than ${INTERFACE_NAME_MAX} characters`;
    this.#reading.findings.error(labelAt, "label-invalid", message);
  }
}

const FLAGS: ReadonlyMap<string, number> = new Map([
  ["home", IFA_F_HOMEADDRESS],
  ["mngtmpaddr", IFA_F_MANAGETEMPADDR],
  ["noprefixroute", IFA_F_NOPREFIXROUTE],
  ["autojoin", IFA_F_MCAUTOJOIN],
]);

type ValueReader = (reading: Reading, value: Word, options: Options, subject: Subject) => void;

const VALUES: ReadonlyMap<string, ValueReader> = new Map<string, ValueReader>([
  ["dev", readDevice],
  ["brd", readBroadcast],
  ["broadcast", readBroadcast],
  ["scope", readScope],
  ["label", readLabel],
  ["peer", readPeer],
  ["preferred_lft", readPreferred],
]);

function readDevice(reading: Reading, value: Word, options: Options): void {
  const name = readInterface(reading, value);
  if (name !== undefined) options.interface = name;
}

function readBroadcast(reading: Reading, value: Word, options: Options, subject: Subject): void {
  const { findings } = reading;
  if (subject.family === 6) {
    findings.warn(value.at, "address-option", "IPv6 has no broadcast address; brd is ignored");
  } else if (value.text === "+" || value.text === "-") {
    if (subject.length > 30) {
      const message = `a network of length ${subject.length} has no broadcast address; brd is ignored`;
      findings.warn(value.at, "address-option", message);
      return;
    }
    options.broadcast = edgeOfNetwork(subject, value.text === "+");
  } else {
    const address = readAddress(reading, value, "brd");
    if (address !== undefined) options.broadcast = address;
  }
}

/** The last address of the network, all host bits set, or the first. */
function edgeOfNetwork({ address, length, family }: Subject, last: boolean): IpAddress {
  const bytes = ipBytes(address);
  for (let bit = length; bit < ipBits(family); bit += 1) {
    const mask = 0x80 >>> (bit & 7);
    const byte = bytes[bit >>> 3] ?? 0;
    bytes[bit >>> 3] = last ? byte | mask : byte & ~mask;
  }
  return ipFromBytes(bytes);
}

function readScope({ findings, names }: Reading, { text, at }: Word, options: Options): void {
  const scope = names.lookUp("scope", text);
  if (scope !== undefined) options.scope = scope;
  else {
    const known = names.known("scope");
    const message = `there is no scope ${quote(text)}; write one of ${known.join(", ")} or a number`;
    findings.error(at, "name-unknown", message);
  }
}

function readLabel(_: Reading, { text, at }: Word, options: Options): void {
  options.label = text;
  options.labelAt = at;
}

function readPeer(reading: Reading, value: Word, options: Options, { family }: Subject): void {
  const peer = readPrefix(reading, value, "peer");
  if (peer === undefined) return;
  if (ipFamily(peer.address) === family) options.peer = peer.address;
  else reading.findings.error(value.at, "address-family", "the peer is of another family");
}

function readPreferred(reading: Reading, value: Word, options: Options): void {
  if (value.text === "forever") {
    options.preferredLifetime = "forever";
    return;
  }
  const range = { min: 0, max: LIFETIME_MAX };
  const lifetime = readInteger(reading, value, "preferred_lft", range);
  if (lifetime !== undefined) options.preferredLifetime = lifetime;
}

/** Puts an address on `fallback` unless it names an interface itself. */
export function placeAddress(
  { findings }: Reading,
  { at, interface: own, tracked, spec: rest }: AddressDraft,
  fallback: string,
): VirtualAddress {
  const device = own ?? fallback;
  const { label } = rest;
  if (label !== undefined && label !== device && !label.startsWith(`${device}:`)) {
    const message = `the label ${quote(label)} does not begin with the name of its interface, as ifconfig expects: write ${device}:NAME`;
    findings.warn(at, "label-invalid", message);
  }
  return { spec: { interface: device, ...rest }, tracked };
}
