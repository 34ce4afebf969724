/** conntrackd.conf from text, without a file system. */
import { type LoadedReplication, loadConntrackdConf } from "../../src/config/conntrackd/load.ts";
import type { Environment } from "../../src/config/source.ts";
import type { ReplicationConfig } from "../../src/replication/config.ts";
import { ENVIRONMENT, filesFrom } from "./keepalived-files.ts";

export const CONNTRACKD_CONF = "/etc/conntrackd/conntrackd.conf";

export const loadReplication = (
  text: string,
  environment: Partial<Environment> = {},
  others: Readonly<Record<string, string>> = {},
): LoadedReplication =>
  loadConntrackdConf(CONNTRACKD_CONF, filesFrom({ [CONNTRACKD_CONF]: text, ...others }), {
    ...ENVIRONMENT,
    ...environment,
  });

/** A link that nothing is wrong with. */
export const UDP_LINK =
  "UDP {\nIPv4_address 127.0.0.1\nIPv4_Destination_Address 127.0.0.2\nPort 3780\nInterface lo\n}\n";

/** A complete file; the lines given come last in their sections. */
export const fileText = ({ sync = "", general = "" }): string =>
  `Sync {\nMode FTFW { }\n${UDP_LINK}${sync}\n}\nGeneral {\nUNIX { Path /nowhere/duet.ctl }\n${general}\n}\n`;

/** A file with links of its own instead of the usual one. */
export const linksText = (links: string): string =>
  `Sync {\nMode FTFW { }\n${links}\n}\nGeneral {\nUNIX { Path /nowhere/duet.ctl }\n}\n`;

/** A UDP link with `lines` added. */
export const udpText = (lines: string): string =>
  linksText(UDP_LINK.replace(/\}\n$/, `${lines}\n}\n`));

/** The configuration of a text that must be without errors. */
export function replicationOf(
  text: string,
  environment: Partial<Environment> = {},
): ReplicationConfig {
  const { config, diagnostics } = loadReplication(text, environment);
  if (config === undefined) throw new Error(JSON.stringify(diagnostics, null, 2));
  return config;
}
