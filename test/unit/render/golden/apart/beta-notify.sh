#!/bin/sh
# Router beta of the pair apart. Made by duet render from the pair's file: change that one and render again.
# Called as: notify.sh active|backup|fault [COMMAND [ARGUMENT...]]

case "${1-}" in
active | backup | fault) ;;
*)
    echo "usage: $0 active|backup|fault [COMMAND [ARGUMENT...]]" >&2
    exit 2
    ;;
esac
shift
if [ $# -gt 0 ]; then
    exec "$@"
fi
