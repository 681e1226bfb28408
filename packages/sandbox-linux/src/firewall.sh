#!/bin/sh
# The packet rules for every sandbox of this machine, in chains of our own. Run under flock by firewall.ts.
#   firewall.sh ensure <mark> <limits> <link>…   rules for iptables-restore on stdin, installed when <mark> is not there yet;
#                                       rules left from an earlier link of the same name are removed
#   firewall.sh remove                  takes everything away when no sandbox link exists any more
set -e

jump() { # table, chain, then the rule: first in the chain, once
  table=$1 chain=$2
  shift 2
  iptables -w -t "$table" -C "$chain" "$@" 2>/dev/null || iptables -w -t "$table" -I "$chain" 1 "$@"
}

drop_jump() {
  table=$1 chain=$2
  shift 2
  while iptables -w -t "$table" -D "$chain" "$@" 2>/dev/null; do :; done
}

drop_chain() {
  iptables -w -t "$1" -F "$2" 2>/dev/null && iptables -w -t "$1" -X "$2" 2>/dev/null || true
}

forget() { # chain, link: removes the exceptions of a link
  iptables -w -S "$1" | grep -F -- " -i $2 " | sed 's/^-A/-D/' | while read -r rule; do
    # The words of a rule that iptables printed hold no spaces.
    # shellcheck disable=SC2086
    iptables -w $rule || true
  done
}

first() { # chain: sandboxes meet the limits before anything accepts what they send
  iptables -w -S "$1" | grep -F -- '-i anchor-+' | head -n 1 | grep -qF ANCHOR-LIMIT && return
  drop_jump filter "$1" -i anchor-+ -m conntrack --ctstate NEW -j ANCHOR-LIMIT
  iptables -w -I "$1" 1 -i anchor-+ -m conntrack --ctstate NEW -j ANCHOR-LIMIT
}

# Connections are tracked in one table of the machine. When it is full, the kernel drops the new ones of every program.
# The chain is separate, so that other versions of the platform on this machine leave it alone.
limit() { # mark, rules for iptables-restore: a kernel without these matches goes without the limits
  iptables -w -n -L ANCHOR-LIMIT >/dev/null 2>&1 || iptables -w -N ANCHOR-LIMIT
  iptables -w -C ANCHOR-LIMIT -m comment --comment "$1" 2>/dev/null || printf '%s' "$2" | iptables-restore -w --noflush || return 0
  first INPUT
  first FORWARD
}

case $1 in
ensure)
  mark=$2 limits=$3
  shift 3
  iptables -w -n -L ANCHOR-ALLOW >/dev/null 2>&1 || iptables -w -N ANCHOR-ALLOW
  iptables -w -n -L ANCHOR-ALLOW-HOST >/dev/null 2>&1 || iptables -w -N ANCHOR-ALLOW-HOST
  iptables -w -C ANCHOR-INPUT -m comment --comment "$mark" 2>/dev/null || iptables-restore -w --noflush
  jump mangle PREROUTING -i anchor-+ -j ANCHOR-SOURCE
  jump filter INPUT -i anchor-+ -j ANCHOR-INPUT
  jump filter FORWARD -o anchor-+ -j ANCHOR-RETURN
  jump filter FORWARD -i anchor-+ -j ANCHOR-FORWARD
  jump nat POSTROUTING -m mark --mark 0x616e6368 -j ANCHOR-NAT
  limit "$mark" "$limits"
  if command -v ip6tables >/dev/null 2>&1; then
    for chain in INPUT FORWARD; do
      ip6tables -w -C "$chain" -i anchor-+ -j DROP 2>/dev/null || ip6tables -w -I "$chain" 1 -i anchor-+ -j DROP 2>/dev/null || true
    done
  fi
  for link in "$@"; do
    forget ANCHOR-ALLOW "$link"
    forget ANCHOR-ALLOW-HOST "$link"
  done
  ;;
remove)
  for link in /sys/class/net/anchor-*; do
    [ -e "$link" ] && exit 0
  done
  for chain in INPUT FORWARD; do
    drop_jump filter "$chain" -i anchor-+ -m conntrack --ctstate NEW -j ANCHOR-LIMIT
  done
  drop_jump nat POSTROUTING -m mark --mark 0x616e6368 -j ANCHOR-NAT
  drop_jump filter FORWARD -i anchor-+ -j ANCHOR-FORWARD
  drop_jump filter FORWARD -o anchor-+ -j ANCHOR-RETURN
  drop_jump filter INPUT -i anchor-+ -j ANCHOR-INPUT
  drop_jump mangle PREROUTING -i anchor-+ -j ANCHOR-SOURCE
  for chain in INPUT FORWARD; do
    while ip6tables -w -D "$chain" -i anchor-+ -j DROP 2>/dev/null; do :; done
  done
  drop_chain nat ANCHOR-NAT
  drop_chain mangle ANCHOR-SOURCE
  for chain in ANCHOR-INPUT ANCHOR-FORWARD ANCHOR-RETURN ANCHOR-LIMIT ANCHOR-REFUSE ANCHOR-ALLOW ANCHOR-ALLOW-HOST; do
    drop_chain filter "$chain"
  done
  ;;
esac
