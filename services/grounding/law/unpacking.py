"""What services pack, unpacked with bounds: the one XML of a zip, the case files of a volume, a bz2."""

import bz2
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from services.grounding.law.sources import Packing
from utils.errors import InputError

_PIECE = 1 << 20
_MOST_MEMBERS = 50_000
_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


def unpack(packed: Path, packing: Packing, target: Path, most_bytes: int, name: str) -> None:
    """Write what is in *packed* to *target*.

    Raises:
        InputError: it is damaged, holds no such file, or more than *most_bytes*.
    """
    try:
        with target.open("wb") as file:
            left = most_bytes
            for piece in _pieces(packed, packing, name):
                left -= len(piece)
                if left < 0:
                    raise InputError(
                        f"{name}: holds more than {most_bytes >> 20} MB; raise MAX_DOCUMENT_MB, or add a part of it"
                    )
                file.write(piece)
    except _DAMAGED as error:
        raise InputError(f"{name}: is cut short or damaged ({str(error)[:120]}); add it again") from error


def _pieces(packed: Path, packing: Packing, name: str) -> Iterator[bytes]:
    if packing is Packing.BZIP2:
        with bz2.open(packed) as source:
            yield from _read(source)
        return
    with zipfile.ZipFile(packed) as archive:
        members = [one for one in archive.infolist()[:_MOST_MEMBERS] if not one.is_dir()]
        if packing is Packing.CASES:
            yield from _cases(archive, members, name)
            return
        chosen = [one for one in members if one.filename.lower().endswith(".xml")]
        if packing is Packing.FORMEX:
            chosen = [one for one in chosen if _is_act(archive, one)]
        if not chosen:
            raise InputError(f"{name}: the archive holds no text of law; fetch it in a browser and upload the file")
        with archive.open(max(chosen, key=lambda one: one.file_size)) as source:
            yield from _read(source)


def _cases(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], name: str) -> Iterator[bytes]:
    """Yield the cases of a volume, one a line."""
    import orjson

    cases = sorted(
        (one for one in members if one.filename.endswith(".json") and "etadata" not in one.filename),
        key=lambda one: one.filename,
    )
    if not cases:
        raise InputError(f"{name}: the archive holds no cases; want a volume of static.case.law")
    for one in cases:
        if one.file_size > 64 * _PIECE:
            raise InputError(f"{name}: {one.filename} unpacks to {one.file_size >> 20} MB, which no case has")
        yield orjson.dumps(orjson.loads(archive.read(one))) + b"\n"


def _is_act(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with archive.open(member) as source:
        head = source.read(4096)
    return any(root in head for root in (b"<ACT", b"<CONS.ACT", b"<AGR"))


def _read(source: IO[bytes]) -> Iterator[bytes]:
    while piece := source.read(_PIECE):
        yield piece
