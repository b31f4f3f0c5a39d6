"""Publishing: the data set as files for trainers, and on the Hugging Face Hub."""

from collections.abc import Callable, Iterator
from pathlib import Path

from models.contract.answers.dataset import ExportFormatRow, RecipeRow
from models.contract.arguments import ExportArguments
from models.contract.bodies import PushBody
from services.dataset.exporting import (
    Export,
    Exporter,
    ExportRequest,
    ExportTools,
    export_request,
    exported_beside,
    is_large,
)
from services.dataset.hub.push import HubAccess, Pushed, Pusher, Told, nobody, push_request
from services.dataset.hub.upload import Hub
from services.dataset.pairs import PAIR_FORMATS, in_form
from services.formats.recipes import recipes_of
from services.quality.review_service import lines
from utils.errors import InputError
from utils.redaction import remember_secret
from utils.side.tasks import Side

Pairs = Callable[[], Iterator[dict[str, str]]]


class PublishService:
    """Writes exports and pushes them. Thread-safe."""

    def __init__(
        self, exporter: Exporter, folder: Path, hub: HubAccess, pairs: Pairs, side: Side[ExportTools] | None = None
    ) -> None:
        """Publish what *exporter* writes; large exports are written at the *side*, if there is one.

        *folder* holds the files of a push while it runs; *pairs* yields the preferences.
        """
        self._exporter = exporter
        self._pairs = pairs
        self._hub = hub
        self._side = side
        self._pusher = Pusher(exporter.formats, exporter.publishable, folder)

    def formats(self) -> list[ExportFormatRow]:
        """Return the formats, as the API lists them."""
        rows: list[ExportFormatRow] = [
            _listed(spec.name, spec.extension, spec.description, spec.is_chat)
            for spec in self._exporter.formats.values()
        ]
        return [*rows, *(_listed(name, "jsonl", description, False) for name, description in PAIR_FORMATS.items())]

    def check_export(self, query: ExportArguments) -> None:
        """Refuse what cannot be exported, before anything is done; InputError as `download`."""
        known = [*self._exporter.formats, *PAIR_FORMATS]
        if query.format not in known:
            raise InputError(f"format: got {query.format[:40]!r}, want one of {', '.join(known)}")
        if query.format not in PAIR_FORMATS:
            self._exporter.check(export_request(query))
        elif others := sorted(query.model_fields_set - {"format"}):
            raise InputError(f"{', '.join(others)}: unknown with format={query.format}; want some of format")

    def download(self, query: ExportArguments) -> Export:
        """Return the file that a caller asked for; InputError as `export`."""
        self.check_export(query)
        if query.format not in PAIR_FORMATS:
            return self.export(export_request(query))
        content = lines(in_form(query.format, self._pairs()))
        name = f"legal-training-{query.format.replace('_', '-')}.jsonl"
        return Export(name, "application/x-ndjson", None, "", {}, {}, content)

    def export(self, request: ExportRequest) -> Export:
        """Return *request* as a file of the data set as it is now, oldest samples first.

        Raises:
            InputError: unknown format, field, split or option.
            SideError: the process that writes a large one ended.
        """
        self._exporter.format(request.format)
        snapshot = self._exporter.snapshot()
        if self._side is not None and is_large(snapshot):
            return exported_beside(request, snapshot, self._side)
        return self._exporter.export(request)

    def preview(self, query: ExportArguments) -> Export:
        """Return what `download` would, made here: its counts cost little, its content is written as it is read."""
        if query.format in PAIR_FORMATS:
            return self.download(query)
        return self._exporter.export(export_request(query))

    @property
    def has_token(self) -> bool:
        """Whether the settings hold a token of the Hub."""
        return bool(self._hub.token)

    def check(self, body: PushBody) -> None:
        """Refuse what cannot be pushed, before anything is done; InputError as `publish`."""
        self._token(body)
        push_request(body)

    def publish(self, body: PushBody, told: Told = nobody) -> Pushed:
        """Push what a caller asked for to the Hub; *told* is called with each step.

        Raises:
            InputError: no token, an unknown format, licence or split, or nothing to push.
            PublishError: the Hub refused; with its reason.
        """
        hub = Hub(self._token(body), self._hub.endpoint)
        return self._pusher.push(self._exporter.snapshot(), push_request(body), hub, told)

    def card(self, body: PushBody) -> str:
        """Return the card that a push of *body* to a new repository would write; InputError as `publish`."""
        return self._pusher.card(self._exporter.snapshot(), push_request(body))

    def _token(self, body: PushBody) -> str:
        if body.token:
            remember_secret(body.token)
        token = body.token or self._hub.token
        if not token:
            raise InputError("token: is missing; send one or set HUGGINGFACE_TOKEN (a token that may write)")
        return token


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
