import path from "node:path";
import { checkKeepalived } from "../check/keepalived.ts";
import { type ConfigurationKind, recogniseConfiguration } from "../check/recognition.ts";
import type { Diagnostic } from "../config/diagnostics.ts";
import { systemFiles } from "../daemon/config-files.ts";
import { loadConfiguration } from "../daemon/configuration.ts";

export interface ReadOptions {
  readonly configId?: string | null;
  /** By the content of the file unless given. */
  readonly kind?: ConfigurationKind;
}

/** Everything that is to be said about a configuration as the daemon would read it on this router. */
export function readFindings(
  file: string,
  { configId = null, kind = kindOf(file) }: ReadOptions,
): readonly Diagnostic[] {
  if (kind === "conntrackd")
    return loadConfiguration({ keepalived: null, conntrackd: file, configId }).diagnostics;
  const loaded = loadConfiguration({ keepalived: file, conntrackd: null, configId });
  return [...loaded.diagnostics, ...checkKeepalived(loaded)];
}

/** A file that cannot be read has its name only. */
function kindOf(file: string): ConfigurationKind {
  const content = systemFiles.read(path.resolve(file));
  if (content.ok) return recogniseConfiguration(content.text);
  return path.basename(file).startsWith("conntrackd") ? "conntrackd" : "keepalived";
}
