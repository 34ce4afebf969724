/**
 * What the files of one router say, whatever they are written in: the common ground on which files are compared with each
 * other and with those of the other router.
 */
import type { IpAddress, IpFamily, Prefix } from "../base/ip.ts";
import { ipFamily, prefixContains } from "../base/ip.ts";
import type { Position } from "../config/diagnostics.ts";
import type { Model } from "../config/model.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import type { InstanceConfig } from "../vrrp/config.ts";

/** A value and where it stands. */
export interface Placed<T> {
  readonly value: T;
  readonly at: Position;
}

/** The own address of a router on an interface. */
export interface OwnAddress {
  readonly interface: string;
  readonly prefix: Prefix;
  readonly at: Position;
}

/** DHCP for one network. */
export interface DhcpService {
  /** Linux name; undefined when the file does not say. */
  readonly interface: string | undefined;
  /** The network as its file calls it. */
  readonly label: string;
  readonly at: Position;
  /** OpenWrt's `force`; undefined where there is no such thing. */
  readonly forced: boolean | undefined;
  /** Options 3 (gateway) and 6 (name server). */
  readonly options: readonly DhcpOption[];
  readonly pool: DhcpPool | undefined;
  /** How an option is written in this file. */
  readonly writeOption: (number: number, address: IpAddress) => string;
}

export interface DhcpOption {
  readonly number: number;
  readonly addresses: readonly IpAddress[];
  readonly at: Position;
}

export interface DhcpPool {
  readonly first: IpAddress;
  readonly last: IpAddress;
  readonly at: Position;
}

export interface StaticLease {
  readonly name: string | undefined;
  /** Lower case; several for one host. */
  readonly macs: readonly string[];
  readonly address: IpAddress | undefined;
  readonly at: Position;
  /** As it stands in its file, on one line. */
  readonly written: string;
}

/** Source translation of what leaves through an interface (undefined: any). */
export interface Translation {
  readonly interface: string | undefined;
  /** The zone in /etc/config/firewall that it belongs to; undefined in other firewalls. */
  readonly zone: string | undefined;
  /** Undefined: masquerading, which takes the first address of the interface. */
  readonly address: IpAddress | undefined;
  /** Undefined: both. */
  readonly family: IpFamily | undefined;
  readonly at: Position;
}

/** What the firewall does with packets to the router itself. */
export interface InputFilter {
  readonly kind: "uci" | "nftables";
  readonly interfaces: readonly string[];
  readonly label: string;
  /** The zone in /etc/config/firewall; undefined for the default and for other firewalls. */
  readonly zone: string | undefined;
  readonly accepts: boolean;
  readonly rules: readonly AcceptRule[];
  readonly at: Position;
}

/** Without protocols: all; without ports: all; without devices: all. */
export interface AcceptRule {
  readonly devices: readonly string[];
  readonly protocols: readonly string[];
  readonly ports: readonly (readonly [first: number, last: number])[];
}

/** A section or rule of the firewall as one line that can be compared. */
export interface FirewallRule {
  readonly text: string;
  readonly at: Position;
}

/** A file that was given, and where it lies on the router, as far as its name tells. */
export interface RouterFile {
  readonly file: string;
  readonly place: string | undefined;
  readonly text: string;
  readonly lines: readonly string[];
}

export interface RouterPicture {
  readonly name: string;
  readonly files: readonly RouterFile[];
  readonly election: { readonly model: Model; readonly file: string } | undefined;
  /** Among the files those that were made of another one here, with the place where each of their lines comes from. */
  readonly origins: Readonly<Record<string, readonly Position[]>>;
  /** The conntrackd.conf, even when it has errors. */
  readonly replicationFile: string | undefined;
  readonly replication: { readonly config: ReplicationConfig; readonly file: string } | undefined;
  readonly ownAddresses: readonly OwnAddress[];
  readonly dhcp: readonly DhcpService[];
  /** True when a file about DHCP was given, whatever it says. */
  readonly knowsDhcp: boolean;
  readonly leases: readonly StaticLease[];
  readonly translations: readonly Translation[];
  readonly inputs: readonly InputFilter[];
  readonly firewall: readonly FirewallRule[];
  readonly sysctls: Readonly<Record<string, Placed<string>>>;
  /** Paths of sysupgrade.conf; undefined when it was not given. */
  readonly kept: { readonly paths: readonly string[]; readonly at: Position } | undefined;
}

/** What the pair's file says of a router. */
export interface PairFacts {
  readonly base: Pick<RouterPicture, "election" | "replication" | "files">;
  readonly ownAddresses: readonly OwnAddress[];
}

/** What one file contributes to the picture. */
export type Contribution = {
  readonly [Part in
    | "ownAddresses"
    | "dhcp"
    | "leases"
    | "translations"
    | "inputs"
    | "firewall"
    | "sysctls"
    | "kept"]?: RouterPicture[Part] | undefined;
};

export interface VirtualOn {
  readonly instance: InstanceConfig;
  readonly prefix: Prefix;
}

/** Every virtual address with its instance, advertised or not. */
export const virtualsOf = ({ election }: RouterPicture): readonly VirtualOn[] =>
  (election?.model.vrrp.instances ?? []).flatMap((instance) =>
    [...instance.addresses, ...instance.excluded].map(({ spec }) => ({
      instance,
      prefix: { address: spec.address, length: spec.prefixLength },
    })),
  );

/** The virtual addresses of one interface. */
export const virtualsOn = (
  picture: RouterPicture,
  device: string,
  family: IpFamily,
): readonly IpAddress[] =>
  virtualsOf(picture)
    .filter(({ instance }) => instance.interface === device)
    .map(({ prefix }) => prefix.address)
    .filter((address) => ipFamily(address) === family);

/** The networks of an interface: those of its own addresses, or those of its virtual ones when these are not known. */
export function networksOn(picture: RouterPicture, device: string): readonly Prefix[] {
  const own = picture.ownAddresses.filter((entry) => entry.interface === device);
  if (own.length > 0) return own.map(({ prefix }) => prefix);
  return virtualsOf(picture)
    .filter(({ instance }) => instance.interface === device)
    .map(({ prefix }) => prefix);
}

/** The interface in whose network `address` lies. */
export const interfaceFor = (picture: RouterPicture, address: IpAddress): string | undefined =>
  devicesOf(picture).find((device) =>
    networksOn(picture, device).some((prefix) => prefixContains(prefix, address)),
  );

const devicesOf = (picture: RouterPicture): readonly string[] => [
  ...new Set([
    ...picture.ownAddresses.map((entry) => entry.interface),
    ...virtualsOf(picture).map(({ instance }) => instance.interface),
  ]),
];

/** The first place after `from` in its file where `pattern` matches, or `from` itself. */
export function placeOf(picture: RouterPicture, from: Position, pattern: RegExp): Position {
  const lines = picture.files.find(({ file }) => file === from.file)?.lines ?? [];
  for (let index = from.line - 1; index < lines.length; index += 1) {
    const line = withoutComment(lines[index] ?? "");
    const match = pattern.exec(line);
    const [whole = ""] = match ?? [];
    const blanks = whole.length - whole.trimStart().length;
    if (match !== null)
      return { file: from.file, line: index + 1, column: match.index + blanks + 1 };
  }
  return from;
}

/** As placeOf, among the lines of the block that begins at `from`: up to the first line that begins with a brace. */
export function placeInBlock(picture: RouterPicture, from: Position, pattern: RegExp): Position {
  const place = placeOf(picture, from, pattern);
  const end = placeOf(picture, from, /^\}/);
  return place.line < end.line || end.line === from.line ? place : from;
}

const withoutComment = (line: string): string => /^[^#!]*/.exec(line)?.[0] ?? "";

/** Where a block of the router's keepalived.conf begins, or the first line of the file. */
export function blockAt({ election }: RouterPicture, name: string): Position {
  const positions = election?.model.positions ?? {};
  const at = Object.hasOwn(positions, name) ? positions[name] : undefined;
  return at ?? { file: election?.file ?? "", line: 1, column: 1 };
}

/** A word that is not part of a longer one. */
export const word = (text: string): RegExp =>
  new RegExp(
    String.raw`(?<![\w.:])${text.replaceAll(/[.*+?^$(){}|[\]\\]/g, String.raw`\$&`)}(?![\w.:])`,
  );
