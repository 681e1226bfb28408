#!/bin/sh
# Enters the control groups, opens the system call filter as fd 9 and becomes the given command.
# Run as: sh launch-git.sh <cgroup.procs file>… -- <filter file> <command> <argument>…
# "0" is the writing process itself, in both versions of cgroups.
set -e
while [ "$1" != -- ]; do
  echo 0 > "$1"
  shift
done
shift
exec 9< "$1"
shift
exec "$@"
