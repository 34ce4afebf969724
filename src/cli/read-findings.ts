import type { Diagnostic } from "../config/diagnostics.ts";
import { loadConfiguration } from "../daemon/configuration.ts";

/** Everything that is to be said about a keepalived.conf as the daemon would read it on this router. */
export function readFindings(file: string, configId: string | undefined): readonly Diagnostic[] {
  return loadConfiguration({ keepalived: file, configId: configId ?? null }).diagnostics;
}
