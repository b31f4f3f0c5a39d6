"""Templates: named recipes for batches, each change a version of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

import orjson
from pydantic import JsonValue

from models.batches.template_store import KeptTemplate, TemplateStore
from models.contract.answers.automation import Template
from models.contract.answers.batches import Batch
from models.contract.automation_bodies import NAME, TemplateBody, TemplateRunBody
from models.contract.bodies import BatchRequest, PlanRequest
from models.fields import validated
from utils.clock import Clock, iso
from utils.errors import ConflictError, InputError

_ORIGIN = "origin"
_NAME = re.compile(rf"(?=.{{1,90}}$){NAME}")


class Batches(Protocol):
    """Starts batches."""

    def check(self, request: BatchRequest) -> None:
        """Refuse what no batch can be planned by; InputError says why."""

    def start(self, request: BatchRequest) -> Batch:
        """Start a batch; InputError where it cannot be."""


class Templates:
    """Thread-safe."""

    def __init__(
        self, store: TemplateStore, batches: Batches, used_by: Callable[[str], list[str]], clock: Clock
    ) -> None:
        """Keep templates in *store* for *batches*; *used_by* names the schedules of a template."""
        self._store = store
        self._batches = batches
        self._used_by = used_by
        self._clock = clock

    def put(self, name: str, body: TemplateBody) -> Template:
        """Keep the next version of a template; the newest as it is where nothing is new in it.

        Raises:
            InputError: it is no YAML, or not what a batch is started with.
        """
        if not _NAME.fullmatch(name):
            raise InputError(
                f"name: got {name[:40]!r}, want at most 90 letters, digits, points, dashes and underscores"
            )
        told = body.batch if body.batch is not None else read_yaml(body.yaml or "")
        checked = _checked(told)
        self._batches.check(validated(BatchRequest, checked))
        text = orjson.dumps(checked, option=orjson.OPT_SORT_KEYS).decode()
        return _shown(self._store.add(name, text, body.note.strip(), iso(self._clock.now())))

    def all(self) -> list[Template]:
        """Return the newest version of each template, by name."""
        return [_shown(kept) for kept in self._store.newest()]

    def get(self, name: str, version: int | None = None) -> Template:
        """Return a version of a template, the newest for None; NotFoundError when there is none."""
        return _shown(self._store.get(name, version))

    def versions(self, name: str) -> list[Template]:
        """Return all versions of a template, newest first; NotFoundError when there is none."""
        return [_shown(kept) for kept in self._store.versions(name)]

    def delete(self, name: str) -> None:
        """Delete a template with all its versions.

        Raises:
            NotFoundError: there is none.
            ConflictError: a schedule runs it.
        """
        if users := self._used_by(name):
            raise ConflictError(f"template {name[:90]}: is run by {', '.join(users[:3])}; delete the schedules first")
        self._store.delete(name)

    def run(self, name: str, body: TemplateRunBody) -> Batch:
        """Start a batch by a template.

        Raises:
            NotFoundError: there is no such template.
            InputError: what is changed does not fit, or the batch cannot be started.
        """
        kept = self._store.get(name, body.version)
        return self.begin(kept, body.change, f"template {name}@{kept.version}")

    def begin(self, kept: KeptTemplate, change: Mapping[str, JsonValue], origin: str) -> Batch:
        """Start a batch by a version of a template, whose request names its *origin*; InputError as `run`."""
        told = _checked({**orjson.loads(kept.body), **change})
        return self._batches.start(validated(BatchRequest, {**told, _ORIGIN: origin}))

    def kept(self, name: str, version: int | None) -> KeptTemplate:
        """Return a version of a template as it is kept; NotFoundError when there is none."""
        return self._store.get(name, version)


def read_yaml(text: str) -> dict[str, JsonValue]:
    """Read a recipe; InputError where it is none."""
    import yaml

    try:
        # A few lines of references to references would be gigabytes once written out.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise InputError("yaml: holds references (&name, *name); write out what they stand for")
        told = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"yaml: cannot be read ({' '.join(str(error).split())[:200]})") from None
    if not isinstance(told, dict) or not all(isinstance(name, str) for name in told):
        raise InputError(
            "yaml: is no mapping of names to values, such as `count: 100`; see POST /api/generate/batch/start"
        )
    return told


def _checked(told: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what *told* sets, as it is sent; InputError where a batch would not be started with it."""
    if _ORIGIN in told:
        raise InputError(f"{_ORIGIN}: is set by the service; leave it out")
    request = validated(PlanRequest, dict(told))
    return request.model_dump(mode="json", exclude_unset=True)


def _shown(kept: KeptTemplate) -> Template:
    import yaml

    batch = orjson.loads(kept.body)
    written = yaml.safe_dump(batch, sort_keys=False, allow_unicode=True)
    return {
        "name": kept.name,
        "version": kept.version,
        "created_at": kept.created_at,
        "note": kept.note,
        "batch": batch,
        "yaml": written,
    }
