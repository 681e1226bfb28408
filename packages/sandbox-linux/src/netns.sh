#!/bin/sh
# Runs in a new network namespace: says that it is there, then applies the ip commands that arrive on stdin.
set -e
# Port 80 of this namespace alone is for its programs: the site's own address may have it.
{ echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start; } 2>/dev/null || true
echo ready
exec ip -batch -
