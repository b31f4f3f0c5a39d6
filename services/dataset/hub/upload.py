"""Uploads files to a data set repository of the Hub, with the Hub's own client."""

import logging
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from utils.addresses import without_user
from utils.errors import PublishError

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

log = logging.getLogger(__name__)
HUB = "https://huggingface.co"
_REASON_CHARS = 500


class Hub:
    """The Hub at one address, with one token."""

    def __init__(self, token: str, endpoint: str | None = None) -> None:
        from huggingface_hub import HfApi

        self._endpoint = endpoint or HUB
        self._shown = without_user(self._endpoint)
        self._api = HfApi(endpoint=self._endpoint, token=token, library_name="legal-training-platform")

    def upload(self, repo_name: str, files: Mapping[str, Path | bytes], private: bool, message: str) -> str:
        """Put *files* into the repository in one commit; data files of an earlier push are removed.

        Args:
            repo_name: `name` for one of the token's owner, or `owner/name`.
            files: Contents by path in the repository.
            private: Make the repository private if it is created.
            message: The commit message.

        Returns:
            The repository's address.

        Raises:
            PublishError: the Hub refused; with its reason.
        """
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError

        try:
            return self._upload(repo_name, files, private, message)
        except HfHubHTTPError as error:
            raise PublishError(f"Hugging Face Hub: {_reason(error)}") from None
        except (HFValidationError, ValueError) as error:
            raise PublishError(f"Hugging Face Hub: {str(error)[:_REASON_CHARS]}") from None
        except (OSError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise PublishError(f"Hugging Face Hub at {self._shown}: cannot be reached ({error})") from None

    def _upload(self, repo_name: str, files: Mapping[str, Path | bytes], private: bool, message: str) -> str:
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        owner = "" if "/" in repo_name else f"{self._api.whoami()['name']}/"
        repo_id = f"{owner}{repo_name}"
        self._api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)
        if private and not self._api.repo_info(repo_id, repo_type="dataset").private:
            raise PublishError(
                f"Hugging Face Hub: {repo_id} exists and is public; make it private there, or choose another name"
            )
        old = [path for path in self._listed(repo_id) if path.startswith("data/") and path not in files]
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationDelete(path_in_repo=path) for path in old
        ]
        with ExitStack() as opened:
            for path, content in files.items():
                source = content if isinstance(content, bytes) else self._source(content, opened)
                operations.append(CommitOperationAdd(path_in_repo=path, path_or_fileobj=source))
            self._api.create_commit(repo_id, operations, commit_message=message, repo_type="dataset")
        log.info("pushed", extra={"repo": repo_id, "files": len(files)})
        return f"{self._shown}/datasets/{repo_id}"

    def _listed(self, repo_id: str) -> list[str]:
        from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

        try:
            return list(self._api.list_repo_files(repo_id, repo_type="dataset"))
        except (EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError):
            return []  # nothing was pushed yet

    def _source(self, path: Path, opened: ExitStack) -> str | BinaryIO:
        # Only the Hub itself has the chunk storage that uploads of paths use; mirrors take plain HTTP.
        return os.fspath(path) if self._endpoint == HUB else opened.enter_context(path.open("rb"))


def _reason(error: "HfHubHTTPError") -> str:
    """Return what the Hub said, without addresses of requests."""
    said = error.server_message or str(error).splitlines()[0]
    status = getattr(error.response, "status_code", None)
    hint = "; check the token and that it may write" if status in (401, 403) else ""
    return f"{said[:_REASON_CHARS]} (status {status}){hint}"
