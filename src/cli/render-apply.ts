/**
 * Puts files in place so that all of them change or none, and keeps what was there so that it can be had back. Every new
 * text is on the disk before the first file is replaced; a replacement that fails puts the earlier ones back.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { array, nullable, number, object, parse, string } from "valibot";
import { EXIT } from "./exit-code.ts";

export interface FileToApply {
  readonly path: string;
  readonly text: string;
  /** Permissions. */
  readonly mode: number;
}

export interface Applied {
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  /** Folder of what was there before; undefined when nothing changed. */
  readonly backup: string | undefined;
}

/** What cannot be written or had back, as a sentence. */
export class ApplyError extends Error {
  readonly exitCode: number;

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    const code = codeOf(cause);
    this.exitCode = code === "EACCES" || code === "EPERM" ? EXIT.noPermission : EXIT.usage;
  }
}

/** Some files have their new text and keep it: what was there must not be thrown away. */
class HalfDoneError extends ApplyError {}

const MANIFEST = "manifest.json";

const Manifest = object({
  files: array(
    object({
      path: string(),
      /** File in the folder that holds the former text; null where there was no file. */
      saved: nullable(string()),
      mode: number(),
      /** SHA-256 of what was written. */
      written: string(),
    }),
  ),
});

interface Change {
  /** The path as it was asked for, which may be a link. */
  readonly name: string;
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
  /** What is there; undefined where there is no file. */
  readonly before: { readonly content: Buffer; readonly mode: number } | undefined;
}

/** Writes what differs from what is there. `at` names the backup; two at the same time are told apart. */
export function applyFiles(files: readonly FileToApply[], backups: string, at: Date): Applied {
  const all = files.map(toChange);
  const changes = all.filter(isChange);
  const unchanged = all.filter((change) => !isChange(change)).map(({ name }) => name);
  if (changes.length === 0) return { written: [], unchanged, backup: undefined };
  const backup = keep(changes, backups, at);
  try {
    replaceAll(changes);
  } catch (error) {
    if (error instanceof HalfDoneError)
      throw new ApplyError(`${error.message}; it is in ${backup}`, error.cause);
    rmSync(backup, { recursive: true, force: true });
    throw error;
  }
  return { written: changes.map(({ name }) => name), unchanged, backup };
}

export interface Undone {
  readonly restored: readonly string[];
  readonly removed: readonly string[];
}

/** Puts the last backup back and removes it, unless a file was changed since. Throws ApplyError. */
export function undoLast(backups: string): Undone {
  const folder = lastBackup(backups);
  const changes = readManifest(folder).map((entry) => ({
    entry,
    current: read(entry.path)?.content,
    former: entry.saved === null ? undefined : readFileSync(path.join(folder, entry.saved)),
  }));
  const foreign = changes.filter(
    ({ entry, current, former }) =>
      digest(current) !== entry.written && digest(current) !== digest(former),
  );
  if (foreign.length > 0) {
    const list = foreign.map(({ entry }) => entry.path).join(", ");
    throw new ApplyError(
      `${list}: changed since duet render --apply, so it is left alone; the former text is in ${folder}`,
    );
  }
  const toRestore = changes.flatMap(({ entry, former }) =>
    former === undefined ? [] : [changeOf(entry.path, former, entry.mode)],
  );
  replaceAll(toRestore);
  const removed = changes
    .filter(({ former }) => former === undefined)
    .map(({ entry }) => entry.path);
  for (const file of removed) rmSync(file, { force: true });
  rmSync(folder, { recursive: true });
  return { restored: toRestore.map((change) => change.path), removed };
}

/** Writes one file at once as a whole, without a backup. */
export function writeWhole(file: FileToApply): void {
  replaceAll([toChange(file)]);
}

const toChange = ({ path: name, text, mode }: FileToApply): Change =>
  changeOf(name, Buffer.from(text), mode);

/** A file that is a link stays one: what it leads to is replaced. */
function changeOf(name: string, content: Buffer, mode: number): Change {
  const before = read(name);
  return { name, path: before === undefined ? name : realpathSync(name), content, mode, before };
}

const isChange = ({ before, content, mode }: Change): boolean =>
  before === undefined || before.mode !== mode || !before.content.equals(content);

function read(file: string): Change["before"] {
  try {
    return { content: readFileSync(file), mode: statSync(file).mode & 0o7777 };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new ApplyError(`${file} cannot be read: ${messageOf(error)}`, error);
  }
}

/** Copies what is there, and last of all the list that makes the folder a backup. */
function keep(changes: readonly Change[], backups: string, at: Date): string {
  try {
    mkdirSync(backups, { recursive: true, mode: 0o700 });
    const folder = freshFolder(backups, at.toISOString().replaceAll(":", "-"));
    const files = changes.map((change, index) => {
      const saved = change.before === undefined ? null : `${index}-${path.basename(change.path)}`;
      if (saved !== null && change.before !== undefined)
        writeDurably(path.join(folder, saved), change.before.content, 0o600);
      const mode = change.before?.mode ?? change.mode;
      return { path: change.path, saved, mode, written: digest(change.content) };
    });
    const manifest = Buffer.from(`${JSON.stringify({ files }, null, 2)}\n`);
    writeDurably(path.join(folder, MANIFEST), manifest, 0o600);
    return folder;
  } catch (error) {
    throw new ApplyError(
      `no backup can be kept in ${backups}: ${messageOf(error)}; nothing was changed`,
      error,
    );
  }
}

function freshFolder(backups: string, time: string): string {
  for (let attempt = 0; ; attempt += 1) {
    const folder = path.join(backups, attempt === 0 ? time : `${time}-${attempt}`);
    try {
      mkdirSync(folder, { mode: 0o700 });
      return folder;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }
}

function replaceAll(changes: readonly Change[]): void {
  const prepared: { readonly change: Change; readonly temporary: string }[] = [];
  const replaced: Change[] = [];
  try {
    for (const change of changes) {
      const temporary = temporaryFor(change.path);
      prepared.push({ change, temporary });
      mkdirSync(path.dirname(change.path), { recursive: true });
      writeDurably(temporary, change.content, change.mode);
    }
    for (const { change, temporary } of prepared) {
      renameSync(temporary, change.path);
      replaced.push(change);
    }
  } catch (error) {
    for (const { temporary } of prepared) rmSync(temporary, { force: true });
    const lost = replaced.filter((change) => !putBack(change)).map(({ name }) => name);
    if (lost.length > 0)
      throw new HalfDoneError(
        `${messageOf(error)}; the former text of ${lost.join(", ")} cannot be put back`,
        error,
      );
    throw new ApplyError(`${messageOf(error)}; nothing was changed`, error);
  }
}

/** False when the disk does not take it. */
function putBack({ path: file, before }: Change): boolean {
  try {
    if (before === undefined) {
      rmSync(file, { force: true });
      return true;
    }
    const temporary = temporaryFor(file);
    writeDurably(temporary, before.content, before.mode);
    renameSync(temporary, file);
    return true;
  } catch {
    return false;
  }
}

/** Hidden, so that no program takes it for one of its files. */
const temporaryFor = (file: string): string =>
  path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.duet-new`);

function writeDurably(file: string, content: Buffer, mode: number): void {
  rmSync(file, { force: true });
  const descriptor = openSync(file, "wx", mode);
  try {
    writeFileSync(descriptor, content);
    // Whatever the umask.
    fchmodSync(descriptor, mode);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function lastBackup(backups: string): string {
  const complete = foldersIn(backups).filter((name) => hasManifest(path.join(backups, name)));
  const last = complete.toSorted().at(-1);
  if (last === undefined)
    throw new ApplyError(
      `there is no backup in ${backups}: duet render --apply makes one whenever it changes a file`,
    );
  return path.join(backups, last);
}

function foldersIn(backups: string): readonly string[] {
  try {
    return readdirSync(backups);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw new ApplyError(`${backups} cannot be read: ${messageOf(error)}`, error);
  }
}

const hasManifest = (folder: string): boolean =>
  statSync(path.join(folder, MANIFEST), { throwIfNoEntry: false }) !== undefined;

function readManifest(folder: string): readonly {
  readonly path: string;
  readonly saved: string | null;
  readonly mode: number;
  readonly written: string;
}[] {
  const file = path.join(folder, MANIFEST);
  try {
    return parse(Manifest, JSON.parse(readFileSync(file, "utf8"))).files;
  } catch (error) {
    throw new ApplyError(`${file} is damaged: ${messageOf(error)}`, error);
  }
}

const digest = (content: Buffer | undefined): string =>
  content === undefined ? "" : createHash("sha256").update(content).digest("hex");

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
