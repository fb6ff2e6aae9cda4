"""Damaged artifacts: a valid file, changed at random, to find out that whatever a file holds ends in a program or a typed error."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from typing import Any

ODD_TEXTS = (
    "", "__class__", "os:system", "builtins:eval", "../../x", "{{ 7*7 }}", "{0.__class__}", "${HOME}", "a\x00b", "\ud800", "x" * 5000, "-> a", "a -> b",
    "a: os.system -> b", 'a: list["__import__(\'os\')"] -> b', "selftaught.programs.step:Step", "selftaught.programs.vote.core:Vote", "api_base", "class",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    10**9,
    10**30,
    1e308,
    [],
    {},
    [[]],
    {"class": "os:system", "arguments": {}},
    {"same": 0},
    {"task": {}},
    {"dict": 1},
)


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Return an artifact with something changed: its bytes, its entries, or what stands in its parts (with the right hashes).

    Args:
        content: a valid artifact.
        draw: chooses the change.
    """
    return draw.choice((_bytes, _cut, _entries, _values, _values, _values))(content, draw)


def _bytes(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 8, 64))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _cut(content: bytes, draw: random.Random) -> bytes:
    one, two = sorted((draw.randrange(len(content)), draw.randrange(len(content))))
    return draw.choice(
        (content[:one], content[one:], content[:one] + content[two:], content + content[one:two], content[:two] + content[one:])
    )


def _entries(content: bytes, draw: random.Random) -> bytes:
    entries = _read(content)
    name = draw.choice(list(entries))
    change = draw.choice(("drop", "rename", "swap", "add", "empty", "blob"))
    if change == "drop":
        del entries[name]
    elif change == "rename":
        entries[draw.choice(("../" + name, "/" + name, name + "\\", name.upper(), name + "/", "instructions/../" + name))] = (
            entries.pop(name)
        )
    elif change == "swap":
        other = draw.choice(list(entries))
        entries[name], entries[other] = entries[other], entries[name]
    elif change == "add":
        entries[draw.choice(("evil.py", "__init__.py", "state.pkl", "instructions/a/b.txt", "learned.json.part"))] = b"x"
    else:
        entries[name] = b"" if change == "empty" else draw.randbytes(draw.choice((1, 100, 10_000)))
    return _written(entries if draw.random() < 0.5 else _hashed(entries))


def _values(content: bytes, draw: random.Random) -> bytes:
    entries = _read(content)
    for _ in range(draw.choice((1, 1, 1, 3))):
        name = draw.choice([one for one in entries if one.endswith(".json")])
        data = json.loads(entries[name])
        data = _changed(data, draw)
        entries[name] = json.dumps(data).encode()
    return _written(_hashed(entries))


def _changed(data: Any, draw: random.Random) -> Any:
    """Change one place in nested data."""
    if isinstance(data, dict | list) and data and draw.random() < 0.9:
        place = draw.choice(list(data)) if isinstance(data, dict) else draw.randrange(len(data))
        what = draw.random()
        if what < 0.1:
            del data[place]
        elif what < 0.2 and isinstance(data, dict):
            data[draw.choice(ODD_TEXTS)] = data.pop(place)
        elif what < 0.3 and isinstance(data, list):
            data += data * draw.choice((1, 50))
        else:
            data[place] = _changed(data[place], draw)
        return data
    return draw.choice((lambda: draw.choice(ODD_TEXTS), lambda: draw.choice(ODD_VALUES), lambda: _deep(draw), lambda: [data]))()


def _deep(draw: random.Random) -> Any:
    value: Any = 1
    for _ in range(draw.choice((10, 100, 400))):
        value = draw.choice(([value], {"dict": {"a": value}}, {"list": [value]}))
    return value


def _read(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _hashed(entries: dict[str, bytes]) -> dict[str, bytes]:
    """Put the right hashes into the manifest, so that what comes after the hashes is tested too."""
    try:
        manifest = json.loads(entries["manifest.json"])
        manifest["sha256"] = {name: hashlib.sha256(entries[name]).hexdigest() for name in manifest["sha256"] if name in entries}
    except (KeyError, TypeError, ValueError):
        return entries
    return {**entries, "manifest.json": json.dumps(manifest).encode()}


def _written(entries: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return written.getvalue()
