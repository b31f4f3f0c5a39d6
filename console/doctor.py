"""Checks an installation: packages, keys, providers, disk, database, data set, model file, scans, embedder."""

import ctypes.util
import importlib.metadata
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from config import PROJECT_DIR, Settings, load_settings
from console.bench import workbench
from models.backups import agreement
from models.backups.backup import PARQUET
from models.database import open_engine
from models.engines.opening import examine as named_database
from models.samples.file.parquet_file import ParquetFile
from models.samples.shards.opening import examined, refuse_one_file
from services.workbench import Workbench
from utils.addresses import without_user
from utils.errors import AppError
from utils.installation import COMMAND, IS_PACKAGE, extra_of, how_to_install, missing

_MIN_FREE_MIB = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `ok` None is a remark."""

    what: str
    ok: bool | None
    says: str


def findings() -> Iterator[Finding]:
    """Yield the findings, settings first; with wrong settings nothing else is checked."""
    try:
        settings = load_settings()
    except AppError as error:
        yield Finding("settings", False, str(error))
        return
    yield Finding("settings", True, "valid")
    yield from examine(settings)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield the findings, one check after the other; no check stops the rest."""
    bench = workbench(settings)
    yield _python()
    yield from _packages()
    yield _guarded("catalogue", lambda: _catalogue(bench))
    yield _guarded("data folder", lambda: _disk(settings.data_dir.expanduser()))
    yield _guarded("database", lambda: Finding("database", True, named_database(settings.database_url)))
    yield _guarded("data set", lambda: _data_set(settings.data_dir.expanduser() / PARQUET, settings))
    yield _engine()
    yield _guarded("model file", lambda: _weights(bench))
    yield _guarded("scanned pages", lambda: _scans(bench))
    yield _guarded("embedder", lambda: _embedder(settings, bench))
    yield from _providers(settings, bench)


def _guarded(what: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except (AppError, OSError) as error:
        return Finding(what, False, str(error))


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    ok = sys.version_info >= (3, 11)
    return Finding("Python", ok, version if ok else f"{version}, want 3.11 or newer")


def _packages() -> Iterator[Finding]:
    """Hold what is installed against the pins: the same in a clone, as new or newer beside the packages of others."""
    wrong = []
    for line in (PROJECT_DIR / "requirements.txt").read_text().splitlines():
        found = re.match(r"^([\w.-]+)==([\w.]+)\s*(?:;\s*(.*))?$", line)
        if found is None or ("win32" in (found.group(3) or "") and _for_other_system(found.group(3))):
            continue
        name, wanted = found.group(1), found.group(2)
        try:
            got = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            if IS_PACKAGE and extra_of(name) != "service":
                continue  # what needs it says so
            got = "missing"
        if got != wanted and not (IS_PACKAGE and _parts(got) >= _parts(wanted)):
            wrong.append(f"{name}: got {got}, want {wanted}")
    right = "as the package wants them" if IS_PACKAGE else "as in requirements.txt"
    yield Finding("packages", not wrong, "; ".join(wrong) + f"; run `{how_to_install('service')}`" if wrong else right)


def _parts(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _for_other_system(marker: str) -> bool:
    return ('!= "win32"' in marker) == (sys.platform == "win32")


def _catalogue(bench: Workbench) -> Finding:
    catalogue = bench.catalogue
    return Finding("catalogue", True, f"{len(catalogue.topics)} topics, {len(catalogue.sample_types)} sample types")


def _disk(folder: Path) -> Finding:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".write-test"
    probe.write_bytes(b"x")
    probe.unlink()
    free_mib = shutil.disk_usage(folder).free >> 20
    says = f"{folder.resolve()}, {free_mib} MiB free"
    return Finding(
        "data folder", free_mib >= _MIN_FREE_MIB, says if free_mib >= _MIN_FREE_MIB else f"{says}, want {_MIN_FREE_MIB}"
    )


def _data_set(path: Path, settings: Settings) -> Finding:
    database = settings.database_file
    # Looking must not create a missing database.
    engine = open_engine(settings.database_url if database is None or database.exists() else "sqlite://")
    if settings.data_url:
        shards, rows, size = examined(settings.data_url, engine)
        engine.dispose()
        return Finding("data set", True, f"{settings.data_url}: {shards} shards, {rows} rows, {size >> 20} MiB")
    try:
        refuse_one_file(engine)
        fault = agreement.fault_of(path, engine)
    finally:
        engine.dispose()
    if fault:
        return Finding("data set", False, fault)
    version = ParquetFile(path).open()
    if version is None:
        return Finding("data set", None, f"{path}: not written yet")
    return Finding("data set", True, f"{path}: {len(version)} samples")


def _engine() -> Finding:
    try:
        version = importlib.metadata.version("xllamacpp")
    except importlib.metadata.PackageNotFoundError:
        return Finding(
            "embedded model", None if IS_PACKAGE else False, f"xllamacpp is missing; run `{how_to_install('local')}`"
        )
    if sys.platform == "linux" and ctypes.util.find_library("gomp") is None:
        return Finding("embedded model", False, "libgomp is missing; on Debian: apt-get install libgomp1")
    return Finding("embedded model", True, f"xllamacpp {version}")


def _weights(bench: Workbench) -> Finding:
    store = bench.weights
    if not store.is_present():
        return Finding("model file", None, f"{store.model_name}: not fetched yet; `{COMMAND} model fetch` does it")
    return Finding("model file", True, f"{store.ensure()}: verified")


def _scans(bench: Workbench) -> Finding:
    version, languages, lacking = bench.recognition()
    if not version:
        return Finding("scanned pages", None, f"cannot be read: {lacking}")
    says = f"{version}, languages {', '.join(languages) or 'none'}"
    if lacking:
        return Finding(
            "scanned pages",
            False,
            f"{says}: {lacking}; on Debian apt-get install tesseract-ocr-eng, or set TESSDATA_PREFIX",
        )
    return Finding("scanned pages", True, says)


def _embedder(settings: Settings, bench: Workbench) -> Finding:
    if settings.embedding_base_url:
        says = f"{settings.embedding_model} at {without_user(settings.embedding_base_url)}"
        return Finding("embedder", True, says)
    if settings.embedder == "off":
        return Finding("embedder", None, "EMBEDDER is off, so citations and words alone find")
    names = bench.encoders(small=settings.embedder == "small")
    if not names:
        says = f"not fetched yet, so citations and words alone find; `{COMMAND} embedder fetch` does it"
        return Finding("embedder", None, says)
    lack = missing("onnxruntime", "tokenizers")
    return Finding("embedder", not lack, lack or " and ".join(names))


def _providers(settings: Settings, bench: Workbench) -> Iterator[Finding]:
    try:
        providers = bench.llm.factory.enabled()
    except AppError as error:
        yield Finding("providers", False, str(error))
        return
    usable = [provider.id for provider in providers]
    yield from _default(settings, usable, bench)
    for provider in bench.catalogue.providers:
        if not provider.last_resort:
            yield _provider(provider.id, usable, bench)


def _default(settings: Settings, usable: list[str], bench: Workbench) -> Iterator[Finding]:
    name = settings.default_provider
    if name and name not in usable:
        known = bench.catalogue.provider(name) is not None
        says = f"DEFAULT_PROVIDER is {name!r}, " + (
            f"want one that is set up: {', '.join(usable)}" if known else "which must have been added over the API"
        )
        yield Finding("default provider", False if known else None, says)


def _provider(name: str, usable: list[str], bench: Workbench) -> Finding:
    info, llm = bench.catalogue.provider(name), bench.llm
    if info is None or name not in usable:
        variable = info.key if info else ""
        return Finding(f"provider {name}", None, f"{variable} is not set")
    key = "key set" if llm.factory.has_key(name) else "no key"
    llm.models.refresh([name])
    found = llm.models.discovery(name)
    address = without_user(llm.factory.base_url(info))
    if found.listed is None:
        return Finding(f"provider {name}", False, f"{address}, {key}: {found.reason}")
    return Finding(f"provider {name}", True, f"{address}, {key}, {len(found.listed)} models")
