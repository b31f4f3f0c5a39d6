#!/usr/bin/env bash
# pydantic and a length limit of a value that may be None, behind a BeforeValidator.
#
# Expected: `Annotated[str | None, BeforeValidator(f), Field(max_length=5)]` takes None, as it does without the validator
# and as it does when the same Field is the default of the model's attribute.
# Seen with pydantic 2.14.3: None raises a TypeError, no ValidationError: a service that turns validation errors into
# answers with status 400 answers 500. Without the validator the limit is moved into the schema of `str`; with it, it is
# applied to whatever comes out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install pydantic==2.14.3
cat > seen.py <<'PY'
from typing import Annotated, Optional

from pydantic import BaseModel, BeforeValidator, Field

Blank = Annotated[Optional[str], BeforeValidator(lambda value: value or None)]


class Plain(BaseModel):
    text: Annotated[Optional[str], Field(max_length=5)] = None


class Behind(BaseModel):
    text: Annotated[Optional[str], BeforeValidator(lambda value: value or None), Field(max_length=5)] = None


class AsDefault(BaseModel):
    text: Blank = Field(None, max_length=5)


class Inside(BaseModel):
    text: Annotated[Optional[Annotated[str, Field(max_length=5)]], BeforeValidator(lambda value: value or None)] = None


for model in (Plain, AsDefault, Inside):
    print(model.__name__, model(text=None))
try:
    Behind(text=None)
except TypeError as error:
    print("Behind:", type(error).__name__, error)
else:
    raise SystemExit("None was taken")
PY
tools/bin/python seen.py
