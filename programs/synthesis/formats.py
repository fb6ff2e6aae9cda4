"""Formats: rows in the schemas that trainers read.

sft          prompt, completion                  TRL's prompt-completion, for SFTTrainer
messages     messages                            TRL's conversational language modeling, and OpenAI's
prompts      prompt                              TRL's prompt-only, for online trainers
preference   prompt, chosen, rejected            TRL's preference with an explicit prompt, for DPO and its kin
reward       chosen, rejected                    the same with the prompt inside, for RewardTrainer
unpaired     prompt, completion, label           TRL's unpaired preference, for KTO
stepwise     prompt, completions, labels         TRL's stepwise supervision, for PRMTrainer
alpaca       instruction, input, output          Alpaca, LLaMA-Factory
sharegpt     conversations                       ShareGPT: turns with `from` and `value`
examples     the fields of a task                what `read_examples` and task files read
rows         id, values, scores, steps, origin   everything

Texts are texts in TRL's standard form; `conversational` makes messages of them, to which a trainer applies the model's own chat
template. A value that is no text is written as JSON. Each format refuses a row that lacks what it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dspy.adapters.utils import serialize_for_json

from selftaught.errors import DataError, SettingError, nearest
from selftaught.programs.synthesis.held import ANSWERS, LABELS, PROMPTS, STEPS, Held, Turns, text_of
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.templates import PLAIN, Template, chosen
from selftaught.signatures import Task

Record = dict[str, Any]
SPEAKERS = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}


@dataclass(frozen=True, slots=True)
class Style:
    """How rows are written; see `Synthesized.save`."""

    rename: Mapping[str, str] = field(default_factory=dict)
    conversational: bool = False
    templates: Sequence[Template] = (PLAIN,)
    seed: int = 0
    least: float | None = None
    task: Task | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A schema. `takes`: what a row must hold, in words; `write`: a row and the style -> records."""

    takes: str
    write: Callable[[Held, Style], list[Record]]


def records_of(rows: Sequence[Row], name: str, style: Style) -> list[Record]:
    """Return rows in a format.

    Raises:
        SettingError: there is no such format, or it needs a setting.
        DataError: a row lacks what the format takes, or rows differ in kind.
    """
    if name not in FORMATS:
        raise SettingError(f"format={name!r}{nearest(name, FORMATS)}: expected one of {', '.join(FORMATS)}.")
    form = FORMATS[name]
    records = [record for row in rows for record in form.write(Held(row, style.rename, name, form.takes), style)]
    if name not in ("rows", "examples"):
        _refuse_mixtures(records, name)
    return records


def _refuse_mixtures(records: Sequence[Record], name: str) -> None:
    """Refuse a column that holds texts in one row and messages in another: no trainer reads it."""
    for column in records[0] if records else ():
        if len(kinds := {type(record[column]).__name__ for record in records}) > 1:
            raise DataError(
                f"The column {column!r} of the format {name!r} would hold {' and '.join(sorted(kinds))}: some rows hold messages, "
                "others texts. Write them apart, or with conversational=True."
            )


def prompted(held: Held, style: Style) -> tuple[str | Turns, str]:
    """Return the prompt of a row, as a text or as messages, and what a completion in texts begins with."""
    if held.has("messages") and not held.has(*PROMPTS):
        return held.turns("messages")[:-1], ""
    said = held.need(*PROMPTS)
    if isinstance(said, list):
        return held.turns(*PROMPTS), ""
    given = text_of(held.get("input", ""))
    prompt, begin = chosen(style.templates, held.row, style.seed).fill(text_of(said), given)
    if not style.conversational:
        system = f"{text_of(held.get('system'))}\n\n" if held.get("system") else ""
        return system + prompt, begin
    opening = [{"role": "system", "content": text_of(held.get("system"))}] if held.get("system") else []
    return [*opening, {"role": "user", "content": prompt.strip()}], ""


def answered(held: Held, prompt: str | Turns, begin: str, *names: str) -> str | Turns:
    """Return an answer of a row in the form of its prompt."""
    if held.has("messages") and not held.has(*names):
        (*_, last) = held.turns("messages")
        if last["role"] != "assistant":
            raise DataError(f"The row {held.row.id} ends with a message of {last['role']!r}: expected the assistant's answer.")
        return [last]
    said = held.need(*names)
    if isinstance(said, list) and not isinstance(prompt, str):
        return held.turns(*names)
    return begin + text_of(said) if isinstance(prompt, str) else [{"role": "assistant", "content": text_of(said)}]


def _sft(held: Held, style: Style) -> list[Record]:
    prompt, begin = prompted(held, style)
    return [{"prompt": prompt, "completion": answered(held, prompt, begin, *ANSWERS)}]


def _talk(held: Held, style: Style) -> Turns:
    if held.has("messages"):
        return held.turns("messages")
    talking = Style(style.rename, True, style.templates, style.seed)
    prompt, begin = prompted(held, talking)
    said = (prompt, answered(held, prompt, begin, *ANSWERS))
    return [turn for part in said if not isinstance(part, str) for turn in part]


def _preference(held: Held, style: Style) -> list[Record]:
    better, worse = held.need("chosen"), held.need("rejected")
    if isinstance(better, list) and isinstance(worse, list) and not held.has(*PROMPTS, "messages"):
        return [{"chosen": held.turns("chosen"), "rejected": held.turns("rejected")}]
    prompt, begin = prompted(held, style)
    return [{"prompt": prompt, **{name: answered(held, prompt, begin, name) for name in ("chosen", "rejected")}}]


def _reward(held: Held, style: Style) -> list[Record]:
    (found,) = _preference(held, style)
    before = found.pop("prompt", "" if isinstance(found["chosen"], str) else [])
    return [{name: before + found[name] for name in ("chosen", "rejected")}]


def _unpaired(held: Held, style: Style) -> list[Record]:
    if held.has("chosen", "rejected") and not held.has("label"):
        (found,) = _preference(held, style)
        before = {"prompt": found.get("prompt", [])}
        return [{**before, "completion": found[name], "label": name == "chosen"} for name in ("chosen", "rejected")]
    label = held.get("label")
    if label is None and style.least is not None:
        label = float(held.score()) >= style.least
    if not isinstance(label, bool):
        held.refuse("label", "with least=0.5, say, a label is made of its 'score'")
    (record,) = _sft(held, style)
    return [{**record, "label": label}]


def _stepwise(held: Held, style: Style) -> list[Record]:
    steps, labels = held.need(*STEPS), held.need(*LABELS)
    if not (isinstance(steps, list) and isinstance(labels, list) and len(steps) == len(labels)):
        raise DataError(f"The row {held.row.id} has no list of steps with as many labels: expected one true or false a step.")
    prompt, _ = prompted(held, Style(style.rename, False, style.templates, style.seed))
    return [{"prompt": prompt, "completions": [text_of(one) for one in steps], "labels": [bool(one) for one in labels]}]


def _alpaca(held: Held, style: Style) -> list[Record]:
    asked, answer = held.need("instruction", *PROMPTS), held.need(*ANSWERS)
    return [{"instruction": text_of(asked), "input": text_of(held.get("input", "")), "output": text_of(answer)}]


def _sharegpt(held: Held, style: Style) -> list[Record]:
    turns = _talk(held, style)
    if strange := [one["role"] for one in turns if one["role"] not in SPEAKERS]:
        raise DataError(f"The row {held.row.id} has a turn of {strange[0]!r}: expected {', '.join(SPEAKERS)}.")
    return [{"conversations": [{"from": SPEAKERS[one["role"]], "value": one["content"]} for one in turns]}]


def _examples(held: Held, style: Style) -> list[Record]:
    if style.task is None:
        raise SettingError("format='examples' needs task=..., whose fields are taken from the rows.")
    return [{name: serialize_for_json(held.need(name)) for name in style.task.fields}]


FORMATS = {
    "sft": Format("'prompt' or 'instruction' (and 'input'), and 'completion' or 'output'; or 'messages'", _sft),
    "messages": Format("'messages'; or what 'sft' takes", lambda held, style: [{"messages": _talk(held, style)}]),
    "prompts": Format("'prompt' or 'instruction' (and 'input')", lambda held, style: [{"prompt": prompted(held, style)[0]}]),
    "preference": Format("'prompt' or 'instruction', 'chosen' and 'rejected'", _preference),
    "reward": Format("'prompt' or 'instruction', 'chosen' and 'rejected'", _reward),
    "unpaired": Format("what 'sft' takes and a 'label'; or 'chosen' and 'rejected'", _unpaired),
    "stepwise": Format("'prompt' or 'instruction', 'completions' and as many 'labels'", _stepwise),
    "alpaca": Format("'instruction' and 'output' (and 'input')", _alpaca),
    "sharegpt": Format("'messages'; or what 'sft' takes", _sharegpt),
    "examples": Format("the fields of the task", _examples),
    "rows": Format("any row", lambda held, style: [serialize_for_json(held.row.to_dict())]),
}  # fmt: skip
