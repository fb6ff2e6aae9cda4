"""Keys open the server, their hashes do not; a key's budget holds whatever the concurrency, and over a restart."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import BudgetError, KeyRefused, SettingError
from selftaught.run import Run
from selftaught.server.door import OPEN
from selftaught.server.keys import add_line, digest_of, new_key, read_keys
from tests.server.hosting import asking, hosted


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def file(tmp_path):
    """A key file with two keys, and the keys."""
    path, keys = tmp_path / "keys.txt", {}
    for name, calls in (("alice", 3), ("bob", None)):
        keys[name], line = new_key(name, calls)
        add_line(path, line)
    return path, keys


def test_the_file_holds_hashes_and_no_key(file):
    path, keys = file
    text = path.read_text()
    assert all(key not in text and digest_of(key) in text for key in keys.values())
    assert [one.name for one in path.parent.iterdir()] == ["keys.txt"]


def test_two_keys_are_never_the_same():
    made = {new_key("a")[0] for _ in range(100)}
    assert len(made) == 100
    assert all(len(key) >= 43 for key in made)


def test_a_name_that_is_there_is_refused(file):
    path, _ = file
    before = path.read_text()
    with pytest.raises(SettingError, match="alice"):
        add_line(path, new_key("alice")[1])
    assert path.read_text() == before


@given(hyp.text(max_size=80))
def test_what_is_no_key_opens_nothing(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("keys") / "keys.txt"
    key, line = new_key("alice")
    path.write_text(f"# keys\n\n{line}  # of Alice\n")
    keys = read_keys(path)
    assert keys.caller(key).name == "alice"
    for wrong in (text, key + text if text else "", digest_of(key), key[:-1], key.upper(), None):
        if wrong != key:
            with pytest.raises(KeyRefused):
                keys.caller(wrong)


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "alice\n", "alice 123\n", "alice " + "0" * 64 + " calls=0\n", "alice " + "0" * 64 + " tokens=3\n",
             "a b " + "0" * 64 + "\n", "alice " + "0" * 64 + "\nalice " + "1" * 64 + "\n", "alice " + "0" * 64 + "\nbob " + "0" * 64 + "\n"]
)  # fmt: skip
def test_a_file_that_is_not_as_it_should_be_is_refused(tmp_path, text):
    path = tmp_path / "keys.txt"
    path.write_text(text)
    with pytest.raises(SettingError, match=r"keys\.txt"):
        read_keys(path)
    with pytest.raises(SettingError):
        read_keys(tmp_path / "missing.txt")


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "ü" * 65, "a#b"])
def test_a_name_that_would_break_the_file_is_refused(name):
    with pytest.raises(SettingError):
        new_key(name)
    with pytest.raises((SettingError, BudgetError)):
        new_key("alice", 0)


async def test_without_a_key_only_the_open_routes_answer(file):
    path, keys = file
    service = hosted(keys=read_keys(path))
    async with asking(service) as client:
        for route in (
            "/v1/predict",
            "/v1/batch",
            "/v1/stream",
            "/v1/chat/completions",
            "/v1/models",
            "/metrics",
            "/openapi.json",
            "/nope",
            "/healthz/",
        ):
            for headers in (
                {},
                bearer("st-wrong"),
                {"Authorization": keys["bob"]},
                {"X-API-Key": ""},
                {"Authorization": "Basic eA=="},
            ):
                found = await client.post(route, json={"word": "tree"}, headers=headers)
                assert (found.status_code, found.headers["www-authenticate"]) == (401, "Bearer"), route
        for route in OPEN:
            assert (await client.get(route)).status_code == 200
        assert (await client.post("/v1/predict", json={"word": "tree"}, headers=bearer(keys["bob"]))).status_code == 200
        assert (await client.post("/v1/predict", json={"word": "leaf"}, headers={"X-API-Key": keys["bob"]})).status_code == 200
        api = (await client.get("/openapi.json", headers=bearer(keys["bob"]))).json()
    assert api["paths"]["/v1/predict"]["post"]["security"]
    assert service.lm.calls == 2


async def test_a_keys_budget_holds_whatever_the_concurrency_and_is_its_own(file):
    path, keys = file
    service = hosted(keys=read_keys(path), latency=0.01)
    async with asking(service) as client:
        found = await asyncio.gather(
            *(client.post("/v1/predict", json={"word": f"w{i}"}, headers=bearer(keys["alice"])) for i in range(12))
        )
        assert sorted(one.status_code for one in found) == [200] * 3 + [429] * 9
        assert (await client.post("/v1/predict", json={"word": "x"}, headers=bearer(keys["bob"]))).status_code == 200
    assert service.lm.calls == 4
    labels = [row.label for row in service.ledger.rows]
    assert (labels.count("alice"), labels.count("bob")) == (3, 1)


async def test_a_restart_does_not_fill_a_budget_again(file, tmp_path):
    path, keys = file
    counts = []
    for _ in range(3):
        known = read_keys(path)
        with Run(tmp_path / "run", {"kind": "serve"}) as run:
            known.charge(run.calls())
            service = hosted(keys=known, ledger=run.ledger)
            async with asking(service) as client:
                asked = [
                    await client.post("/v1/predict", json={"word": f"w{i}"}, headers=bearer(keys["alice"])) for i in range(2)
                ]
            counts.append([one.status_code for one in asked])
    assert counts == [[200, 200], [200, 429], [429, 429]]
