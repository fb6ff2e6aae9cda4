"""The folder of an image: a pinned base, a user without rights, a health check, nothing secret; built where docker is."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from selftaught import __version__
from selftaught.artifact import load
from selftaught.export import export
from tests.export.samples import several


@pytest.fixture
def folder(tmp_path):
    return export(several(), "container", tmp_path / "image")


def instructions(folder):
    """Return the lines of the Dockerfile as (INSTRUCTION, rest), continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (folder / "Dockerfile").read_text())
    return [tuple(line.split(" ", 1)) for line in text.splitlines() if line and not line.startswith("#")]


def test_every_base_is_pinned_to_a_full_version(folder):
    bases = [rest.split()[0] for name, rest in instructions(folder) if name == "FROM"]
    assert len(bases) == 2
    for base in bases:
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+-[\w-]+(@sha256:[0-9a-f]{64})?", base)


def test_it_runs_as_a_user_without_rights_and_says_how_it_is(folder):
    last = dict(instructions(folder))
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", last["USER"])
    assert "/healthz" in last["HEALTHCHECK"]
    names = [name for name, _ in instructions(folder)]
    assert names.index("USER") < names.index("ENTRYPOINT")
    for name in ("ENTRYPOINT", "CMD"):
        assert all(isinstance(part, str) for part in json.loads(last[name])), "no shell between"


def test_the_command_is_one_that_the_command_line_has(folder):
    from typer.main import get_command

    from selftaught.cli.app import app

    last = {name: json.loads(rest) for name, rest in instructions(folder) if name in ("ENTRYPOINT", "CMD")}
    service = yaml.safe_load((folder / "compose.yaml").read_text())["services"]["program"]
    assert last["ENTRYPOINT"][:3] == ["selftaught", "serve", "/app/program.st"]
    options = {option for one in get_command(app).commands["serve"].params for option in one.opts}
    given = [part for part in (*last["ENTRYPOINT"], *last["CMD"], *service["command"]) if part.startswith("--")]
    assert set(given) <= options


def test_nothing_gets_in_that_is_not_named_and_nothing_secret_is_named(folder):
    ignored = [line for line in (folder / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert ignored[0] == "*"
    assert set(ignored[1:]) == {"!program.st", "!wheels", "!wheels/*.whl", "!wheels/.keep"}
    copied = [rest for name, rest in instructions(folder) if name in ("COPY", "ADD")]
    assert not [name for name, _ in instructions(folder) if name == "ADD"]
    assert [rest.split()[-2] for rest in copied] == ["wheels/", "/venv", "program.st"]
    text = "".join(one.read_text() for one in folder.rglob("*") if one.is_file() and one.suffix != ".st")
    assert not re.search(r"(?i)(sk-[a-z0-9]{6}|api_key\s*=\s*[^.\s])", text)
    assert not [
        rest
        for name, rest in instructions(folder)
        if name in ("ENV", "ARG") and re.search(r"(?i)key|token|secret|password", rest)
    ]


def test_the_compose_file_gives_few_rights_and_takes_keys_from_outside(folder):
    found = yaml.safe_load((folder / "compose.yaml").read_text())
    service = found["services"]["program"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all("=" not in one for one in service["environment"]), "names only, no values"
    assert all(one.startswith("127.0.0.1:") for one in service["ports"])
    assert set(service["secrets"]) == set(found["secrets"])


def test_it_installs_just_this_version_and_holds_the_program(folder):
    assert f'"selftaught[serve]=={__version__}"' in (folder / "Dockerfile").read_text()
    assert len(load(folder / "program.st").predictors()) == 3


def test_a_second_export_keeps_what_the_user_put_beside_it(folder):
    (folder / "keys.txt").write_text("me 0")
    (folder / "wheels" / "own.whl").write_bytes(b"x")
    export(several(), "container", folder)
    assert (folder / "keys.txt").read_text() == "me 0"
    assert (folder / "wheels" / "own.whl").exists()
    assert [one.name for one in folder.parent.iterdir()] == [folder.name]


def test_docker_builds_it(folder):
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("no docker daemon is here")
    done = subprocess.run(["docker", "build", "--check", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
