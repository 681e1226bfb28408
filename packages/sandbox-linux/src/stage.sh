#!/bin/sh
# Builds the files of one sandbox as root in a mount namespace of its own, then waits until its owner holds the
# namespace open. Run as: unshare --mount --propagation private sh stage.sh <mount table> <new root>
# Nothing of the machine's own tree stays mounted in it, so it pins no disk, and it vanishes with its last user.
set -e
mount -a -T "$1"
cd "$2"
pivot_root . .
umount -l .
echo ready
read -r _ || true
