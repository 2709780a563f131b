# Sourced by ./run, ./test and .ci/run: brings a machine that has only a Rust toolchain to what they need.
# Nothing is asked, nothing is started, and a second time nothing is done.

say() { printf '%s\n' "== $*"; }

# packages NAME...: Debian packages; those that are there are left alone. Needs root; without it, says what is missing.
packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return 0
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    say "missing, and not installed without root and apt: ${missing[*]}"
    return 0
  fi
  say "installing ${missing[*]}"
  # What a package would start, it does not start: these machines are for building.
  local policy=/usr/sbin/policy-rc.d ours= done_well=0
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy && ours=yes
  fi
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}"; } </dev/null >/dev/null || done_well=1
  [ -n "$ours" ] && rm -f $policy
  return $done_well
}

# python_tool COMMAND PACKAGE VERSION: a program from PyPI, in a place of its own that outlives the clone; $tool is its path.
# Where it cannot be had, says so: the tests that need it say that they skip.
python_tool() {
  local place=/var/tmp/muster-python/$2-$3
  tool=$place/bin/$1
  [ -x "$tool" ] && return 0
  say "installing $2 $3"
  python3 -m venv "$place" </dev/null && "$place/bin/pip" install --quiet --disable-pip-version-check "$2==$3" </dev/null && return 0
  say "$2 cannot be had here"
  rm -rf "$place"
  return 1
}

# cargo_tool COMMAND CRATE VERSION: a cargo subcommand, built in a place that outlives the clone.
cargo_tool() {
  command -v "$1" >/dev/null && return 0
  say "installing $2 $3"
  CARGO_TARGET_DIR=/var/tmp/muster-tools-target cargo install --quiet --locked --version "$3" "$2" </dev/null
}
