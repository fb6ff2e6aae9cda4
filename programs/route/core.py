"""The route core: a dispatcher chooses an expert for each input, and that expert alone answers.

1. Ask the dispatcher for an expert; with a single expert nobody is asked.
2. Where the dispatcher cannot say, take the fallback.
3. The expert answers, once.

SMART (190; Liu, Shridhar et al., 2024): experts are ways of reasoning; which one wins on which inputs is learned from judged
outcomes (`explore`, `report`), and until then the model is asked. Of equals the cheaper one, as in the paper.
Self-MoE (118; Kang et al., 2025): experts are specialities, and one of them answers. Give your own: programs tuned for a domain.
Transformer-squared (197; Sun, Cetin and Tang, 2025): a first pass names the category of the input, a second answers with the
expert of that category; what belongs to none is answered by the plain task.

For inputs that differ in what they need. Where one expert is best everywhere, that one alone costs less. A small model names
experts poorly: measure it against always taking the best one (`Exploration.single`).

Departures: (1) experts are prompts or programs, not weights, and are never mixed. (2) The dispatcher is a prompted model, or
what was learned from outcomes, not a trained router. (3) SMART's strategies are written in one call; its program is not run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import dspy

from selftaught.embedding import Encoder
from selftaught.errors import SettingError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.reason import REASONING, reasoned
from selftaught.programs.route.dispatch import Asked, Dispatcher, Named, Near, named
from selftaught.programs.route.experts import CATEGORIES, DOMAINS, SKILLS, SPECIALITIES, STRATEGIES, SUITED
from selftaught.programs.route.learned import Learned
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, instructed, output_names

Dispatch = Literal["asked", "near", "learned"]


@method(
    190,
    "smart-meta-strategy",
    family="route",
    missing="training the model on the strategies that won; running a program",
    experts=STRATEGIES,
    describe=SUITED,
    reasoning=True,
    dispatch="learned",
)
@method(
    118,
    "self-moe",
    family="route",
    missing="experts and a router trained on data that the model made",
    experts=SPECIALITIES,
    describe=DOMAINS,
    reasoning=True,
)
@method(
    197, "transformer-squared", family="route", missing="experts in the weights, and mixing them",
    experts=SKILLS, describe=CATEGORIES, fallback="other", reasoning=True,
)  # fmt: skip
class Route(Program):
    """Send each input to one expert.

    The prediction also holds `expert`, who answered, `dispatched`, whether the dispatcher chose it (not the fallback), and the
    expert's `reasoning` where it wrote some.

    Args:
        task: what to do.
        experts: name -> a program on the same task, or a text: an instruction added to the task's (an empty one adds nothing).
            A dictionary, or pairs.
        describe: name -> what the expert is for; by default its text, or the first line of its docstring.
        dispatch: `"asked"`, a model names the expert; `"near"`, the one whose description is most like the input; `"learned"`,
            from reported outcomes, a model being asked as long as there are none; or a dispatcher of your own.
        fallback: who answers where the dispatcher cannot say; by default the first.
        reasoning: experts that are texts write their reasoning first; an empty text never does.
        encoder: for `"near"` and `"learned"`, see `selftaught.embedding`; with your own the program cannot be saved.

    Raises:
        SettingError: no experts, an expert on another task, or a name that is none.
    """

    def __init__(
        self, task: str | Task, experts: Named[dspy.Module | str], *, describe: Mapping[str, str] | None = None,
        dispatch: Dispatch | Dispatcher = "asked", fallback: str | None = None, reasoning: bool = False,
        encoder: Encoder | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task)
        given = named("experts", experts, (str, dspy.Module), "a program, or an instruction as text")
        self.arguments.values["experts"] = [list(pair) for pair in given.items()]  # an artifact keeps no order of keys
        self.experts = {name: self._expert(name, one, reasoning) for name, one in given.items()}
        known = {"fallback": [fallback] if fallback is not None else [], "describe": list(describe or {})}
        for argument, names in known.items():
            if unknown := [name for name in names if name not in self.experts]:
                raise SettingError(f"{argument}: there is no expert {unknown[0]!r}; there are {list(self.experts)}.")
        self.fallback = fallback or next(iter(self.experts))
        texts = {name: (describe or {}).get(name) or _about(one) for name, one in given.items()}
        self.dispatch = self._dispatcher(dispatch, texts, encoder)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        name = await self.dispatch.choose(inputs) if len(self.experts) > 1 else next(iter(self.experts))  # 1
        expert = name if name in self.experts else self.fallback  # 2
        found = await self.experts[expert].acall(**inputs)  # 3
        more = {REASONING: found[REASONING]} if REASONING in found and REASONING not in self.task.fields else {}
        return self.answer(found, expert=expert, dispatched=name in self.experts, **more)

    def report(self, expert: str, outcome: float, **inputs: Any) -> None:
        """Tell how well an expert did on an input, for the choices to come.

        Args:
            expert: its name, such as `prediction.expert`.
            outcome: from 0 to 1: a judge's score, or what the user said.
            inputs: the task's.

        Raises:
            SettingError: the dispatcher does not learn, or the report makes no sense. InputError: an input is missing.
        """
        if not isinstance(self.dispatch, Learned):
            raise SettingError(f"A dispatcher of the kind {type(self.dispatch).__name__} learns no outcomes: build with dispatch='learned'.")  # fmt: skip
        self._check((), inputs)
        self.dispatch.report(inputs, expert, outcome)

    def cost(self) -> Calls:
        """Return the calls of one input: the choice, and those of the cheapest to the dearest expert."""
        costs = [cost_of(one) for one in self.experts.values()]
        answer = Calls(min(one.at_least for one in costs), max(one.at_most for one in costs))
        return self.dispatch.cost() + answer if len(costs) > 1 else answer

    def _expert(self, name: str, one: Any, reasoning: bool) -> dspy.Module:
        if isinstance(one, str):
            task = instructed(self.task, f"{self.task.instructions}\n\n{one}") if one else self.task
            return Step(reasoned(task) if reasoning and one else task)
        own = getattr(one, "task", self.task)
        if own.input_fields.keys() != self.task.input_fields.keys() or output_names(self.task) != output_names(own):
            raise SettingError(f"experts[{name!r}] has the fields {list(own.fields)}, the task has {list(self.task.fields)}.")
        return one

    def _dispatcher(self, kind: Any, texts: dict[str, str], encoder: Encoder | None) -> Dispatcher:
        if isinstance(kind, Dispatcher):
            if unknown := [name for name in kind.experts if name not in self.experts]:
                raise SettingError(f"dispatch: it may choose {unknown[0]!r}, which is no expert; there are {list(self.experts)}.")
            return kind
        if kind == "near":
            return Near(self.task, texts, encoder=encoder)
        if kind == "learned":
            costs = {name: cost_of(one).at_most for name, one in self.experts.items()}
            return Learned(self.task, texts, costs=costs, otherwise=Asked(self.task, texts), encoder=encoder)
        if kind == "asked":
            return Asked(self.task, texts)
        raise SettingError(f"dispatch={kind!r}: expected 'asked', 'near', 'learned' or a dispatcher.")


def _about(expert: dspy.Module | str) -> str:
    if isinstance(expert, str):
        return expert or NOTHING_SPECIAL
    return next(iter((type(expert).__doc__ or "").strip().splitlines()), "") or type(expert).__name__


NOTHING_SPECIAL = "for an input that needs none of the others"
