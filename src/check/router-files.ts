/** The files of one router: each read by its reader, and all of them together as a picture that can be compared. */
import { type IpAddress, ipFamily } from "../base/ip.ts";
import { loadConntrackdConf } from "../config/conntrackd/load.ts";
import type { Diagnostic } from "../config/diagnostics.ts";
import { loadKeepalivedConf } from "../config/keepalived/load.ts";
import type { Environment, FileSource } from "../config/source.ts";
import type { UciFile } from "../config/uci/model.ts";
import { parseUci } from "../config/uci/parse.ts";
import { readDnsmasq } from "./files/dnsmasq.ts";
import { readNftables } from "./files/nftables.ts";
import { readSysctl, readSysupgrade } from "./files/system.ts";
import { readDhcp, readNetworks, type UciNetwork } from "./files/uci.ts";
import { readFirewall } from "./files/uci-firewall.ts";
import { checkStart, isStarted, readElection, type UciElection } from "./files/uci-keepalived.ts";
import { explained, type Finding } from "./finding.ts";
import { checkKeepalived } from "./keepalived.ts";
import {
  type Contribution,
  interfaceFor,
  type PairFacts,
  type RouterFile,
  type RouterPicture,
  virtualsOn,
} from "./picture.ts";
import { type FileKind, placeOnRouter } from "./recognition.ts";
import { compareOwn } from "./router/own-addresses.ts";

/** A file by the name that findings give it, and what it is. */
export interface GivenFile {
  readonly file: string;
  readonly kind: FileKind;
}

/** What the reader of one file has to say, about what it includes as well. */
export interface FileReading {
  readonly file: string;
  /** It and what it includes. */
  readonly files: readonly string[];
  readonly diagnostics: readonly Finding[];
}

export interface RouterReading {
  readonly picture: RouterPicture;
  /** In the order of the files. */
  readonly readings: readonly FileReading[];
  /** Beyond what the readers of single files say. */
  readonly findings: readonly Finding[];
}

interface Draft {
  picture: RouterPicture;
  readonly readings: FileReading[];
  readonly uci: UciFile[];
  /** As OpenWrt's own file describes it, and that file. */
  uciElection?: UciElection;
}

interface World {
  readonly source: FileSource;
  readonly environment: Environment;
  /** What the pair's file says of this router; its own files go before it. */
  readonly pair?: PairFacts | undefined;
}

/** Reads everything. What one file says wrong does not keep the others from being compared. */
export function readRouter(name: string, given: readonly GivenFile[], world: World): RouterReading {
  const { pair } = world;
  const picture = { ...emptyPicture(name), ...pair?.base };
  const draft: Draft = { picture, readings: [], uci: [] };
  for (const file of given) readFile(file, world, draft);
  chooseElection(draft, given, pair);
  const networks = draft.uci.flatMap((file) => readNetworks(file));
  const addresses = networks.flatMap((network) => network.addresses);
  add(draft, { ownAddresses: networks.length === 0 ? pair?.ownAddresses : addresses });
  for (const file of draft.uci) add(draft, readUci(file, networks));
  for (const { file, kind } of given) add(draft, contributionOf(draft.picture, file, kind));
  return {
    picture: withInterfaces(draft.picture),
    readings: draft.readings,
    findings: [
      ...(isPairs(draft, pair) ? [] : draft.uci.flatMap((file) => checkStart(file, draft.picture))),
      ...(pair === undefined || networks.length === 0 ? [] : compareOwn(pair, addresses)),
    ],
  };
}

/** OpenWrt's own words for an election count where no keepalived.conf was given, and before the pair's file where keepalived runs. */
function chooseElection(
  draft: Draft,
  given: readonly GivenFile[],
  pair: PairFacts | undefined,
): void {
  const { uciElection, picture, uci } = draft;
  if (uciElection === undefined || given.some(({ kind }) => kind === "keepalived")) return;
  if (pair !== undefined && !uci.every((file) => isStarted(file))) return;
  const { election, written, origin } = uciElection;
  draft.picture = {
    ...picture,
    election,
    files: [...picture.files, written],
    origins: { [written.file]: origin },
  };
}

/** Whether the pair's file says how this router elects: what keepalived would do is of no interest then. */
const isPairs = ({ picture }: Draft, pair: PairFacts | undefined): boolean =>
  picture.election !== undefined && picture.election === pair?.base.election;

const emptyPicture = (name: string): RouterPicture => ({
  name,
  files: [],
  election: undefined,
  origins: {},
  replicationFile: undefined,
  replication: undefined,
  ownAddresses: [],
  dhcp: [],
  knowsDhcp: false,
  leases: [],
  translations: [],
  inputs: [],
  firewall: [],
  sysctls: {},
  kept: undefined,
});

function readFile({ file, kind }: GivenFile, world: World, draft: Draft): void {
  const { diagnostics, findings = [], files } = readByKind(file, kind, world, draft);
  const explanations = diagnostics.map((diagnostic) => explained(diagnostic, HEADINGS[kind]));
  draft.readings.push({ file, files, diagnostics: [...explanations, ...findings] });
  const texts = files.flatMap((path): readonly RouterFile[] => {
    const content = world.source.read(path);
    if (!content.ok) return [];
    const place = path === file ? placeOnRouter(path, kind) : undefined;
    const { text } = content;
    return [{ file: path, place, text, lines: text.split("\n") }];
  });
  draft.picture = { ...draft.picture, files: [...draft.picture.files, ...texts] };
}

/** Where the catalogue has the codes of a reader. */
const HEADINGS: Readonly<Partial<Record<FileKind, string>>> = {
  keepalived: "keepalived.conf",
  conntrackd: "conntrackd.conf",
  uci: "OpenWrt's files",
};

interface Read {
  readonly files: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  /** Those that have their reasons already. */
  readonly findings?: readonly Finding[];
}

function readByKind(file: string, kind: FileKind, world: World, draft: Draft): Read {
  if (kind === "keepalived") {
    const loaded = loadKeepalivedConf(file, world.source, world.environment);
    const { model, files } = loaded;
    if (model !== undefined) draft.picture = { ...draft.picture, election: { model, file } };
    return { files, diagnostics: [...loaded.diagnostics, ...checkKeepalived(loaded)] };
  }
  if (kind === "conntrackd") {
    const loaded = loadConntrackdConf(file, world.source, world.environment);
    const { config, files, diagnostics } = loaded;
    const replication = config === undefined ? undefined : { config, file };
    draft.picture = { ...draft.picture, replicationFile: file, replication };
    return { files, diagnostics };
  }
  const content = world.source.read(file);
  if (!content.ok) return { files: [file], diagnostics: [unreadable(file, content.reason)] };
  if (kind !== "uci") return { files: [file], diagnostics: [] };
  const uci = parseUci(file, content.text);
  // With an error it is not certain what belongs to which section.
  if (uci.diagnostics.length > 0) return { files: [file], diagnostics: uci.diagnostics };
  draft.uci.push(uci);
  return { files: [file], diagnostics: [], findings: readUciElection(uci, world, draft) };
}

function readUciElection(uci: UciFile, world: World, draft: Draft): readonly Finding[] {
  const read = readElection(uci, world.environment);
  if (read === undefined) return [];
  draft.uciElection = read;
  return read.findings;
}

const unreadable = (file: string, reason: string): Diagnostic => ({
  at: { file, line: 1, column: 1 },
  severity: "error",
  code: "file-unreadable",
  message: `the file cannot be read: ${reason}`,
});

/** Sections tell what they are about; the name of the file does not matter. */
function readUci(file: UciFile, networks: readonly UciNetwork[]): Contribution {
  const has = (...types: readonly string[]): boolean =>
    file.sections.some(({ type }) => types.includes(type));
  return {
    ...(has("dhcp", "dnsmasq", "host") ? readDhcp(file, networks) : {}),
    ...(has("zone", "defaults") ? readFirewall(file, networks) : {}),
  };
}

function contributionOf(picture: RouterPicture, file: string, kind: FileKind): Contribution {
  const text = picture.files.find((entry) => entry.file === file)?.text;
  if (text === undefined) return {};
  switch (kind) {
    case "dnsmasq":
      return readDnsmasq(file, text, (address) => interfaceFor(picture, address));
    case "nftables":
      return readNftables(file, text);
    case "sysctl":
      return readSysctl(file, text);
    case "sysupgrade":
      return readSysupgrade(file, text);
    case "keepalived":
    case "conntrackd":
    case "uci":
    case "script":
      return {};
  }
}

function add(draft: Draft, more: Contribution): void {
  const { picture } = draft;
  draft.picture = {
    ...picture,
    ownAddresses: [...picture.ownAddresses, ...(more.ownAddresses ?? [])],
    dhcp: [...picture.dhcp, ...(more.dhcp ?? [])],
    knowsDhcp: picture.knowsDhcp || more.dhcp !== undefined,
    leases: [...picture.leases, ...(more.leases ?? [])],
    translations: [...picture.translations, ...(more.translations ?? [])],
    inputs: [...picture.inputs, ...(more.inputs ?? [])],
    firewall: [...picture.firewall, ...(more.firewall ?? [])],
    sysctls: { ...picture.sysctls, ...more.sysctls },
    kept: more.kept ?? picture.kept,
  };
}

/** A network whose interface no file gives has the one of its name, or the bridge of its name, where that has virtual addresses. */
function withInterfaces(picture: RouterPicture): RouterPicture {
  const guess = (label: string, options: readonly IpAddress[]): string | undefined =>
    [label, `br-${label}`].find((device) => virtualsOn(picture, device, 4).length > 0) ??
    options
      .filter((address) => ipFamily(address) === 4)
      .flatMap((address) => interfaceFor(picture, address) ?? [])
      .at(0);
  const dhcp = picture.dhcp.map((service) => {
    const addresses = service.options.flatMap((option) => option.addresses);
    return { ...service, interface: service.interface ?? guess(service.label, addresses) };
  });
  return { ...picture, dhcp };
}
