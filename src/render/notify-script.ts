/**
 * The script that keepalived calls when the role changes, for conntrackd(8): what Duet does by itself. POSIX sh. The
 * pair's own command comes behind the state in keepalived.conf and runs last.
 */
import { routersOf } from "../config/pair/ends.ts";
import type { PairConfig } from "../config/pair/model.ts";
import { heading } from "./heading.ts";
import { PATHS } from "./paths.ts";

/** The script, for mode 0755. Without replication it only runs the command. */
export function renderNotifyScript(pair: PairConfig, node: string): string {
  routersOf(pair, node);
  const commands = pair.replication === undefined ? WITHOUT_REPLICATION : WITH_REPLICATION;
  return `#!/bin/sh
${heading(pair, node, ["Called as: notify.sh active|backup|fault [COMMAND [ARGUMENT...]]"]).join("\n")}

${commands}
if [ $# -gt 0 ]; then
    exec "$@"
fi
`;
}

const WITHOUT_REPLICATION = `case "\${1-}" in
active | backup | fault) ;;
*)
    echo "usage: $0 active|backup|fault [COMMAND [ARGUMENT...]]" >&2
    exit 2
    ;;
esac
shift`;

const WITH_REPLICATION = `CONNTRACKD=\${CONNTRACKD:-conntrackd}
CONFIG=\${CONFIG:-${PATHS.conntrackd}}

# One failure must not keep the other steps, or the command behind them, from being done.
replicator() {
    "$CONNTRACKD" -C "$CONFIG" "$1" || logger -t duet-notify "conntrackd $1 failed with status $?"
}

case "\${1-}" in
active)
    # The flows of the other router go into the kernel, then both tables are made anew, and the other router gets all.
    replicator -c
    replicator -f
    replicator -R
    replicator -B
    ;;
backup)
    # What is left in the kernel ends soon, and the active router sends what it has.
    replicator -t
    replicator -n
    ;;
fault)
    replicator -t
    ;;
*)
    echo "usage: $0 active|backup|fault [COMMAND [ARGUMENT...]]" >&2
    exit 2
    ;;
esac
shift`;
