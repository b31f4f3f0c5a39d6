"""Uploads files to a data set repository of the Hub, with the Hub's own client."""

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from services.dataset.splits import NAMES
from utils.addresses import without_user
from utils.errors import PublishError

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

log = logging.getLogger(__name__)
HUB = "https://huggingface.co"
MAIN = "main"
CARD = "README.md"
MakeCard = Callable[[str | None], str]
_REASON_CHARS = 500
# What the card's patterns find: files of an earlier push, of this service or of `datasets`.
_REPLACED = re.compile(rf"data/(?:{'|'.join(NAMES)})-[^/]*")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a push goes.

    Attributes:
        repo_name: `name` for one of the token's owner, or `owner/name`.
        private: Make the repository private if it is created.
        revision: A branch, which is made if it is not there, or a reference such as `refs/pr/1`.
        create_pr: Open a pull request, and leave the branch as it is.
        message: The commit message; its first line is the title.
    """

    repo_name: str
    message: str
    private: bool = False
    revision: str = MAIN
    create_pr: bool = False

    @property
    def is_branch(self) -> bool:
        """Whether it is a branch beside main."""
        return self.revision != MAIN and not self.revision.startswith("refs/")


@dataclass(frozen=True, slots=True)
class Commit:
    """What the Hub made of a push.

    Attributes:
        url: The repository's address.
        revision: The branch or reference that was written.
        pull_request: Address of the pull request; None if none was opened.
        commit: Its name, 40 hexadecimal digits.
    """

    url: str
    revision: str
    pull_request: str | None
    commit: str


class Hub:
    """The Hub at one address, with one token."""

    def __init__(self, token: str, endpoint: str | None = None) -> None:
        from huggingface_hub import HfApi

        self._endpoint = endpoint or HUB
        self._shown = without_user(self._endpoint)
        self._api = HfApi(endpoint=self._endpoint, token=token, library_name="legal-training-platform")

    def upload(self, target: "Destination", files: Mapping[str, Path | bytes], card: MakeCard) -> "Commit":
        """Put *files* and the card into the repository in one commit; data files of an earlier push are removed.

        Nothing is written over that came between: the commit is refused if somebody else committed meanwhile.

        Args:
            target: Where to.
            files: Contents by path in the repository.
            card: Returns the card to write, from the one that is there (None for none).

        Raises:
            PublishError: the Hub refused, with its reason; or the card cannot be read.
        """
        with self._faults():
            return self._upload(target, files, card)

    def repo_id(self, repo_name: str) -> str:
        """Return the full name of a repository, of the token's owner where none is given; errors as `upload`."""
        with self._faults():
            return repo_name if "/" in repo_name else f"{self._api.whoami()['name']}/{repo_name}"

    def url(self, repo_id: str) -> str:
        """Return the address of a repository."""
        return f"{self._shown}/datasets/{repo_id}"

    def tags(self, repo_id: str) -> set[str]:
        """Return the tags of a repository; none where it is not there. Errors as `upload`."""
        with self._faults():
            if not self._api.repo_exists(repo_id, repo_type="dataset"):
                return set()
            return {tag.name for tag in self._api.list_repo_refs(repo_id, repo_type="dataset").tags}

    def tag(self, repo_id: str, name: str, commit: str, message: str) -> None:
        """Tag a commit; errors as `upload`."""
        with self._faults():
            self._api.create_tag(repo_id, tag=name, tag_message=message, revision=commit, repo_type="dataset")

    def fetch(self, repo_id: str, revision: str, path: str, folder: Path) -> Path:
        """Download a file of a repository into *folder*; return where it is now. Errors as `upload`."""
        with self._faults():
            found = self._api.hf_hub_download(repo_id, path, repo_type="dataset", revision=revision, local_dir=folder)
            return Path(found)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn what the client raises into our errors."""
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError

        try:
            yield
        except HfHubHTTPError as error:
            raise PublishError(f"Hugging Face Hub: {_reason(error)}") from None
        except (HFValidationError, ValueError) as error:
            raise PublishError(f"Hugging Face Hub: {str(error)[:_REASON_CHARS]}") from None
        except (OSError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise PublishError(f"Hugging Face Hub at {self._shown}: cannot be reached ({error})") from None

    def _upload(self, target: "Destination", files: Mapping[str, Path | bytes], card: MakeCard) -> "Commit":
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        repo_id = self.repo_id(target.repo_name)
        self._api.create_repo(repo_id, repo_type="dataset", private=target.private, exist_ok=True)
        if target.private and not self._api.repo_info(repo_id, repo_type="dataset").private:
            raise PublishError(
                f"Hugging Face Hub: {repo_id} exists and is public; make it private there, or choose another name"
            )
        if target.is_branch:
            self._api.create_branch(repo_id, branch=target.revision, repo_type="dataset", exist_ok=True)
        head = self._api.repo_info(repo_id, repo_type="dataset", revision=target.revision).sha
        held = self._listed(repo_id, head or target.revision)
        content = card(self._card(repo_id, head or target.revision) if CARD in held else None).encode()
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationDelete(path_in_repo=path) for path in held if _REPLACED.fullmatch(path) and path not in files
        ]
        summary, _, description = target.message.strip().partition("\n")
        with ExitStack() as opened:
            for path, made in {CARD: content, **files}.items():
                source = made if isinstance(made, bytes) else self._source(made, opened)
                operations.append(CommitOperationAdd(path_in_repo=path, path_or_fileobj=source))
            made_commit = self._api.create_commit(
                repo_id,
                operations,
                commit_message=summary.strip(),
                commit_description=description.strip(),
                repo_type="dataset",
                revision=target.revision,
                create_pr=target.create_pr,
                parent_commit=head,
            )
        log.info("pushed", extra={"repo": repo_id, "revision": target.revision, "files": len(files)})
        return Commit(
            self.url(repo_id), made_commit.pr_revision or target.revision, made_commit.pr_url, str(made_commit.oid)
        )

    def _listed(self, repo_id: str, revision: str) -> list[str]:
        from huggingface_hub.errors import RemoteEntryNotFoundError

        try:
            return list(self._api.list_repo_files(repo_id, repo_type="dataset", revision=revision))
        except RemoteEntryNotFoundError:
            return []  # nothing was pushed yet

    def _card(self, repo_id: str, revision: str) -> str:
        with TemporaryDirectory() as folder:
            path = self._api.hf_hub_download(repo_id, CARD, repo_type="dataset", revision=revision, local_dir=folder)
            try:
                return Path(path).read_bytes().decode("utf-8-sig")
            except UnicodeDecodeError:
                raise PublishError(
                    "README.md of the repository: is no UTF-8; save it as that, then push again"
                ) from None

    def _source(self, path: Path, opened: ExitStack) -> str | BinaryIO:
        # Only the Hub itself has the chunk storage that uploads of paths use; mirrors take plain HTTP.
        return os.fspath(path) if self._endpoint == HUB else opened.enter_context(path.open("rb"))


def _reason(error: "HfHubHTTPError") -> str:
    """Return what the Hub said, without addresses of requests."""
    said = error.server_message or str(error).splitlines()[0]
    status = getattr(error.response, "status_code", None)
    hint = "; check the token and that it may write" if status in (401, 403) else ""
    return f"{said[:_REASON_CHARS]} (status {status}){hint}"
