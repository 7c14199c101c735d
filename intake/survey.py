"""One pass over a file before anything of it is believed: can it be opened to its end, is it text, in which encoding.

Reads in fixed chunks, so memory stays flat; gives the digest and size that the import run is known by.
"""

import codecs
import gzip
import hashlib
import lzma
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from intake.errors import UnusableFile

CHUNK_BYTES = 1 << 20

_SIGNATURES = {
    b"PK\x03\x04": "is a zip archive or an Excel workbook; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "is an old Excel or Word file; save the sheet as CSV",
    b"%PDF": "is a PDF; a CSV is expected",
    b"{\\rtf": "is a rich text document; a CSV is expected",
}
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Text holds next to no control characters. A stray one costs its row, not the file; UTF-16 without its mark, programs
# and pictures hold many.
CONTROLS_AT_MOST = 20  # one byte in so many
_TEXT_BYTES = bytes(byte for byte in range(256) if byte >= 32 or byte in b"\t\n\r\f\v\x1a\x1b\x85")
_BROKEN = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")
# Bytes that Windows-1252 leaves undefined: a file that holds one was written as ISO-8859-1.
_NOT_WINDOWS = bytes([0x81, 0x8D, 0x8F, 0x90, 0x9D])


@dataclass(frozen=True)
class Survey:
    """What the first pass found. `size_bytes` and `lines` are of the unpacked text; `lines` counts line feeds."""

    encoding: str
    sha256: str
    size_bytes: int
    lines: int


def open_bytes(path: Path) -> BinaryIO:
    """Open `path` for reading its unpacked bytes; gzip and xz are known by content, not by name."""
    try:
        with path.open("rb") as probe:
            head = probe.read(6)
        if head.startswith(b"\x1f\x8b"):
            return cast(BinaryIO, gzip.open(path, "rb"))
        if head.startswith(b"\xfd7zXZ\x00"):
            return cast(BinaryIO, lzma.open(path, "rb"))
        return path.open("rb")
    except OSError as error:
        raise UnusableFile(f"{path.name} can't be opened: {error.strerror or error}") from error


def survey(path: Path, *, encoding: str | None) -> Survey:
    """Read `path` once from end to end; raise UnusableFile where no row of it could be trusted.

    `encoding` is the mapping's; without it a byte-order mark decides, then UTF-8 if the bytes are, then Windows-1252,
    then ISO-8859-1. Stray bytes in a file that is otherwise UTF-8 don't change the choice: their rows are rejected.
    """
    tally = _Tally()
    try:
        with open_bytes(path) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                tally.add(chunk)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise UnusableFile(f"{path.name} can't be read to its end: {error}") from error
    if tally.blank:
        raise UnusableFile(f"{path.name} is empty; a header row was expected")
    return Survey(encoding or tally.encoding(path.name), tally.digest.hexdigest(), tally.size_bytes, tally.lines)


class _Tally:
    """Running counts over the chunks of one file."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.size_bytes = self.lines = self.broken = self.beyond_ascii = 0
        self.blank = True
        self.head = b""
        self.not_windows = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def add(self, chunk: bytes) -> None:
        if not self.head:
            self.head = chunk[:4096]
        self.digest.update(chunk)
        self.size_bytes += len(chunk)
        self.lines += chunk.count(b"\n")
        self.blank = self.blank and not chunk.strip(b" \t\r\n\xef\xbb\xbf\xff\xfe\x00")
        if not chunk.isascii():
            decoded = self._decoder.decode(chunk)
            broken = len(_BROKEN.findall(decoded))
            self.broken += broken
            self.beyond_ascii += len(_NOT_ASCII.findall(decoded)) - broken
            self.not_windows = self.not_windows or any(byte in chunk for byte in _NOT_WINDOWS)

    def encoding(self, name: str) -> str:
        for signature, meaning in _SIGNATURES.items():
            if self.head.startswith(signature):
                raise UnusableFile(f"{name} {meaning}")
        for bom, encoding in _BOMS:
            if self.head.startswith(bom):
                return encoding
        if len(self.head.translate(None, _TEXT_BYTES)) * CONTROLS_AT_MOST > len(self.head):
            raise UnusableFile(f"{name} is not text: it holds binary data; a CSV is expected")
        if not self.broken or self.broken * 2 < self.beyond_ascii:
            return "utf-8"
        return "iso-8859-1" if self.not_windows else "windows-1252"
