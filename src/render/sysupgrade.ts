/** What OpenWrt's sysupgrade must keep for the pair to work after it, one path a line. */
import { routersOf } from "../config/pair/ends.ts";
import type { PairConfig } from "../config/pair/model.ts";
import { PAIR_FOLDER, PATHS } from "./paths.ts";

/** The part of /etc/sysupgrade.conf between its two marks; the rest of the file belongs to others. */
export function renderSysupgrade(pair: PairConfig, node: string): string {
  routersOf(pair, node);
  return `${[SYSUPGRADE_BEGIN, ...keptPaths(pair), SYSUPGRADE_END].join("\n")}\n`;
}

export const SYSUPGRADE_BEGIN = "# duet: begin";
export const SYSUPGRADE_END = "# duet: end";

/** Sorted, each once. Files below the pair's own folder come with it. */
function keptPaths(pair: PairConfig): readonly string[] {
  const { secretFile, hooks, tracking, replication, networks } = pair;
  const commands = [hooks.active, hooks.backup, hooks.fault, hooks.stop].concat(
    tracking.checks.map((check) => (check.type === "script" ? check.command : undefined)),
  );
  const programs = commands.map((argv) => argv?.[0]).filter((word) => word !== undefined);
  const files = [
    PATHS.keepalived,
    PATHS.sysctl,
    ...(replication === undefined ? [] : [PATHS.conntrackd]),
    ...(networks.some(({ dhcp }) => dhcp !== undefined) ? [PATHS.dnsmasq] : []),
    ...(secretFile === undefined ? [] : [secretFile]),
    ...programs.filter((program) => /^\/(etc|root|usr\/local)\//.test(program)),
  ];
  const outside = files.filter((path) => !path.startsWith(PAIR_FOLDER));
  return [PAIR_FOLDER, ...new Set(outside)].toSorted();
}
