/**
 * What the configuration readers may ask of the world. They are pure: whoever calls them says how a file is read and
 * what is known of this router, so that the same file can be checked for another one.
 */
import type { IpAddress } from "../base/ip.ts";

export type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

export interface FileSource {
  /** The whole text of the file, without a byte order mark. `reason` completes "cannot be read: …". */
  read(path: string): FileText;
  /** Files that match an absolute glob pattern (with `{a,b}` alternatives), sorted; the pattern itself is no match. */
  glob(pattern: string): readonly string[];
}

/**
 * A program as the router sees it: "missing", "not-executable", or "insecure" when someone other than root may change
 * it or replace it.
 */
export type CommandStatus = "ok" | "missing" | "not-executable" | "insecure";

export interface Environment {
  /** As gethostname(2) gives it. */
  readonly hostName: string;
  /** What `@ID` conditions compare with; the host name up to its first dot when undefined (keepalived's `-i`). */
  readonly configId?: string;
  /** Environment variables for `${_ENV NAME}`. */
  readonly variables: Readonly<Record<string, string>>;
  /** Interfaces of this router, or undefined when they are not known: nothing is said about them then. */
  readonly interfaces?: readonly string[];
  /** Addresses that a socket of this router can be bound to, or undefined when they are not known. */
  readonly addresses?: readonly IpAddress[];
  /** Undefined when the file is checked for another router. A word without a slash is looked up in PATH. */
  readonly commandStatus?: (program: string) => CommandStatus;
  readonly userExists?: (user: string) => boolean;
  readonly groupExists?: (group: string) => boolean;
  /** Seconds since boot, for `vrrp_delay_after_boot`. */
  readonly uptimeSeconds?: number;
  /** Seed of `${_RANDOM}`, which is the same sequence for the same seed. */
  readonly randomSeed?: number;
}

/** The config id that `@ID` conditions are compared with. */
export const configIdOf = ({ configId, hostName }: Environment): string =>
  configId ?? hostName.split(".")[0] ?? hostName;
