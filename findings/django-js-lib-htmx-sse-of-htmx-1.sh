#!/usr/bin/env bash
# django-js-lib-htmx and the extension for server-sent events.
#
# Expected: the package of htmx 2.0.3 brings the extensions that belong to htmx 2, so that `hx-ext="sse"` works as the
# documentation of htmx 2 says.
# Seen with 2.0.3.1: htmx.min.js is 2.0.3, but htmx/ext/sse.js is that of htmx 1: it looks at `htmx.version`, and where
# that does not begin with "1." it warns on the console of every page that it was made for another version. All files
# come with one version number, so nothing but the console tells. The same holds for the extension for WebSockets.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/python -m pip --quiet --disable-pip-version-check install django-js-lib-htmx==2.0.3.1
env/bin/python - <<'PY'
import re
from importlib.metadata import version
from importlib.resources import files

folder = files("js_lib_htmx") / "static" / "htmx"
core = re.search(r'version:"([\d.]+)"', (folder / "htmx.min.js").read_text())[1]
of_htmx_1 = [name for name in ("sse", "ws") if "htmx 1 extension" in (folder / "ext" / f"{name}.js").read_text()]
print(version("django-js-lib-htmx"), "| htmx", core, "| extensions of htmx 1:", of_htmx_1)
assert core == "2.0.3"
assert of_htmx_1 == ["sse", "ws"]
PY
