"""Quality from the command line: reports on any file, the index of authorities, benchmarks, the starter set."""

from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import orjson
import polars as pl
from rich.console import Console

from bootstrap import build_checker
from config import Settings
from models.catalogue.authority_store import AuthorityStore
from models.contract.answers.quality_report import QualityFigures
from models.samples.file.parquet_version import ParquetVersion
from services.catalogue.catalogue import load_catalogue
from services.citations.authority_import import ImportedAuthorities, import_authorities
from services.citations.checker import CitationChecker
from services.quality.benchmarks import Benchmarks
from services.quality.duplicates import DUPLICATE
from services.quality.report.figures import Found
from services.quality.report.measuring import Measures, build_report, examine_piece, to_json
from services.quality.report.page import render
from utils.errors import InputError, StorageError

_PROCESSES = 2
_PARALLEL_FROM = 2_000


class FileReport(QualityFigures):
    """What the samples of a file are worth, and what had to be changed to read them."""

    changed_on_reading: list[str]


def report_on(path: Path, settings: Settings) -> FileReport:
    """Return the quality report on a Parquet file, also a foreign one.

    Raises:
        InputError: it is no Parquet file, or holds neither questions nor answers.
    """
    version = conformed(path)
    measures = measures_of(settings)
    changes = version.report.changes if version.report else []
    if len(version) < _PARALLEL_FROM:
        return {**build_report(version.pieces(), measures), "changed_on_reading": changes}
    context = get_context("spawn")
    with ProcessPoolExecutor(_PROCESSES, mp_context=context, initializer=_begin, initargs=(settings,)) as pool:
        made = build_report(version.pieces(), measures, lambda frame: pool.submit(_examine, frame))
    return {**made, "changed_on_reading": changes}


def conformed(path: Path) -> ParquetVersion:
    """Open a Parquet file whose samples are read with our columns.

    Raises:
        StorageError: it cannot be read, or is no Parquet file.
        InputError: it holds neither questions nor answers.
    """
    version = ParquetVersion(path)
    with path.open("rb") as file:
        names = list(pl.read_parquet_schema(file))
    if not {"question", "answer"} & set(names):
        raise InputError(f"{path}: got the columns {', '.join(names)[:200]}, want at least question and answer")
    return version


def write_report(report: FileReport, out: Path, title: str) -> None:
    """Write a report: a page for people when the name ends in .html, else JSON."""
    try:
        if out.suffix.lower() in (".html", ".htm"):
            out.write_text(render(report, title), encoding="utf-8")
        else:
            out.write_bytes(to_json(report))
    except OSError as error:
        raise StorageError(f"{out}: cannot be written ({error.strerror})") from None


def summary(report: FileReport, console: Console) -> None:
    """Print what matters most."""
    validity, citations = report["validity"], report["citations"]
    rate = "–" if validity["rate"] is None else f"{100 * validity['rate']:.1f} %"
    console.print(f"{report['samples']} samples, {validity['valid']} valid ({rate})")
    console.print(f"citations: {', '.join(f'{name} {n}' for name, n in citations['by_verdict'].items()) or 'none'}")
    found = report["duplicates"]
    console.print(
        f"pairs of similar samples: {found['similar_pairs']}, of them from {DUPLICATE:g} on: {found['pairs_from_0_6']}"
    )
    console.print(
        f"personal data: {', '.join(f'{name} {n}' for name, n in report['pii'].items() if n) or 'none found'}"
    )


def bring_in(path: Path, form: str, names: Path | None, settings: Settings) -> tuple[ImportedAuthorities, Path]:
    """Import authorities from a file; return what came of it, and where the index lies."""
    store = _authorities(settings)
    try:
        return import_authorities(path, form, store, checker_of(settings).extractor, names), store.path
    finally:
        store.close()


def benchmarks_of(settings: Settings) -> Benchmarks:
    """Return the benchmarks of the installation."""
    return Benchmarks(settings.data_dir.expanduser() / "benchmarks")


def contaminated(path: Path, settings: Settings) -> tuple[int, list[tuple[str, dict[str, int]]]]:
    """Return how many samples a Parquet file has, and those that overlap with a benchmark."""
    benchmarks = benchmarks_of(settings)
    if not benchmarks.names():
        raise InputError("benchmarks: there are none; make one with cli.py decontaminate build NAME FILE…")
    version = conformed(path)
    found = [
        (str(row["id"]), overlap)
        for piece in version.pieces()
        for row in piece.iter_rows(named=True)
        if (overlap := benchmarks.of_sample(row))
    ]
    return len(version), found


def starter_lines(settings: Settings) -> bytes:
    """Return the starter set as JSON Lines, as an import takes it."""
    rows = load_catalogue(settings.catalog_dir).starter
    return b"".join(orjson.dumps(row.model_dump(), option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def checker_of(settings: Settings) -> CitationChecker:
    """Return the citation check of the installation."""
    return build_checker(settings, load_catalogue(settings.catalog_dir), _authorities(settings))


def measures_of(settings: Settings) -> Measures:
    """Return what reports are made with."""
    catalogue = load_catalogue(settings.catalog_dir)
    checker = build_checker(settings, catalogue, _authorities(settings))
    return Measures(catalogue, checker, benchmarks_of(settings), settings.words_tolerance)


def _authorities(settings: Settings) -> AuthorityStore:
    folder = settings.data_dir.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return AuthorityStore(folder / "authorities.db")


_IN_PROCESS: list[Settings] = []


def _begin(settings: Settings) -> None:
    _IN_PROCESS.append(settings)


@cache
def _measures() -> Measures:
    return measures_of(_IN_PROCESS[0])


def _examine(frame: pl.DataFrame) -> list[Found]:
    return examine_piece(frame, _measures())
