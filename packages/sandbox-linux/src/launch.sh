#!/bin/sh
# Enters the cgroups, opens the system call filter as fd 5 and becomes the given command.
# Run as: sh launch.sh <cgroup.procs file>… -- <filter file> <command> <argument>…
# "0" is the writing process itself, in both versions of cgroups.
set -e
ulimit -c 0
while [ "$1" != -- ]; do
  echo 0 > "$1"
  shift
done
shift
exec 5< "$1"
shift
exec "$@"
