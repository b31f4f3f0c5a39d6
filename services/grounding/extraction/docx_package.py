"""The parts of a DOCX, unpacked and parsed with bounds: no entity, nothing from outside, no more bytes than allowed."""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from services.grounding.extraction.kinds import refused
from services.grounding.extraction.outcome import MIB
from utils.errors import DocumentError

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_W = frozenset((
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
))  # fmt: skip
_PREFIXES = {
    **dict.fromkeys(_W, "w"),
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    "http://schemas.openxmlformats.org/officeDocument/2006/math": "m",
    "http://purl.oclc.org/ooxml/officeDocument/math": "m",
    "http://schemas.microsoft.com/office/word/2010/wordprocessingShape": "wps",
}
_MEMBERS = 20_000
# How libxml2 tells that there is no memory: XML_ERR_NO_MEMORY, or nothing at all.
_NO_MEMORY = (0, 2)
_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


def tag(element: "Element") -> str:
    """Return the name of *element* with the usual prefix, whatever edition of the format it is of; "" for others."""
    name = element.tag
    if not isinstance(name, str):
        return ""
    space, _, local = name[1:].partition("}")
    return f"{prefix}:{local}" if (prefix := _PREFIXES.get(space)) else ""


def attribute(element: "Element", name: str) -> str:
    """Return the attribute *name* of the format's own, "" where there is none."""
    for space in _W:
        if (value := element.get(f"{{{space}}}{name}")) is not None:
            return str(value)
    return ""


def child(element: "Element | None", *names: str) -> "Element | None":
    """Return the element that *names* lead to, one below the other."""
    for name in names:
        element = next((one for one in element if tag(one) == name), None) if element is not None else None
    return element


def value(element: "Element | None", *names: str) -> str:
    """Return the `val` of the element that *names* lead to; "" where there is none."""
    found = child(element, *names)
    return attribute(found, "val") if found is not None else ""


def is_on(element: "Element | None", *names: str) -> bool | None:
    """Say whether a switch is on or off; None where it is not told."""
    found = child(element, *names)
    return None if found is None else attribute(found, "val") not in ("0", "false", "off", "none")


class Package:
    """A DOCX as parts; close it by `with`. Raises DocumentError."""

    def __init__(self, path: Path, name: str, most_bytes: int) -> None:
        self._name = name
        self._most_bytes = self._left = most_bytes
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGED as error:
            raise self.damaged(error) from error
        if len(self._zip.namelist()) > _MEMBERS:
            raise refused(name, f"it has {len(self._zip.namelist()):,} parts, a document has some tens")
        self._names = {one.lower().lstrip("/"): one for one in self._zip.namelist()}

    def __enter__(self) -> "Package":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def damaged(self, error: Exception) -> DocumentError:
        """Return what *error* says of the file; MemoryError where it was that."""
        if getattr(error, "code", None) in _NO_MEMORY:
            raise MemoryError
        said = str(error)[:200]
        if "encrypted" in said or "password" in said:
            return refused(self._name, "it is encrypted: save it without a password")
        if "Detected an entity" in said or "entit" in said.lower():
            return refused(self._name, "its XML declares entities, which no word processor writes; save it anew")
        if "depth" in said.lower() or "huge" in said.lower():
            return refused(self._name, f"its parts are nested too deeply or are too long ({said})")
        return refused(self._name, f"it is cut short or damaged ({said}); fetch or save it again")

    def main_part(self) -> str:
        """Return the name of the part that holds the text."""
        relations = self.relations("")
        name = next((target for kind, target in relations if kind.endswith("/officeDocument")), "word/document.xml")
        if name.lower() not in self._names:
            raise refused(self._name, "it is no whole DOCX: the part with its text is missing")
        return name

    def related(self, part: str, kind: str) -> str:
        """Return the part of a *kind* that belongs to *part*, "" where there is none."""
        return next((target for one, target in self.relations(part) if one.endswith(f"/{kind}")), "")

    def relations(self, part: str) -> list[tuple[str, str]]:
        """Return kind and target of all parts that *part* names; not what lies outside of the file."""
        folder, base = posixpath.split(part)
        root = self.tree(posixpath.join(folder, "_rels", f"{base}.rels"))
        return [
            (one.get("Type", ""), posixpath.normpath(posixpath.join(folder, one.get("Target", ""))).lstrip("/"))
            for one in (root if root is not None else ())
            if isinstance(one.tag, str) and one.get("TargetMode") != "External"
        ]

    def tree(self, part: str) -> "Element | None":
        """Return the root of *part*; None where the file has no such part."""
        from lxml import etree

        if not part or part.lower() not in self._names:
            return None
        with self._open(part) as source:
            try:
                root = etree.parse(source, _parser()).getroot()
            except (etree.XMLSyntaxError, *_DAMAGED) as error:
                raise self.damaged(error) from error
        self._without_doctype(root)
        return root

    def blocks(self, part: str, container: str) -> Iterator["Element"]:
        """Yield what stands directly in the *container* of *part*, each gone from memory after it was used."""
        from lxml import etree

        with self._open(part) as source:
            depth, is_within = 0, False
            try:
                for event, element in etree.iterparse(
                    source,
                    events=("start", "end"),
                    resolve_entities=False,
                    load_dtd=False,
                    no_network=True,
                    huge_tree=False,
                ):
                    if event == "start":
                        depth += 1
                        if depth == 1:
                            self._without_doctype(element)
                        is_within = is_within or (depth == 2 and tag(element) == container)
                        continue
                    depth -= 1
                    if depth == 2 and is_within:
                        yield element
                        element.clear()
                        while element.getprevious() is not None:
                            del element.getparent()[0]
                    elif depth == 1:
                        is_within = False
            except (etree.XMLSyntaxError, *_DAMAGED) as error:
                raise self.damaged(error) from error

    def _without_doctype(self, root: "Element") -> None:
        if root.getroottree().docinfo.doctype:
            raise refused(
                self._name, "its XML has a document type with entities, which no word processor writes; save it anew"
            )

    def _open(self, part: str) -> "_Bounded":
        member = self._names[part.lower()]
        if self._zip.getinfo(member).file_size > self._left:
            raise self._too_large()
        try:
            return _Bounded(self._zip.open(member), self)
        except _DAMAGED as error:
            raise self.damaged(error) from error

    def take(self, size: int) -> None:
        """Count *size* unpacked bytes."""
        self._left -= size
        if self._left < 0:
            raise self._too_large()

    def _too_large(self) -> DocumentError:
        return refused(self._name, f"it unpacks to more than {self._most_bytes // MIB:,} MiB: send it in parts")


class _Bounded(io.RawIOBase):
    """Reads a part and counts what was unpacked, whatever its header says."""

    def __init__(self, source: IO[bytes], package: Package) -> None:
        self._source = source
        self._package = package

    def read(self, size: int = -1) -> bytes:
        content = self._source.read(1 << 16 if size < 0 else min(size, 1 << 16))
        self._package.take(len(content))
        return content

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._source.close()
        super().close()


def _parser() -> object:
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
