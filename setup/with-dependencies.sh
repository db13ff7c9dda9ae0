#!/bin/sh
# Runs a command with the project's dependencies in place, on the Node the project pins. Dependencies are installed
# when they are missing or when package-lock.json has changed since; any Node from 20 on can do that.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
lock=$root/package-lock.json
modules=$root/node_modules
installed=$modules/.installed-package-lock.json

fail() {
  printf 'bellhop: %s\n' "$*" >&2
  exit 1
}

dependencies_are_current() {
  [ -x "$modules/node/bin/node" ] || return 1
  cmp -s "$lock" "$installed" && return 0
  # Installed by npm itself: its own record is written last.
  [ "$modules/.package-lock.json" -nt "$lock" ]
}

# npm must not run on the Node that it is about to replace.
path_without_modules() {
  printf '%s' "$PATH" | tr ':' '\n' | grep -vxF "$modules/.bin" | paste -sd: -
}

install_dependencies() {
  outer=$(path_without_modules)
  PATH=$outer command -v node >/dev/null || fail 'Node.js 20 or newer is needed to install dependencies: https://nodejs.org'
  PATH=$outer command -v npm >/dev/null || fail 'npm is needed to install dependencies; it comes with Node.js'
  major=$(PATH=$outer node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || fail "Node.js 20 or newer is needed to install dependencies; this is $major"

  printf 'bellhop: installing dependencies (once, about half a minute) … ' >&2
  log=$(mktemp)
  if ! (cd "$root" && PATH=$outer npm ci --include=dev --no-progress --loglevel=error >"$log" 2>&1); then
    printf 'failed\n' >&2
    cat "$log" >&2
    rm -f "$log"
    fail 'npm ci failed; its words are above'
  fi
  rm -f "$log"
  cp "$lock" "$installed"
  printf 'done\n' >&2
}

# One command installs at a time; the others wait for it and find its work done. The system lets go of the lock when its
# holder ends, whichever way. Where there is no flock (it comes with util-linux), commands do not wait for each other.
install_in_turn() {
  exec 9<"$lock"
  if command -v flock >/dev/null && ! flock -n 9; then
    printf 'bellhop: another command is installing dependencies; waiting for it …\n' >&2
    flock 9
  fi
  dependencies_are_current || install_dependencies 9<&-
  exec 9<&-
}

dependencies_are_current || install_in_turn
PATH=$modules/.bin:$PATH
export PATH
exec "$@"
