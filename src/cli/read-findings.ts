import { checkKeepalived } from "../check/keepalived.ts";
import type { Diagnostic } from "../config/diagnostics.ts";
import { loadConfiguration } from "../daemon/configuration.ts";

/** Everything that is to be said about a keepalived.conf as the daemon would read it on this router. */
export function readFindings(file: string, configId: string | undefined): readonly Diagnostic[] {
  const loaded = loadConfiguration({
    keepalived: file,
    conntrackd: null,
    configId: configId ?? null,
  });
  return [...loaded.diagnostics, ...checkKeepalived(loaded)];
}
