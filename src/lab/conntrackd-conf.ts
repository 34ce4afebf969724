/** conntrackd.conf for two routers on one machine. */
import path from "node:path";
import type { RouterName } from "./topology.ts";

/** Files that a router of the lab has to itself, as the two would share those of the machine. */
const OWN_FILES: readonly (readonly [clause: RegExp, file: string])[] = [
  [/^(\s*LockFile\s+).*$/gm, "conntrackd.lock"],
  [/^(\s*Path\s+).*$/gm, "conntrackd.ctl"],
  [/^(\s*LogFile\s+).*$/gm, "conntrackd.log"],
];

const SYSLOG = /^(\s*Syslog\s+).*$/gm;
const LINK = /^[ \t]*(UDP|TCP)(\s+Default)?\s*\{[^}]*\}/gm;
const ADDRESS = /^(\s*IPv[46]_)([aA]ddress|Destination_Address)(\s+[^\s#]+)/gm;

/**
 * The text that `router` runs on when `text` is written for alpha: beta has the two ends of every dedicated link the other
 * way round, and both keep their socket, lock and log in `folder`. Everything else stays as it is.
 */
export function conntrackdConf(text: string, router: RouterName, folder: string): string {
  const own = OWN_FILES.reduce(
    (changed, [clause, file]) => changed.replaceAll(clause, `$1${path.join(folder, file)}`),
    text.replaceAll(SYSLOG, "$1off"),
  );
  return router === "alpha" ? own : own.replaceAll(LINK, turnRound);
}

const turnRound = (link: string): string =>
  link.replaceAll(ADDRESS, (_, before: string, end: string, address: string) => {
    const other = end === "Destination_Address" ? "address" : "Destination_Address";
    return `${before}${other}${address}`;
  });
