/** What surrounds the daemon: rules, modules, other programs, what an upgrade keeps. Reads only. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { ProgramSeen, RulesetSeen } from "../../check/doctor/snapshot.ts";
import type { Gaps } from "./gaps.ts";

const run = promisify(execFile);

const NFT_TIMEOUT_MS = 20_000;
/** Rulesets with large sets of addresses are long. */
const NFT_OUTPUT_MAX: number = 256 * 1024 * 1024;
const RULES = "the rules of the packet filter";

/** Null where nft is missing, lacks JSON, or is not permitted to look. */
export async function readRules(gaps: Gaps): Promise<RulesetSeen | null> {
  try {
    const [json, listing] = [
      await nft("-j", "list", "ruleset"),
      await nft("-a", "list", "ruleset"),
    ];
    return { json: JSON.parse(json) as unknown, listing };
  } catch (error) {
    const { code, stderr = "", message } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT") {
      gaps.add(
        RULES,
        "nft is not installed",
        "apt install nftables (OpenWrt: opkg install nftables-json)",
      );
      return null;
    }
    const reason = (stderr === "" ? message : stderr).trim().split("\n")[0] ?? "";
    const advice = /json/i.test(reason) ? "opkg install nftables-json" : "run duet doctor as root";
    gaps.add(RULES, `nft list ruleset failed: ${reason}`, advice);
    return null;
  }
}

async function nft(...words: readonly string[]): Promise<string> {
  // The PATH of ordinary users often ends before it.
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  const options = { timeout: NFT_TIMEOUT_MS, maxBuffer: NFT_OUTPUT_MAX, env };
  return (await run("nft", words, options)).stdout;
}

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

/** Undefined where the file is not there. */
const readOptional = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, "utf8") : undefined;

/** Tables of the older iptables, which nft does not list. */
export function readLegacyTables(gaps: Gaps): readonly string[] {
  const files = ["/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"];
  const tables = files.flatMap((file) =>
    lines(gaps.attempt("the tables of iptables-legacy", () => readOptional(file), undefined) ?? ""),
  );
  if (tables.length > 0)
    gaps.add(
      `rules of iptables-legacy (${[...new Set(tables)].join(", ")})`,
      "nft does not show them",
      "iptables-legacy-save and ip6tables-legacy-save list them; move them to nftables",
    );
  return tables;
}

/** Loaded and built in; null where neither list is there. */
export function readModules(gaps: Gaps): readonly string[] | null {
  const builtin = path.join("/lib/modules", os.release(), "modules.builtin");
  const read = (file: string): string | undefined =>
    gaps.attempt("kernel modules", () => readOptional(file), undefined);
  const [loaded, fixed] = [read("/proc/modules"), read(builtin)];
  if (loaded === undefined && fixed === undefined) {
    gaps.add("kernel modules", "there is no /proc/modules", "lsmod on the router itself");
    return null;
  }
  const names = lines(loaded ?? "").map((line) => line.split(" ")[0] ?? "");
  const built = lines(fixed ?? "").map((file) => path.basename(file).replace(/\.ko.*$/, ""));
  return [...names, ...built].map((name) => name.replaceAll("-", "_"));
}

const SYSUPGRADE = "/etc/sysupgrade.conf";
const KEEP_FOLDER = "/lib/upgrade/keep.d";

/** Null on systems without sysupgrade. */
export function readKeptPaths(gaps: Gaps): readonly string[] | null {
  return gaps.attempt(
    "what a system upgrade keeps",
    () => {
      if (!existsSync(SYSUPGRADE)) return null;
      const folder = existsSync(KEEP_FOLDER) ? readdirSync(KEEP_FOLDER) : [];
      const files = [SYSUPGRADE, ...folder.map((name) => path.join(KEEP_FOLDER, name))];
      return files
        .flatMap((file) => lines(readFileSync(file, "utf8")))
        .map((line) => line.trim())
        .filter((line) => line.startsWith("/"));
    },
    null,
  );
}

const OTHERS: ReadonlySet<string> = new Set(["keepalived", "conntrackd"]);

/** The first process of each of the programs in this network namespace. */
export function findPrograms(gaps: Gaps): readonly ProgramSeen[] {
  const own = readlinkSync("/proc/self/ns/net");
  const found = new Map<string, number>();
  let hidden = 0;
  for (const pid of readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)) {
    const name = inspect(`/proc/${pid}/comm`, (file) => readFileSync(file, "utf8").trim());
    if (name === undefined || !OTHERS.has(name) || found.has(name)) continue;
    const namespace = inspect(`/proc/${pid}/ns/net`, (file) => readlinkSync(file));
    if (namespace === own) found.set(name, pid);
    else if (namespace === HIDDEN) hidden += 1;
  }
  if (hidden > 0)
    gaps.add(
      `whether ${hidden} process of keepalived or conntrackd belongs to this router`,
      "the network namespaces of other users' processes are hidden",
      "run duet doctor as root",
    );
  return [...found].map(([name, pid]) => ({ name, pid }));
}

const HIDDEN = "hidden";

/** Undefined when the process has ended meanwhile. */
function inspect(file: string, read: (file: string) => string): string | undefined {
  try {
    return read(file);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    return code === "EACCES" || code === "EPERM" ? HIDDEN : undefined;
  }
}
