/** Which files belong to which router: by the options, or by the folders they lie in. */
import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { type FileKind, recogniseFile } from "../check/recognition.ts";
import type { GivenFile } from "../check/router-files.ts";
import { systemFiles } from "../daemon/config-files.ts";

/** The files of one router. `isNamed`: somebody said that they are, so nothing of this machine is assumed about them. */
export interface RouterFiles {
  readonly name: string;
  readonly files: readonly GivenFile[];
  readonly isNamed: boolean;
}

/** Kinds of which a router has one file. */
const SINGLE: ReadonlySet<FileKind> = new Set(["keepalived", "conntrackd", "sysupgrade"]);

/** A file that cannot be read has its name only. */
export function fileKind(file: string): FileKind {
  const content = systemFiles.read(path.resolve(file));
  if (content.ok) return recogniseFile(file, content.text);
  return path.basename(file).startsWith("conntrackd") ? "conntrackd" : "keepalived";
}

/** Folders in which the files of one router usually lie side by side. */
const INNER =
  /(?:^|\/)(?:etc|config|keepalived|conntrackd|sysctl\.d|dnsmasq\.d|nftables\.d|init\.d|hotplug\.d)$/;

/** The folder that holds everything of one router. */
function rootOf(file: string): string {
  let folder = path.dirname(path.resolve(file));
  while (INNER.test(folder)) folder = path.dirname(folder);
  return folder;
}

/** Files by the router they seem to belong to: those below one folder, unless that has two of a kind. */
export function groupFiles(given: readonly GivenFile[]): readonly RouterFiles[] {
  const roots = new Map<string, GivenFile[]>();
  for (const file of given) {
    const root = rootOf(file.file);
    const files = roots.get(root) ?? [];
    files.push(file);
    roots.set(root, files);
  }
  const groups = [...roots].flatMap(([root, files]) => split(path.basename(root), files));
  const names = groups.map(({ name }) => name);
  const isClear = new Set(names).size === names.length && names.every((name) => name !== "");
  return isClear ? groups : groups.map((group) => rename(group));
}

function rename({ files, isNamed }: RouterFiles): RouterFiles {
  return { name: files[0]?.file ?? "", files, isNamed };
}

function split(name: string, files: readonly GivenFile[]): readonly RouterFiles[] {
  const counts = new Map<string, number>();
  const routers: GivenFile[][] = [];
  for (const file of files) {
    const key = file.kind === "uci" ? `uci ${path.basename(file.file)}` : file.kind;
    const index = counts.get(key) ?? 0;
    if (SINGLE.has(file.kind) || file.kind === "uci") counts.set(key, index + 1);
    (routers[index] ??= []).push(file);
  }
  if (routers.length < 2) return [{ name, files, isNamed: false }];
  return routers.map((own) => ({
    name: path.parse(own[0]?.file ?? "").name,
    files: own,
    isNamed: false,
  }));
}

const FILES_MAX = 200;
const DEPTH_MAX = 5;
const KNOWN =
  /(?:^|\/)(?:keepalived\.conf|conntrackd\.conf|dnsmasq\.conf|nftables\.conf|sysupgrade\.conf|sysctl\.conf|sysctl\.d\/[^/]+\.conf|config\/(?:network|dhcp|firewall|keepalived)|hotplug\.d\/keepalived\/[^/]+|keepalived\.user|[^/]+\.nft|[^/]+\.sh)$/;
/** OpenWrt's files, where the folder given is the one that holds them. */
const INSIDE = /^(?:network|dhcp|firewall|keepalived)$/;
/** Programs of the system, which have such names, too. */
const SYSTEMS = /(?:^|\/)(?:default|init\.d|profile\.d|rc\d?\.d|uci-defaults)\//;

function isKnown(place: string, file: string): boolean {
  const inside = path.relative(place, file);
  return INSIDE.test(inside) || (KNOWN.test(inside) && !SYSTEMS.test(inside));
}

/** Reads NAME=FOLDER or NAME=FILE. The files that are known by their names, sorted; or what is wrong, as a sentence. */
export function routerFromOption(text: string): RouterFiles | string {
  const equals = text.indexOf("=");
  const [name, place] = [text.slice(0, Math.max(equals, 0)), text.slice(equals + 1)];
  if (name === "" || place === "") return `--router needs NAME=FOLDER, and not ${text}`;
  const found = findFiles(place);
  if (typeof found === "string") return `--router ${text}: ${found}`;
  const files = found.map((file) => ({ file, kind: fileKind(file) }));
  return { name, files, isNamed: true };
}

/** A folder is a router that has its name. */
export const isFolder = (file: string): boolean =>
  statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;

/** `folder` as if it had been given with its name by `--router`. */
export const routerFromFolder = (folder: string): RouterFiles | string =>
  routerFromOption(`${path.basename(path.resolve(folder))}=${folder}`);

function findFiles(place: string): readonly string[] | string {
  const stat = statSync(place, { throwIfNoEntry: false });
  if (stat === undefined) return `there is no ${place}`;
  if (stat.isFile()) return [place];
  const files = listFolder(place, 0).filter((file) => isKnown(place, file));
  if (files.length > 0) return files.slice(0, FILES_MAX);
  return `${place} has no file of a router: keepalived.conf, conntrackd.conf, etc/config/dhcp and the like are looked for`;
}

function listFolder(folder: string, depth: number): readonly string[] {
  if (depth > DEPTH_MAX) return [];
  let entries: readonly { readonly name: string; isDirectory(): boolean; isFile(): boolean }[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return listFolder(file, depth + 1);
      return entry.isFile() ? [file] : [];
    });
}
