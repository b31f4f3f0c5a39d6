#!/usr/bin/env bash
# hatchling: where the table `sources` has an entry for everything (""), the entries for single folders do nothing.
#
# Expected: the entry of a folder holds for that folder, and "" for the rest, as longer paths go before shorter ones;
# or the order of the file decides. `{ "pkg/" = "pkg/", "" = "inner/" }` leaves pkg where it is and moves the others.
# Seen with hatchling 1.33.0: entries are sorted, "" is the first, and it is taken for every file: the wheel has
# inner/pkg/__init__.py, no top-level package, and nothing is said. Without "" the folder's entry holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install hatchling==1.33.0
mkdir -p project/pkg project/rooms dist
touch project/pkg/__init__.py project/rooms/__init__.py
cd project

# Builds with the table $1; prints what the wheel has.
built() {
  cat > pyproject.toml <<TOML
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "seen"
version = "1"
[tool.hatch.build.targets.wheel]
only-include = ["pkg", "rooms"]
sources = { $1 }
TOML
  ../tools/bin/python - <<'PY'
import zipfile
from hatchling.build import build_wheel

wheel = zipfile.ZipFile(f"../dist/{build_wheel('../dist')}")
print(*sorted(name for name in wheel.namelist() if name.endswith("__init__.py")))
PY
}

one=$(built '"rooms" = "inner/rooms"')
both=$(built '"pkg" = "pkg", "" = "inner"')
echo "a folder alone:      $one"
echo "a folder and \"\":     $both"
[ "$one" = "inner/rooms/__init__.py pkg/__init__.py" ]
[ "$both" = "inner/pkg/__init__.py inner/rooms/__init__.py" ]
echo "seen: the entry of the folder pkg does nothing beside the one for everything"
