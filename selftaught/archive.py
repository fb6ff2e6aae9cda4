"""The zip of an artifact: a bounded reader that trusts nothing the file says of itself, and a writer that leaves nothing half done.

Refused before anything is unpacked: a file or a directory of entries that is too large, an entry twice, outside the known names,
encrypted, packed in another way than deflate, or that is no plain file. An entry is unpacked to at most the size it declares.
"""

from __future__ import annotations

import contextlib
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from selftaught.errors import ArtifactError

LARGEST = 64 * 2**20
"""Bytes that the entries may unpack to, all together; and bytes of the file."""
LARGEST_MANIFEST = 2**20
MOST_ENTRIES = 10_000
LARGEST_DIRECTORY = 4 * 2**20
"""Bytes of the zip's own table of entries."""

MANIFEST = "manifest.json"
PARTS = ("program.json", "state.json", "provenance.json")
LATER_PARTS = ("learned.json",)
"""Parts that files written by earlier versions of this format do not have."""

_INSTRUCTION = re.compile(r"instructions/[^/\\\x00-\x1f:]+\.txt")
_START, _END, _END64 = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    LookupError,
    ValueError,
    OSError,
    struct.error,
)


def instruction_file(step: str) -> str:
    """Return the name under which the instruction of a step is kept for people; no step's name leads out of the folder."""
    return f"instructions/{quote(step, safe='[]_-. ' + chr(39)).replace('..', '%2E%2E')}.txt"


def content_of(path: Path) -> bytes:
    """Return the bytes of an artifact.

    Raises:
        ArtifactError: there is none, it cannot be read, or it is larger than any program.
    """
    try:
        if path.exists() and not path.is_file():
            raise OSError("it is no plain file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise ArtifactError(f"There is no artifact at {path}.") from error
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} is no artifact, or is broken: {error}.") from error
    if len(content) > LARGEST:
        raise ArtifactError(f"{path} is larger than {LARGEST >> 20} MiB, which no program needs.")
    return content


def unpacked(content: bytes, path: Path) -> dict[str, bytes]:
    """Return the entries of an artifact by name, the instructions for people left out.

    Args:
        content: the file.
        path: where it is from, for messages.

    Raises:
        ArtifactError: it is no artifact, or has something that no artifact has; the message names the entry.
    """
    try:
        _check_directory(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            for entry in entries:
                _check_entry(entry)
            names = [entry.filename for entry in entries]
            if twice := next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None:
                raise ValueError(f"the entry {twice!r} is there twice")
            if sum(entry.file_size for entry in entries) > LARGEST:
                raise ArtifactError(f"{path} unpacks to more than {LARGEST >> 20} MiB, which no program needs.")
            if missing := [name for name in (MANIFEST, *PARTS) if name not in names]:
                raise ValueError(f"the part {missing[0]} is missing")
            return {entry.filename: _bytes_of(archive, entry) for entry in entries if not _INSTRUCTION.fullmatch(entry.filename)}
    except _BROKEN as error:
        raise ArtifactError(f"{path} is no artifact, or is broken: {_shown(error)}.") from error


def _check_directory(content: bytes) -> None:
    """Look at the last record of the zip, which says how much the library is going to read before it can be stopped."""
    end = content[-22:]
    if len(end) < 22 or not end.startswith(_END) or content[-42:-38] == _END64 or not content.startswith(_START):
        raise ValueError("it does not begin and end as the zip of an artifact does")
    *_, count, size, _start, comment = struct.unpack("<4s4H2LH", end)
    if comment or count > MOST_ENTRIES or size > LARGEST_DIRECTORY:
        raise ValueError(f"it has {count} entries in a table of {size} bytes, and {comment} bytes of comment")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name, mode = entry.filename, entry.external_attr >> 16
    if name not in (MANIFEST, *PARTS, *LATER_PARTS) and (not _INSTRUCTION.fullmatch(name) or ".." in name):
        raise ValueError(f"the entry {name[:100]!r} belongs to no artifact")
    if entry.orig_filename != name:
        raise ValueError(f"the entry {name[:100]!r} has a second name")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise ValueError(f"the entry {name[:100]!r} is no plain file")
    if entry.flag_bits & 0x1:
        raise ValueError(f"the entry {name[:100]!r} is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"the entry {name[:100]!r} is packed in an unusual way")
    if name == MANIFEST and entry.file_size > LARGEST_MANIFEST:
        raise ValueError(f"its manifest is larger than {LARGEST_MANIFEST >> 20} MiB")


def _bytes_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Unpack one entry; reading with a bound keeps the library from unpacking more than was declared."""
    with archive.open(entry) as file:
        content = file.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise ValueError(f"the entry {entry.filename!r} has not the size that it declares")
    return content


def _shown(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text[:300].encode("utf-8", "backslashreplace").decode()


def write_archive(target: Path, texts: Mapping[str, str]) -> Path:
    """Write an artifact; an existing file is replaced only when the new one is complete.

    Raises:
        ArtifactError: it cannot be written there.
    """
    half = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in texts.items():
                archive.writestr(name, text)
        half.replace(target)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise ArtifactError(f"{target} cannot be written: {error}.") from error
    return target
