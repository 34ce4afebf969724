/** The router as configuration readers see it: its files, its interfaces, its programs and users. */
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { hostname, uptime } from "node:os";
import path from "node:path";
import type { CommandStatus, Environment, FileSource, FileText } from "../config/source.ts";
import { localAddresses } from "./local-addresses.ts";

/** No configuration is longer; a device or a log named by mistake is. */
const FILE_SIZE_MAX = 4_000_000;
/** Alternatives of one pattern, and files that it may match. */
const PATTERNS_MAX = 256;
const MATCHES_MAX = 1_024;

export const systemFiles: FileSource = { read: readText, glob };

function readText(file: string): FileText {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return { ok: false, reason: "it is not a regular file" };
    if (stat.size > FILE_SIZE_MAX) return { ok: false, reason: "it is longer than 4 MB" };
    return { ok: true, text: decode(readFileSync(file)) };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

// Old files have Latin-1 in their comments; every byte is a character then.
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  ELOOP: "its symbolic links go in a circle",
  ENOTDIR: "a part of its path is no folder",
};

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  return REASONS[code] ?? error.message;
}

/** Files that match glob(7) patterns with `{a,b}`; hidden ones only where the pattern says so. Sorted per alternative. */
function glob(pattern: string): readonly string[] {
  const matches = expandBraces(pattern).flatMap((plain) => matchPath(plain));
  return [...new Set(matches)].slice(0, MATCHES_MAX);
}

function expandBraces(pattern: string): readonly string[] {
  const done: string[] = [];
  const open = [pattern];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const match = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(next);
    if (match === null) done.unshift(next);
    else {
      const [, head = "", alternatives = "", tail = ""] = match;
      for (const alternative of alternatives.split(",")) open.push(head + alternative + tail);
    }
    if (done.length + open.length > PATTERNS_MAX) break;
  }
  return done;
}

function matchPath(pattern: string): readonly string[] {
  let folders = [pattern.startsWith("/") ? "/" : "."];
  for (const part of pattern.split("/").filter((name) => name !== "")) {
    const next = folders.flatMap((folder) => matchPart(folder, part));
    folders = next.slice(0, MATCHES_MAX);
  }
  return folders.filter((file) => kindOf(file) === "file");
}

function matchPart(folder: string, part: string): readonly string[] {
  if (!/[*?[]/.test(part)) return [path.join(folder, part)];
  const expression = patternOf(part);
  return entriesOf(folder)
    .filter((name) => expression.test(name) && name.startsWith(".") === part.startsWith("."))
    .toSorted()
    .map((name) => path.join(folder, name));
}

function patternOf(part: string): RegExp {
  const source = part.replaceAll(/\[!?[^\]]+\]|[\s\S]/g, (token) => {
    if (token === "*") return "[^/]*";
    if (token === "?") return "[^/]";
    if (token.length > 1) return token.replace("[!", "[^").replaceAll("\\", "\\\\");
    return token.replace(/[\\^$.*+?()[\]{}|/-]/, String.raw`\$&`);
  });
  try {
    return new RegExp(`^${source}$`, "s");
  } catch {
    return /^(?!)/;
  }
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function kindOf(file: string): "file" | "other" | "none" {
  try {
    return statSync(file).isFile() ? "file" : "other";
  } catch {
    return "none";
  }
}

/** This router, of which everything is known. `configId` is what `@ID` conditions compare with. */
export function systemEnvironment(options: { readonly configId?: string } = {}): Environment {
  const users = namesIn("/etc/passwd");
  const groups = namesIn("/etc/group");
  const addresses = localAddresses();
  return {
    hostName: hostname(),
    ...options,
    variables: Object.fromEntries(
      Object.entries(process.env).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      ),
    ),
    interfaces: interfaceNames(),
    ...(addresses !== undefined && { addresses }),
    commandStatus,
    userExists: (user) => users.has(user) || /^\d+$/.test(user),
    groupExists: (group) => groups.has(group) || /^\d+$/.test(group),
    uptimeSeconds: uptime(),
    randomSeed: process.pid,
  };
}

/** /proc/net/dev and not /sys/class/net: it shows this process's network namespace, whoever mounted what. */
function interfaceNames(): readonly string[] {
  const text = readFileSync("/proc/net/dev", "latin1");
  const [, , ...lines] = text.trimEnd().split("\n");
  return lines.map((line) => line.slice(0, line.lastIndexOf(":")).trim());
}

const namesIn = (file: string): ReadonlySet<string> => {
  const text = readText(file);
  return new Set(text.ok ? text.text.split("\n").map((line) => line.split(":")[0] ?? "") : []);
};

const EXECUTABLE = 0o111;
const WRITABLE_BY_OTHERS = 0o022;

function commandStatus(program: string): CommandStatus {
  const file = locate(program);
  if (file === undefined) return "missing";
  if ((statSync(file).mode & EXECUTABLE) === 0) return "not-executable";
  return isSafe(realpathSync(file)) ? "ok" : "insecure";
}

function locate(program: string): string | undefined {
  if (program.includes("/")) return kindOf(program) === "file" ? program : undefined;
  const folders = (process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin").split(":");
  return folders
    .map((folder) => path.join(folder, program))
    .find((file) => kindOf(file) === "file");
}

/** Root alone may write the file and every folder above it. */
function isSafe(file: string): boolean {
  for (let at = file; ; at = path.dirname(at)) {
    const { uid, mode } = statSync(at);
    if (uid !== 0 || (mode & WRITABLE_BY_OTHERS) !== 0) return false;
    if (at === path.dirname(at)) return true;
  }
}
