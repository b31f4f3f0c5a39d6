"""Publishing: the data set as files for trainers, and on the Hugging Face Hub."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.contract.answers.dataset import ExportFormatRow, RecipeRow
from models.contract.arguments import ExportArguments
from models.contract.bodies import PushBody
from models.samples.sample_store import SampleStore
from models.samples.snapshot import Snapshot
from services.dataset.hub.push import HubAccess, Pushed, Pusher, push_request
from services.dataset.hub.upload import Hub
from services.dataset.pairs import PAIR_FORMATS, PREFERENCES, as_messages
from services.dataset.pieces import pieces_of
from services.dataset.publishable import Publishable
from services.dataset.splits import NAMES, SplitRequest, parse_shares
from services.formats.export_format import REASONING, ExportFormat, ExportOptions
from services.formats.recipes import recipes_of
from services.quality.citation_audit import CitationAudit
from services.quality.review_service import lines
from utils.errors import ConflictError, InputError
from utils.redaction import remember_secret

Pairs = Callable[[], Iterator[dict[str, str]]]


@dataclass(frozen=True)
class ExportRequest:
    """What is exported.

    Attributes:
        format: Name of a format.
        options: How samples are written.
        filters: Exact values by column.
        split: One of train, validation, test; "" for everything.
        splits: How the data set is split.
        data_version: The state of the data set that is wanted; "" for any.
        everything: Also samples with an invalid citation, and those that a reviewer rejected.
    """

    format: str = "jsonl"
    options: ExportOptions = field(default_factory=ExportOptions)
    filters: Mapping[str, str] = field(default_factory=dict)
    split: str = ""
    splits: SplitRequest = field(default_factory=SplitRequest)
    data_version: str = ""
    everything: bool = False


@dataclass(frozen=True)
class Export:
    """A file on its way out.

    Attributes:
        samples: Number of samples in it; None for preferences, counted while they are written.
        data_version: State of the data set; splits of one state do not overlap.
        splits: Samples in each split, where one was asked for.
        left_out: Samples left out, by reason.
        content: Its bytes, a piece at a time.
    """

    name: str
    mimetype: str
    samples: int | None
    data_version: str
    splits: Mapping[str, int]
    left_out: Mapping[str, int]
    content: Iterator[bytes]


class PublishService:
    """Writes exports and pushes them. Thread-safe."""

    def __init__(
        self,
        store: SampleStore,
        audit: CitationAudit,
        formats: Sequence[ExportFormat],
        folder: Path,
        hub: HubAccess,
        pairs: Pairs,
    ) -> None:
        """Publish from *store* what *audit* finds fit.

        *folder* holds the files of a push while it runs; *pairs* yields the preferences.
        """
        self._store = store
        self._publishable = Publishable(audit)
        self._pairs = pairs
        self._formats = {spec.name: spec for spec in formats}
        self._hub = hub
        self._pusher = Pusher(self._formats, self._publishable, folder)

    def formats(self) -> list[ExportFormatRow]:
        """Return the formats, as the API lists them."""
        rows: list[ExportFormatRow] = [
            _listed(spec.name, spec.extension, spec.description, spec.is_chat) for spec in self._formats.values()
        ]
        return [*rows, *(_listed(name, "jsonl", description, False) for name, description in PAIR_FORMATS.items())]

    def download(self, query: ExportArguments) -> Export:
        """Return the file that a caller asked for; InputError as `export`."""
        if query.format not in PAIR_FORMATS:
            return self.export(_export_request(query))
        others = sorted(query.model_fields_set - {"format"})
        if others:
            raise InputError(f"{', '.join(others)}: unknown with format={query.format}; want some of format")
        pairs = self._pairs()
        content = lines(pairs if query.format == PREFERENCES else map(as_messages, pairs))
        name = f"legal-training-{query.format.replace('_', '-')}.jsonl"
        return Export(name, "application/x-ndjson", None, "", {}, {}, content)

    def export(self, request: ExportRequest) -> Export:
        """Return *request* as a file of the data set as it is now, oldest samples first.

        Raises:
            InputError: unknown format, field, split or option.
        """
        spec = self._format(request.format)
        snapshot = self._store.snapshot()
        _check_options(spec, request, snapshot)
        data_version = hashlib.blake2b(repr(snapshot.state).encode(), digest_size=8).hexdigest()
        if request.data_version not in ("", data_version):
            raise ConflictError(
                f"data_version: the data set is now {data_version}, not {request.data_version[:40]}; "
                "export all splits again"
            )
        chosen, left_out = self._publishable.fit(snapshot, request.filters, request.everything)
        positions = self._publishable.part(snapshot, request.filters, request.splits, request.split, chosen)
        content = spec.write(*pieces_of(snapshot, positions, spec, request.options), request.options)
        suffix = f"-{request.split}" if request.split else ""
        name = f"legal-training-dataset{suffix}.{spec.extension}"
        splits: Mapping[str, int] = {}
        if request.split:
            splits = Counter(self._publishable.dealt(snapshot, request.filters, request.splits, chosen).values())
        return Export(name, spec.mimetype, len(positions), data_version, splits, left_out, content)

    def publish(self, body: PushBody) -> Pushed:
        """Push what a caller asked for to the Hub.

        Raises:
            InputError: no token, an unknown format, licence or split, or nothing to push.
            PublishError: the Hub refused; with its reason.
        """
        if body.token:
            remember_secret(body.token)
        token = body.token or self._hub.token
        if not token:
            raise InputError("token: is missing; send one or set HUGGINGFACE_TOKEN (a token that may write)")
        return self._pusher.push(self._store.snapshot(), push_request(body), Hub(token, self._hub.endpoint))

    def _format(self, name: str) -> ExportFormat:
        if name not in self._formats:
            raise InputError(f"format: got {name[:40]!r}, want one of {', '.join(self._formats)}")
        return self._formats[name]


def _listed(name: str, extension: str, description: str, is_chat: bool) -> ExportFormatRow:
    recipes: list[RecipeRow] = [
        {
            "trainer": recipe.trainer,
            "taken": recipe.is_taken,
            "language": recipe.language,
            "mapping": recipe.mapping,
            "note": recipe.note,
        }
        for recipe in recipes_of(name)
    ]
    return {"id": name, "extension": extension, "description": description, "chat": is_chat, "recipes": recipes}


def _export_request(query: ExportArguments) -> ExportRequest:
    fields = tuple(name.strip() for name in query.fields.split(",") if name.strip())
    return ExportRequest(
        format=query.format,
        options=ExportOptions(fields, query.system_prompt, query.reasoning),
        filters=query.chosen,
        split=query.split,
        splits=_splits(query.splits, query.seed),
        data_version=query.data_version,
        everything=_everything(query.include),
    )


def _everything(text: str) -> bool:
    if text not in ("", "all", "fit"):
        raise InputError(f"include: got {text[:40]!r}, want fit or all")
    return text == "all"


def _splits(text: str, seed: int) -> SplitRequest:
    return SplitRequest(parse_shares(text), seed) if text else SplitRequest(seed=seed)


def _check_options(spec: ExportFormat, request: ExportRequest, snapshot: Snapshot) -> None:
    unknown = [name for name in request.options.fields if name not in snapshot.columns]
    if unknown:
        raise InputError(f"fields: {', '.join(unknown)[:100]} unknown; want some of {', '.join(snapshot.columns)}")
    if request.split and request.split not in NAMES:
        raise InputError(f"split: got {request.split[:40]!r}, want one of {', '.join(NAMES)}")
    if request.options.reasoning not in REASONING:
        raise InputError(f"reasoning: got {request.options.reasoning[:40]!r}, want one of {', '.join(REASONING)}")
    if not spec.is_chat and (request.options.system_prompt or request.options.reasoning != REASONING[0]):
        raise InputError(
            f"format: {spec.name} has a column for reasoning and no system; choose messages, sharegpt or alpaca"
        )
