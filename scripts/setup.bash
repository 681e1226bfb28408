# Sourced by ./up, ./test and ./anchor: brings a machine to where the platform can run.
# shellcheck shell=bash

ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# Non-root users often lack these two, although they can read them.
PATH="$PATH:/usr/sbin:/sbin"

say() { printf '%s\n' "$*" >&2; }
# What happened, and what to do.
fail() {
  say ""
  say "✗ $1"
  [ -z "${2:-}" ] || say "  → $2"
  exit 1
}

need_linux() {
  [ "$(uname -s)" = Linux ] || fail "This system is $(uname -s); builds are isolated with Linux namespaces." \
    "Run it on Linux: Debian 12 or Ubuntu 22.04 and newer are known to work."
}

need_node() {
  command -v node >/dev/null || fail "Node.js is not installed." "Install Node 20 or newer with npm: https://nodejs.org/en/download"
  command -v npm >/dev/null || fail "npm is not installed." "Install npm, which comes with Node.js: https://nodejs.org/en/download"
  local major
  major="$(node -p 'process.versions.node.split(".")[0]')"
  [ "$major" -ge 20 ] || fail "Node.js $(node --version) is too old." "Install Node 20 or newer: https://nodejs.org/en/download"
}

# install_packages <Debian package> …: installs them when it may, and names the command when it may not.
install_packages() {
  local install=(apt-get install --yes --no-install-recommends "$@")
  local by_hand="sudo apt-get update && sudo ${install[*]}"
  command -v apt-get >/dev/null || fail "Missing: $*; there is no apt-get here." "Install the packages of these names with your system's package manager."
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    { command -v sudo && sudo -n true; } >/dev/null 2>&1 || fail "Missing: $*." "Run: $by_hand"
    as_root=(sudo -n)
  fi
  say "Installing $* …"
  local log
  log="$(mktemp)"
  # the lists of a fresh machine are empty or old, so after a first failure the lists are updated
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" >"$log" 2>&1 </dev/null; then
    if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}"; } >"$log" 2>&1 </dev/null; then
      tail -n 15 "$log" >&2
      rm -f "$log"
      fail "apt could not install $*." "Look at its message above, then run: $by_hand"
    fi
  fi
  rm -f "$log"
}

# need_commands <command>:<Debian package> …: installs the packages of the commands that are missing.
need_commands() {
  local pair packages=()
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null && continue
    case " ${packages[*]-} " in *" ${pair#*:} "*) ;; *) packages+=("${pair#*:}") ;; esac
  done
  [ "${#packages[@]}" -gt 0 ] || return 0
  install_packages "${packages[@]}"
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || fail "${pair%%:*} is still missing after installing ${pair#*:}." "Check your PATH."
  done
}

# What isolating builds and functions takes (packages/sandbox-linux/src/requirements.ts).
need_sandbox() {
  [ "$(id -u)" -eq 0 ] || fail "Builds and functions are isolated from each other and from you, which takes root." \
    "Run it with sudo (sudo -E env PATH=\"\$PATH\" $0), or add --unsafe-no-sandbox to ./up for code that you trust."
  need_commands git:git bwrap:bubblewrap ip:iproute2 iptables:iptables mkfs.ext4:e2fsprogs mount:mount umount:mount \
    nsenter:util-linux unshare:util-linux flock:util-linux pivot_root:util-linux fstrim:util-linux
}

# Installs the packages of package-lock.json when they are not installed; sets NODE to the Node that the product runs on.
need_packages() {
  local why
  if ! why="$(node "$ROOT/scripts/installed.mjs")"; then
    say "Installing packages ($why) …"
    local log
    log="$(mktemp)"
    if ! (cd "$ROOT" && npm ci --ignore-scripts --no-audit --no-fund --include=dev --include=optional) >"$log" 2>&1 </dev/null; then
      tail -n 25 "$log" >&2
      rm -f "$log"
      fail "npm ci failed." "Look at its message above; mostly the registry could not be reached."
    fi
    rm -f "$log"
  fi
  local arch
  case "$(uname -m)" in
    x86_64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "There is no packaged Node for $(uname -m)." "Use an x86-64 or arm64 machine." ;;
  esac
  NODE="$ROOT/node_modules/node-linux-$arch/bin/node"
  [ -x "$NODE" ] || fail "The packaged Node is missing at $NODE." "Run: cd '$ROOT' && npm ci --include=optional"
  # small systems lack the one library that it needs beyond the C library
  "$NODE" --version >/dev/null 2>&1 || install_packages libatomic1
  local why_not
  why_not="$("$NODE" --version 2>&1 >/dev/null)" || fail "The packaged Node does not start: $why_not" "Use a current Debian or Ubuntu (glibc 2.28 or newer)."
}
