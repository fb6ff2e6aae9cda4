"""What `import selftaught` gives: these names and no others, and nothing heavy before one of them is used."""

import json

import pytest

import selftaught

NAMES = [
    "Budget", "Evaluation", "Predict", "Run", "__version__", "catalogue", "compare", "diagnose", "errors", "evaluate", "export", "judges", "lm", "load", "novelty",
    "optimizers", "programs", "save", "serve", "signatures", "synthesis",
]  # fmt: skip


def test_the_names_are_these():
    assert sorted(selftaught.__all__) == NAMES
    assert len(set(selftaught.__all__)) == len(selftaught.__all__)
    assert set(NAMES) <= set(dir(selftaught))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_leads_somewhere_and_always_to_the_same(name):
    assert getattr(selftaught, name) is getattr(selftaught, name)
    assert selftaught.__dict__[name] is getattr(selftaught, name)


def test_another_name_is_refused_as_python_does():
    with pytest.raises(AttributeError, match="has no attribute 'evalute'"):
        selftaught.evalute  # noqa: B018
    assert not hasattr(selftaught, "os_system")


def test_importing_it_loads_nothing_heavy_and_every_name_resolves_in_a_fresh_process(fresh_process):
    said = fresh_process(
        """
        import json, sys
        import selftaught
        heavy = {"dspy", "litellm", "numpy", "scipy", "pydantic", "aiohttp", "diskcache", "rapidfuzz", "xllamacpp", "rich"}
        print(json.dumps(sorted(heavy & {name.partition(".")[0] for name in sys.modules})))
        print(json.dumps(sorted(dir(selftaught))))
        print(json.dumps([name for name in selftaught.__all__ if getattr(selftaught, name, None) is None]))
        from selftaught import *
        print(json.dumps([evaluate.__module__, Budget.__module__, judges.__name__]))
        """
    )
    heavy, listed, unresolved, starred = (json.loads(line) for line in said.splitlines())
    assert heavy == []
    assert set(NAMES) <= set(listed)
    assert unresolved == []
    assert starred == ["selftaught.evaluation", "selftaught.budget", "selftaught.programs.judge"]


def test_a_fresh_process_asks_no_host_for_prices_unless_the_user_wants_it(fresh_process, monkeypatch):
    monkeypatch.delenv("LITELLM_LOCAL_MODEL_COST_MAP", raising=False)
    code = "import os, selftaught; print(os.environ['LITELLM_LOCAL_MODEL_COST_MAP'])"
    assert fresh_process(code).strip() == "True"
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "False")
    assert fresh_process(code).strip() == "False"


def test_synthesis_exports_its_core_and_every_registered_pipeline_by_the_name_of_its_class():
    from selftaught.programs.synthesis import Pipeline
    from selftaught.registry import registrations

    served = {one.serves for one in registrations().values() if issubclass(one.serves, Pipeline)}
    assert len({one.__name__ for one in served}) == len(served) >= 1
    for cls in served:
        assert getattr(selftaught.synthesis, cls.__name__) is cls
        assert cls.__name__ in dir(selftaught.synthesis)
    for name in selftaught.synthesis.__all__:
        assert getattr(selftaught.synthesis, name) is not None
    with pytest.raises(AttributeError, match="did you mean 'SelfInstruct'"):
        selftaught.synthesis.SelfInstrukt  # noqa: B018
    assert not hasattr(selftaught.synthesis, "__wrapped__")
