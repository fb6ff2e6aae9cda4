"""`selftaught compare`: from a task file to a table, JSON and a page."""

import json

from selftaught.testing.samples import obliging
from tests.cli.stub import serving
from tests.cli.test_commands import selftaught, write_task

PROGRAMS = """
[compare]
unit = "tokens"
[compare.programs.plain]
method = "predict"
[compare.programs.vote]
method = "self-consistency"
settings = { samples = 3 }
"""


def test_it_compares_what_the_task_file_names_and_pays_nothing_twice(tmp_path):
    with serving(lambda messages, **_: obliging(messages)) as (url, bodies):
        path = write_task(tmp_path, url)
        path.write_text(path.read_text() + PROGRAMS)
        page = tmp_path / "page.html"
        done = selftaught("compare", path, "--json", "--report", page)
        assert done.returncode == 0, done.stderr
        found, paid = json.loads(done.stdout), len(bodies)
        assert [one["name"] for one in found["programs"]] == ["plain", "vote"]
        assert (found["unit"], found["advised"], found["asked"]) == ("tokens", "plain", 40)
        assert found["programs"][1]["calls"] == 3
        assert page.exists()
        assert json.loads(page.with_suffix(".json").read_text())["advice"] == found["advice"]
        again = selftaught("compare", path)
        assert again.returncode == 0, again.stderr
        assert len(bodies) == paid
        assert "Use plain" in " ".join(again.stdout.split())


def test_an_unknown_method_and_an_unknown_key_are_refused_in_words(tmp_path):
    path = write_task(tmp_path, "http://127.0.0.1:9")
    text = path.read_text()
    path.write_text(text + '\n[compare.programs.a]\nmethod = "self-refin"\n[compare.programs.b]\nmethod = "predict"\n')
    done = selftaught("compare", path)
    assert done.returncode == 2
    assert "self-refine" in done.stderr
    path.write_text(text + "\n[compare]\nmargins = 0.1\n")
    done = selftaught("compare", path)
    assert done.returncode == 2
    assert "margin" in done.stderr


def rubric_task(folder, url):
    path = write_task(folder, url, calls=600)
    text = path.read_text().replace('kind = "exact"', 'kind = "rubric"\ncriteria = ["It is loud.", "It says wibble."]\nallow_untrusted = true')  # fmt: skip
    path.write_text(text)
    return path


def gaming(messages, **_):
    """Mends the rubric by dropping its second line; scores everything alike."""
    from selftaught.testing import answer_fields

    fields = answer_fields(messages)
    if fields == ["revised"]:
        return {"revised": "- It is loud."}
    if "score" in fields:
        return {"reasons": "fine", "score": 3}
    return dict.fromkeys(fields, "WORD")


def test_a_rubric_with_a_loophole_is_shown_and_not_changed_unless_it_is_confirmed(tmp_path):
    with serving(gaming) as (url, bodies):
        path = rubric_task(tmp_path, url)
        done = selftaught("tune", path)
        assert done.returncode != 0
        assert "-- It says wibble." in done.stderr
        assert "--accept" in done.stderr
        refused = len(bodies)
        assert refused == 4
        done = selftaught("tune", path, "--accept", "--json")
        assert done.returncode == 0, done.stderr
        shown = json.dumps([body["messages"] for body in bodies[refused:]])
        assert "wibble" not in shown
        kept = json.loads((tmp_path / "runs" / "shout" / "rubric.json").read_text())
        assert kept["criteria"] == ["It is loud."]


def test_a_rubric_can_be_kept_as_it_is(tmp_path):
    with serving(gaming) as (url, bodies):
        done = selftaught("tune", rubric_task(tmp_path, url), "--keep-rubric", "--json")
        assert done.returncode == 0, done.stderr
        assert "wibble" in json.dumps([body["messages"] for body in bodies])
