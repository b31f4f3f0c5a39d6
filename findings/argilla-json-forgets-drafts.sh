#!/usr/bin/env bash
# Argilla's library and records as JSON: a draft and a discarded answer come out like a submitted one.
#
# Expected: `Record.to_dict`, and so `dataset.records(with_responses=True).to_json(FILE)`, keeps the status of each response (draft,
# discarded, submitted), as `Response` holds it, or leaves out what was not submitted.
# Seen with argilla 2.8.0: only the value and the user's id are written. What a reviewer began and what they discarded is read as
# their decision, also by `Record.from_dict`, whose responses have no status. No error, no warning.
# Seen too: after `pip install argilla` alone `import argilla` fails, since it uses requests and does not ask for it; it came with
# huggingface_hub before that one's release 1.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install argilla==2.8.0 datasets==5.2.0 huggingface_hub==2.4.0
cat > seen.py <<'PY'
from uuid import uuid4

import argilla as rg

answers = [rg.Response("decision", "accept", user_id=uuid4(), status=status) for status in ("draft", "discarded", "submitted")]
assert [str(answer.status.value) for answer in answers] == ["draft", "discarded", "submitted"]
written = rg.Record(id="s1", fields={"answer": "A."}, responses=answers).to_dict()["responses"]["decision"]
print(written)
assert [sorted(answer) for answer in written] == [["user_id", "value"]] * 3
PY
if tools/bin/python -c "import argilla" 2> log; then echo "argilla asks for all that it needs" && exit 1; fi
grep "No module named 'requests'" log
tools/bin/python -m pip --quiet --disable-pip-version-check install requests==2.34.2
tools/bin/python seen.py 2> log || { cat log; exit 1; }
