#!/bin/sh
# Router alpha of the pair branch. Made by duet render from the pair's file: change that one and render again.
# Called as: notify.sh active|backup|fault [COMMAND [ARGUMENT...]]

CONNTRACKD=${CONNTRACKD:-conntrackd}
CONFIG=${CONFIG:-/etc/conntrackd/conntrackd.conf}

# One failure must not keep the other steps, or the command behind them, from being done.
replicator() {
    "$CONNTRACKD" -C "$CONFIG" "$1" || logger -t duet-notify "conntrackd $1 failed with status $?"
}

case "${1-}" in
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
shift
if [ $# -gt 0 ]; then
    exec "$@"
fi
