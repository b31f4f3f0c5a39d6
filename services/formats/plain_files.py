"""Makes a file plain before it is read: unpacks gzip, brings text into UTF-8, and says what a foreign file is.

What is changed is written aside, in bounded memory.
"""

import codecs
import re
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from models.sizes import told
from utils.errors import InputError

_GZIP = b"\x1f\x8b"
_PIECE = 1 << 20
_HEAD = 4096
# As for Parquet (`models.samples.file.bounded_parquet`): what grows more is refused.
_EXPANSION, _EXPANSION_FREE = 100, 4 << 20
_BINARY = (b"PAR1", b"PK\x03\x04")
_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook (.xls); save it as .xlsx or CSV",
    b"\x28\xb5\x2f\xfd": "is packed with Zstandard; unpack it, or pack it with gzip",
    b"BZh": "is packed with bzip2; unpack it, or pack it with gzip",
    b"\xfd7zXZ": "is packed with xz; unpack it, or pack it with gzip",
    b"7z\xbc\xaf": "is a 7-Zip archive; unpack it",
    b"%PDF": "is a PDF document, which holds no rows",
    b"SQLite format 3": "is a SQLite database; export the table as CSV",
    b"ARROW1": "is an Arrow file (Feather); write it as Parquet",
    b"version https://git-lfs": "is a Git LFS pointer and not the file itself; fetch it with git lfs pull",
    b"<!doctype html": "is a web page and not the file itself; download the raw file",
    b"<html": "is a web page and not the file itself; download the raw file",
    b"<?xml": "is an XML document; want JSON, CSV, Parquet or .xlsx",
}
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_FALLBACK = "cp1252"
_ASCII = bytes(range(128))
_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True)
class PlainFile:
    """A file that a reader can read.

    Attributes:
        name: The name that it came with, without `.gz`.
        remarks: What was done to it, for people.
    """

    path: Path
    name: str
    remarks: tuple[str, ...] = ()


def plain_file(path: Path, name: str, folder: Path, encoding: str = "", most_bytes: int = 1 << 40) -> PlainFile:
    """Return the file at *path* (called *name* by the caller) unpacked and in UTF-8; *folder* holds what is written.

    Raises:
        InputError: it is no file that is read, grows too much, or is no text of its encoding.
    """
    if encoding:
        _check_encoding(encoding)
    given = PlainFile(path, name)
    if _head(path).startswith(_GZIP):
        unpacked = folder / "unpacked"
        _unpack(path, unpacked, most_bytes)
        given = PlainFile(unpacked, name.removesuffix(".gz"), ("the file was unpacked (gzip)",))
    head = _head(given.path)
    if head.startswith(_GZIP):
        raise InputError("file: is packed twice with gzip; unpack it once")
    if head.startswith(_BINARY):
        return given
    known = next((said for mark, said in _FOREIGN.items() if head.lstrip().lower().startswith(mark.lower())), "")
    if known:
        raise InputError(f"file: {known}")
    found = encoding or _encoding_of(given.path, head)
    if codecs.lookup(found).name == "utf-8":
        return given
    text = folder / "text"
    _transcode(given.path, text, found)
    guessed = ", since it is not UTF-8; give encoding= for another" if found == _FALLBACK and not encoding else ""
    return replace(given, path=text, remarks=(*given.remarks, f"the text was read as {_shown(found)}{guessed}"))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _check_encoding(encoding: str) -> None:
    try:
        is_text = codecs.lookup(encoding)._is_text_encoding
        b"".decode(encoding)
    except (LookupError, ValueError, UnicodeError):
        is_text = False
    if not is_text:
        raise InputError(f"encoding: got {encoding[:40]!r}, want a name like utf-8, cp1252, utf-16, shift_jis")


def _unpack(path: Path, target: Path, most_bytes: int) -> None:
    allowed = min(max(_EXPANSION * path.stat().st_size, _EXPANSION_FREE), most_bytes)
    total, piece, is_whole = 0, b"", False
    unpacker = zlib.decompressobj(wbits=31)
    with path.open("rb") as file, target.open("wb") as out:
        waiting = file.read(_PIECE)
        while waiting or (piece and not is_whole):
            if is_whole:  # files that were packed one by one may stand one after another
                unpacker = zlib.decompressobj(wbits=31)
            try:
                piece = unpacker.decompress(waiting, _PIECE)
            except zlib.error as error:
                raise InputError(f"file: is no readable gzip file ({error})") from None
            total += out.write(piece)
            if total > allowed:
                raise InputError(
                    f"file: unpacks to more than {told(allowed)}, {_EXPANSION} times its size; send it unpacked"
                )
            is_whole = unpacker.eof
            waiting = (unpacker.unused_data if is_whole else unpacker.unconsumed_tail) or file.read(_PIECE)
            if is_whole:
                waiting = waiting.lstrip(b"\0")
    if not is_whole:
        raise InputError("file: the gzip file ends too soon; send it again")


def _encoding_of(path: Path, head: bytes) -> str:
    """Return the encoding of a text: by its mark, by the zeros of UTF-16, else UTF-8 or Windows-1252.

    Raises:
        InputError: it is none of these, or UTF-8 that was damaged.
    """
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "")
    if marked:
        return marked
    # A stray zero in UTF-8 makes no UTF-16, where every sign of ASCII has one.
    zeros = head.count(0)
    if zeros and (10 * zeros > len(head) or _fault_in(path, "utf-8") is not None):
        odd, even = head[1::2].count(0), head[0::2].count(0)
        return "utf-16-le" if odd > even else "utf-16-be"
    place = _fault_in(path, "utf-8")
    if place is None:
        return "utf-8"
    if _is_mostly_utf8(path):
        raise InputError(
            f"file: is UTF-8 text with a broken character near byte {place}; save it again, or give encoding="
        )
    if _fault_in(path, _FALLBACK) is not None:
        raise InputError("file: is neither UTF-8 nor Windows-1252 text; save it as UTF-8, or give encoding=")
    return _FALLBACK


def _fault_in(path: Path, encoding: str) -> int | None:
    """Return the first byte of about a piece that is not text of *encoding*; None if all is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            try:
                # Both encodings hold ASCII as it is, which is found out faster than it is decoded.
                if not piece.isascii() or decoder.getstate()[0]:
                    decoder.decode(piece)
            except UnicodeDecodeError as error:
                return done + error.start
            done += len(piece)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return done
    return None


def _is_mostly_utf8(path: Path) -> bool:
    """Tell whether sequences of UTF-8 prevail: text of one byte a character has few, and by chance."""
    sequences = strays = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            rest, found = _SEQUENCE.subn(b"", piece)
            sequences += found
            strays += len(rest.translate(None, delete=_ASCII))
    return 0 < sequences >= strays


def _transcode(path: Path, target: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as file, target.open("wb") as out:
        try:
            while piece := file.read(_PIECE):
                out.write(decoder.decode(piece).encode())
                done += len(piece)
            out.write(decoder.decode(b"", final=True).encode())
        except UnicodeError:
            raise InputError(
                f"file: is no {_shown(encoding)} text near byte {done}; give the right encoding="
            ) from None


def _shown(encoding: str) -> str:
    return "Windows-1252" if encoding == _FALLBACK else encoding.upper()
