/** What OpenWrt's sysupgrade must keep for the pair to work after it, one path a line. */
import { routersOf } from "../config/pair/ends.ts";
import type { PairConfig } from "../config/pair/model.ts";
import { PAIR_FOLDER, PATHS } from "./paths.ts";

/** The part of /etc/sysupgrade.conf between its two marks; the rest of the file belongs to others. */
export function renderSysupgrade(pair: PairConfig, node: string): string {
  routersOf(pair, node);
  return `${[BEGIN, ...keptPaths(pair), END].join("\n")}\n`;
}

const BEGIN = "# duet: begin";
const END = "# duet: end";

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

/** `file` with `part` in place of what stands between the marks, or at the end; without the second mark, up to the end. */
export function mergeSysupgrade(file: string, part: string): string {
  const lines = file.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const find = (mark: string): number => lines.findIndex((line) => line.trim() === mark);
  const [begin, end] = [find(BEGIN), find(END)];
  if (begin < 0) return file === "" || file.endsWith("\n") ? file + part : `${file}\n${part}`;
  const rest = end < begin ? [] : lines.slice(end + 1);
  return [...lines.slice(0, begin), part, ...rest].join("");
}
