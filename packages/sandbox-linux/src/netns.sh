#!/bin/sh
# Runs in a new network namespace: says that it is there, then applies the ip commands that arrive on stdin.
set -e
echo ready
exec ip -batch -
