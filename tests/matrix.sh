#!/usr/bin/env bash
# The tests on every supported Python that is at hand, installed without a compiler:
#   bash tests/matrix.sh [what pytest is to run]
set -euo pipefail
cd "$(dirname "$0")/.."
tried=0
for version in 3.11 3.12 3.13; do
  for python in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
    "$python" -c '' 2>/dev/null || continue
    echo "== $("$python" --version)"
    # What would need a compiler fails at once.
    CC=/bin/false CXX=/bin/false make --silent dev PYTHON="$python" VENV=".venv/python$version"
    ".venv/python$version/bin/python" -m pytest -p no:cacheprovider "$@"
    tried=$((tried + 1))
    break
  done
done
echo "$tried Pythons tried"
[ "$tried" -gt 0 ]
