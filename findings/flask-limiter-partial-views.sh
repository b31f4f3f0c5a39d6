#!/usr/bin/env bash
# Flask-Limiter and views that are a functools.partial.
#
# Expected: Flask takes any callable as a view where the endpoint is named, a functools.partial too; with a default limit its requests are
# counted as those of any other view.
# Seen with Flask-Limiter 4.1.1 and Flask 3.1.3: every request to such a view is an AttributeError, status 500, since the limiter asks the
# view for its __name__. Without the limiter the same view answers 200.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install flask==3.1.3 flask-limiter==4.1.1
cat > seen.py <<'PY'
import logging
from functools import partial

from flask import Flask
from flask_limiter import Limiter


def shown(kind: str) -> str:
    return kind


def status(with_limiter: bool) -> int:
    app = Flask("seen")
    app.logger.disabled = True
    if with_limiter:
        Limiter(lambda: "everybody", app=app, default_limits=["100 per minute"], storage_uri="memory://")
    app.add_url_rule("/", "samples", partial(shown, "samples"))
    return app.test_client().get("/").status_code


logging.disable()
print("Flask alone:", status(False), "with the limiter:", status(True))
assert status(False) == 200
assert status(True) == 500
PY
tools/bin/python seen.py
