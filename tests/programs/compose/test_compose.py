"""Compositions: the contract of programs, the flow of values, types, branches, loops, diagrams and artifacts."""

from typing import Literal

import dspy
import pytest

import selftaught as st
from selftaught.artifact import load, save
from selftaught.errors import CallError, InputError, SettingError, TaskError
from selftaught.programs import SelfRefine, Step
from selftaught.programs.compose import Chain, If, Loop, Parallel
from selftaught.programs.judge.base import Judge
from selftaught.signatures import Criterion, Verdict, critique_of, derived, refine_of
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout, obliging


def steps(task=Shout):
    return Step(task), Step(critique_of(task)), Step(refine_of(task))


class TestChain(ProgramContract):
    def make(self, task):
        generate, critique, refine = steps(task)
        return generate >> critique >> refine


class TestLoopWithIf(ProgramContract):
    def make(self, task):
        generate, critique, refine = steps(task)
        return generate >> Loop(critique >> If("not acceptable", refine), until="acceptable", rounds=2)


class TestParallelInside(ProgramContract):
    def make(self, task):
        generate, critique, refine = steps(task)
        return Chain([generate, Parallel({"one": critique, "two": Step(critique_of(task))}), Second(task), refine])


def Second(task):
    """A stage that hands on the problems of the second critic."""
    given = {"two_problems": (list[str], dspy.InputField())}
    return Step(derived(task, "Hand on", "Repeat the problems.", given, {"problems": (list[str], dspy.OutputField())}))


def run(program, script=obliging, **inputs):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return program(**(inputs or {"word": "tree"})), lm


def test_shift_makes_one_flat_chain():
    a, b, c = steps()
    assert (a >> b >> c).stages == [a, b, c]
    assert (a >> (b >> c)).stages[0] is a


def test_draft_is_the_newest_answer_as_text():
    seen = []

    def script(messages, **settings):
        asked = answer_fields(messages)
        seen.append((asked, str(messages[-1]["content"])))
        drafts = {"problems": ["It is short."], "acceptable": False}
        return {name: drafts[name] if name in drafts else f"answer {len(seen)}" for name in asked}

    generate, critique, refine = steps()
    found, _ = run(generate >> critique >> refine >> Step(critique_of(Shout)), script)
    assert "draft: answer 1" in seen[1][1]
    assert "draft: answer 1" in seen[2][1]
    assert "draft: answer 3" in seen[3][1]
    assert found.shouted == "answer 3", "what earlier stages wrote is in the prediction"


def test_a_plan_before_the_answer_is_not_the_draft():
    seen = {}

    def script(messages, **settings):
        asked = answer_fields(messages)
        seen[asked[0]] = str(messages[-1]["content"])
        return {"plan": "first think"} if asked == ["plan"] else obliging(messages, **settings)

    run(Chain(["word -> plan", "word, plan -> shouted", critique_of(Shout)]), script)
    assert "plan: first think" in seen["shouted"]
    assert "draft: " in seen["problems"]
    assert "first think" not in seen["problems"]


def test_the_task_is_what_the_caller_gives_and_the_last_stage_writes():
    chain = Chain(["question -> topic", "question, topic, tone -> answer: list[str]"])
    assert list(chain.task.input_fields) == ["question", "tone"]
    assert {name: one.annotation for name, one in chain.task.output_fields.items()} == {"answer": list[str]}
    assert list(Chain(["a -> b", "b -> c"], outputs=["b", "c"]).task.output_fields) == ["b", "c"]


def test_missing_inputs_are_refused_before_any_call():
    lm = FakeLM(obliging)
    with dspy.context(lm=lm), pytest.raises(InputError, match="tone"):
        Chain(["question -> topic", "question, topic, tone -> answer"])(question="why?")
    assert lm.calls == 0


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Chain(["a -> b: int", "b: str -> c"]), "'b' as str, and StringSignature gives it as int"),
        (lambda: Chain(["a -> b", "b -> c"], outputs=["d"]), "'d' is written by no stage"),
        (lambda: Parallel(["a -> b", "a -> b"]), "Two branches write 'b'"),
        (lambda: Chain(["a -> b: int", If("b", "a -> c")]), "The condition 'b' takes 'b' as bool"),
        (lambda: Loop(Chain(["n: int -> n2: str", "n2 -> n"]), until="done", rounds=2), "'n' as int"),
        (lambda: Chain([object()]), "no stage"),
        (lambda: Chain(["a -> b", If("not ok", "a -> c")]).task, "both needs and gives 'c'"),
    ],
)
def test_fields_that_do_not_fit_are_refused_when_it_is_built(build, says):
    with pytest.raises(TaskError, match=says):
        build()


def test_a_judge_that_would_replace_the_answer_by_its_score_is_refused():
    class Rate(dspy.Signature):
        """Rate it."""

        word: str = dspy.InputField()
        score: int = dspy.OutputField()

    with pytest.raises(TaskError, match="takes and gives 'score'"):
        Chain([Rate, st.judges.Verify(Rate)])


@pytest.mark.parametrize("wrong", ["", "a and b", "not", 3, None])
def test_a_condition_is_a_field_or_a_function(wrong):
    with pytest.raises(SettingError, match="condition"):
        If(wrong, "a -> b")


@pytest.mark.parametrize(
    "build", [lambda: Chain([]), lambda: Chain("a -> b"), lambda: Parallel([]), lambda: Loop("a -> b", until="c", rounds=0)]
)
def test_empty_compositions_are_refused(build):
    with pytest.raises(SettingError):
        build()


def test_subtypes_and_optional_fields_fit():
    assert Chain(["a -> b: bool", "b: Optional[bool] -> c"]).task
    assert Chain([dspy.Signature("a -> b: bool"), "b: int -> c"]).task


def test_branches_run_at_the_same_time_and_see_the_same_values():
    import asyncio

    running, most = 0, 0

    async def script(messages, **settings):
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.01)
        running -= 1
        return obliging(messages, **settings)

    program = Parallel({"one": "word -> said", "two": "word -> said: str, b", "three": "word -> said: str, c"})
    found, lm = run(program, script)
    assert most == 3
    assert lm.calls == 3
    assert {"one_said", "two_said", "three_said"} <= set(found.keys())


def test_a_failing_branch_fails_the_whole():
    def script(messages, **settings):
        return "garbage" if answer_fields(messages) == ["b"] else obliging(messages, **settings)

    with pytest.raises(CallError):
        run(Parallel(["word -> a", "word -> b"]), script)


def test_if_takes_one_way():
    program = Chain(["word -> long: bool", If("long", "word -> said", otherwise="word, long: bool -> said")])
    asked = []

    def script(messages, **settings):
        asked.append(str(messages[-1]["content"]))
        return {"long": False} if answer_fields(messages) == ["long"] else {"said": "x"}

    found, _ = run(program, script)
    assert found.said == "x"
    assert "long: False" in asked[1]
    assert program.cost() == st.programs.Calls(2, 2)


def test_if_without_otherwise_leaves_the_answer_as_it_was():
    generate, critique, refine = steps()
    program = generate >> critique >> If("not acceptable", refine)

    def script(messages, **settings):
        return obliging(messages, **settings) | ({"acceptable": True} if "acceptable" in answer_fields(messages) else {})

    found, lm = run(program, script)
    assert (found.shouted, lm.calls) == ("TREE", 2)
    assert program.cost() == st.programs.Calls(2, 3)


def test_a_function_may_be_the_condition_but_then_it_cannot_be_saved(tmp_path):
    program = Chain(["word -> said", If(lambda known: len(known["said"]) > 1, "said -> said2", otherwise="word -> said2")])
    assert run(program)[1].calls == 2
    with pytest.raises(st.errors.ArtifactError):
        save(program, tmp_path / "p.st")


@pytest.mark.parametrize(("good_after", "rounds", "calls"), [(1, 3, 2), (2, 3, 4), (9, 3, 7)])
def test_a_loop_ends_when_its_condition_holds_or_after_its_rounds(good_after, rounds, calls):
    reviews = 0

    def script(messages, **settings):
        nonlocal reviews
        if "acceptable" not in answer_fields(messages):
            return obliging(messages, **settings)
        reviews += 1
        return {"problems": ["Not yet."], "acceptable": reviews >= good_after}

    generate, critique, refine = steps()
    program = generate >> Loop(critique >> If("not acceptable", refine), until="acceptable", rounds=rounds)
    assert run(program, script)[1].calls == calls
    assert program.cost() == st.programs.Calls(2, 1 + 2 * rounds)


class Loud(Judge):
    async def verdict(self, inputs, outputs):
        loud = outputs["shouted"].isupper()
        return Verdict(score=float(loud), passed=loud, criteria=(Criterion(name="Is it loud?", passed=loud),))


def test_a_judge_is_a_stage_whose_failed_criteria_are_the_problems():
    seen = []

    def script(messages, **settings):
        seen.append(str(messages[-1]["content"]))
        return {"shouted": "TREE" if "Is it loud?" in seen[-1] else "tree"}

    generate, _, refine = steps()
    program = generate >> Loud(Shout) >> If("not passed", refine)
    found, lm = run(program, script)
    assert (found.shouted, found.score, lm.calls) == ("TREE", 0.0, 2)


def test_any_module_around_one_predictor_is_a_stage():
    found, lm = run(Chain([One(), critique_of(Shout)]))
    assert (found.shouted, found.acceptable, lm.calls) == ("TREE", False, 2)
    with pytest.raises(TaskError, match="cannot be known"):
        Chain([Two()])


class One(dspy.Module):
    def __init__(self):
        super().__init__()
        self.only = Step(Shout)

    async def aforward(self, word):
        return await self.only.acall(word=word)


class Two(dspy.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = dspy.Predict("a -> b"), dspy.Predict("b -> c")

    def forward(self, a):
        return self.b(b=self.a(a=a).b)


def test_compositions_nest_and_keep_the_draft():
    generate, critique, refine = steps()
    inner = critique >> refine
    found, lm = run(generate >> inner >> Loop(inner, until="acceptable", rounds=1))
    assert lm.calls == 5
    assert found.shouted == "TREE"


def test_the_diagram_shows_every_stage_every_answer_and_the_way_back():
    generate, critique, refine = steps()
    chart = (generate >> Loop(critique >> If("not acceptable", refine), until="acceptable", rounds=2)).diagram()
    assert chart.splitlines()[0] == "flowchart TD"
    for line in ('n1["Shout<br/><i>shouted</i>"]', 'n3{"acceptable?"}', "n3 -- no --> n4", "n3 -- yes --> n5", "n5 -- no --> n2"):
        assert f"  {line}" in chart.splitlines()
    assert "n5 -- yes, or after 2 rounds --> n6" in chart


def test_every_program_has_a_diagram_and_no_name_breaks_it():
    chart = SelfRefine(Shout).diagram()
    assert "subgraph SelfRefine" in chart
    assert all(f'"{name}<br/>' in chart for name in ("generate", "critic", "revise"))
    odd = dspy.make_signature({"a": (str, dspy.InputField()), "b": (Literal["x"], dspy.OutputField())}, "Say.", 'A"] --> B["')
    assert '"] --> B' not in Chain([odd]).diagram().replace('<br/><i>b</i>"]', "")


def test_a_composition_is_the_same_after_saving_and_loading(tmp_path):
    generate, critique, _ = steps()
    program = generate >> Parallel({"x": critique}) >> If("not x_acceptable", "word, x_problems: list[str] -> shouted")
    save(program, tmp_path / "p.st")
    assert load(tmp_path / "p.st").diagram() == program.diagram()
    assert load(tmp_path / "p.st", task="word -> shouted").cost() == program.cost()


def test_every_stage_can_be_tuned():
    generate, critique, refine = steps()
    program = generate >> Loop(critique >> If("not acceptable", refine), until="acceptable")
    assert len(program.named_predictors()) == 3
    program.named_predictors()[2][1].demos = [dspy.Example(word="a", draft="b", problems=["c"], shouted="MARK")]
    assert any("MARK" in str(request) for request in run(program)[1].requests)
