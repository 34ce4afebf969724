/** What the lab needs of the machine, and what to say when it is not there. */
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { EXIT, LabError } from "./lab-error.ts";

/** Programs that every lab runs, and the Debian package of each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ip: "iproute2",
  bridge: "iproute2",
  nft: "nftables",
  setpriv: "util-linux",
  unshare: "util-linux",
};

/** Where ip and nft are, and an ordinary user's PATH often is not. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"] as const;

/** `searchPath` (the PATH variable) with the folders of system programs at its end. */
export function withSystemFolders(searchPath: string): string {
  const folders = searchPath.split(path.delimiter).filter((folder) => folder !== "");
  return [...new Set([...folders, ...SYSTEM_FOLDERS])].join(path.delimiter);
}

/** Debian packages of the programs that `searchPath` lacks. */
export function missingPackages(searchPath: string): string[] {
  const missing = Object.keys(PROGRAMS).filter((program) => !isInPath(program, searchPath));
  return [...new Set(missing.map((program) => PROGRAMS[program] ?? program))];
}

/** Makes system programs reachable for this process and its children. Throws LabError when one is not installed. */
export function requirePrograms(extra: readonly string[]): void {
  const searchPath = withSystemFolders(process.env["PATH"] ?? "");
  process.env["PATH"] = searchPath;
  const packages = missingPackages(searchPath);
  if (packages.length > 0)
    throw new LabError(
      `the lab needs programs that are not installed: apt-get install ${packages.join(" ")}`,
      EXIT.usage,
    );
  const unknown = extra.filter((program) => !isInPath(program, searchPath));
  if (unknown.length > 0)
    throw new LabError(`${unknown.join(" and ")} cannot be found in ${searchPath}`, EXIT.usage);
}

export const isRoot = (): boolean => process.getuid?.() === 0;

function isInPath(program: string, searchPath: string): boolean {
  return searchPath.split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
