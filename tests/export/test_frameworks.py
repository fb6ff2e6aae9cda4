"""Programs inside LangChain and LlamaIndex answer as they do here; without these packages the error has the command."""

import asyncio
import builtins

import dspy
import pytest

import selftaught as st
from selftaught.errors import InputError, PackageMissing
from selftaught.export import export
from selftaught.export.langchain import runnable
from selftaught.export.llama_index import tool
from selftaught.testing import FakeLM
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging
from tests.export.samples import several


@pytest.fixture
def nothing_installed(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **more):
        if name.split(".")[0] in ("langchain_core", "llama_index"):
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)


@pytest.mark.parametrize(("wrap", "extra"), [(runnable, "langchain"), (tool, "llama-index")])
def test_without_the_package_the_error_has_the_command(wrap, extra, nothing_installed):
    with pytest.raises(PackageMissing, match=rf"selftaught\[{extra}\]"):
        wrap(several())


def test_a_runnable_answers_batches_and_composes():
    pytest.importorskip("langchain_core", reason="langchain-core is not installed")
    lm = FakeLM(obliging)
    chain = runnable(several(), lm=lm) | (lambda found: found["shouted"])
    assert chain.invoke({"word": "tree"}) == "TREE"
    assert chain.batch([{"word": "a"}, {"word": "b"}]) == ["A", "B"]
    assert asyncio.run(chain.ainvoke("tree")) == "TREE"
    assert lm.calls > 0


def test_a_runnable_has_typed_inputs_and_plain_outputs():
    pytest.importorskip("langchain_core", reason="langchain-core is not installed")
    chain = runnable(st.Predict(Survey), lm=FakeLM(obliging))
    assert set(chain.get_input_jsonschema()["properties"]) == {"text", "tags"}
    assert chain.invoke(SURVEY_INPUT)["place"] == {"town": "Ulm", "people": 7}
    with pytest.raises(InputError, match="text, tags"):
        chain.invoke("Ulm")


def test_a_tool_answers_and_describes_itself():
    pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
    found = tool(st.Predict(Shout), lm=FakeLM(obliging))
    assert found.metadata.name == "shout"
    assert "capital letters" in found.metadata.description
    assert set(found.metadata.fn_schema.model_json_schema()["properties"]) == {"word"}
    assert found.call(word="tree").raw_output == {"shouted": "TREE"}
    assert asyncio.run(found.acall(word="tree")).raw_output == {"shouted": "TREE"}


@pytest.mark.parametrize(
    ("target", "file", "package"), [("langchain", "chain", "langchain_core"), ("llama-index", "tool", "llama_index.core")]
)
def test_the_exported_folder_works_in_a_fresh_process(target, file, package, tmp_path, fresh_process):
    pytest.importorskip(package, reason=f"{package} is not installed")
    folder = export(several(), target, tmp_path / "out")
    call = "chain.invoke({'word': 'tree'})" if target == "langchain" else "answer_tool.call(word='tree').raw_output"
    said = fresh_process(
        f"""
        import sys, dspy
        from selftaught.testing import FakeLM
        from selftaught.testing.samples import obliging
        sys.path.insert(0, sys.argv[1])
        dspy.configure(lm=FakeLM(obliging))
        from {file} import *
        print({call}["shouted"])
        """,
        folder,
    )
    assert said.strip() == "TREE"


def test_a_module_without_a_task_is_refused():
    pytest.importorskip("langchain_core", reason="langchain-core is not installed")
    with pytest.raises(st.errors.ExportError, match="task"):
        runnable(dspy.ChainOfThought(Shout).predict.__class__.__mro__[1]())
