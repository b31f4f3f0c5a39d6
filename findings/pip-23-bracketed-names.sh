#!/usr/bin/env bash
# pip 23 and a hashed lock that pins a package without the brackets of its extras.
#
# Expected: a lock with `coverage==7.17.3 --hash=…` answers the requirement `coverage[toml]>=7.10.6` of pytest-cov, since it is
# the same project. Seen with pip 23.0.1 and 23.2.1 (Debian 12's, Python 3.11.7's): while 7.17.3 is the newest release
# all is well; from the day that a newer one exists, pip takes that for the bracketed name, and refuses the whole lock,
# because the newer one has no hash. A lock that installed for weeks stops with no change of its own.
# pip 26.3 installs the same lock. Written with its brackets (`coverage[toml]==7.17.3`), pip 23 does too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install uv==0.13.9
echo "pytest-cov==7.1.0" > wanted.txt
echo "coverage==7.17.3" > held.txt
resolve() { tools/bin/uv pip compile wanted.txt --constraint held.txt --generate-hashes --no-header --no-annotate --quiet "$@"; }
resolve --strip-extras > bare.lock
resolve --no-strip-extras > bracketed.lock

installs() { # version of pip, lock
  python3 -m venv "pip-$1"
  "pip-$1/bin/python" -m pip --quiet --disable-pip-version-check install "pip==$1"
  "pip-$1/bin/python" -m pip --disable-pip-version-check install --dry-run --require-hashes -r "$2" > out 2>&1
}
fails=0
expect() { # what is expected, version, lock
  if installs "$2" "$3"; then seen=installs; else seen=refuses; fi
  echo "pip $2, $3: $seen"
  [ "$seen" = "$1" ] || fails=1
}
expect refuses 23.0.1 bare.lock
grep -o 'coverage\[toml\]>=[0-9.]* from .*/coverage-[0-9.]*' out | sed 's,from .*/,from …/,'
expect refuses 23.2.1 bare.lock
expect installs 23.0.1 bracketed.lock
expect installs 26.3 bare.lock
exit "$fails"
