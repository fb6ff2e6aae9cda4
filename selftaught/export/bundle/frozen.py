"""A program as it stands, with its compiled prompts and demonstrations, as source that builds it again."""

from __future__ import annotations

import dataclasses
import functools
import re
import types
from typing import Any

import dspy
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from selftaught.artifact_format import SETTINGS
from selftaught.errors import ExportError
from selftaught.export.bundle.layout import Group, Named, Node, atom, quoted_line
from selftaught.export.bundle.prompts import Prompts
from selftaught.export.bundle.provided import GUARDED, RUNTIME
from selftaught.export.bundle.reach import Reach
from selftaught.export.bundle.sources import OURS, source_of

NEVER = frozenset(
    {"callbacks", "history", "arguments", "provenance", "tuning", "trusted", "_compiled", "trial_logs", "candidate_programs",
     "mb_candidate_programs", "detailed_results"}
)  # fmt: skip
"""Attributes of programs that no call reads."""
UNPARTED = (("aggregate", "semantic", "it compares answers by embeddings, which need scikit-learn or an encoder of yours"),)


class Freezer:
    """Turns the objects of a program into source.

    Attributes:
        values: key -> the source of a value that has a name of its own; `wishes`: key -> that name, if it is free.
        uses: key -> how often it is used; what is used once stands where it is used, signatures aside.
    """

    def __init__(self, program: Any, reach: Reach) -> None:
        self.program, self.reach = program, reach
        self.types = Prompts(reach)
        self.values: dict[str, Node] = {}
        self.wishes: dict[str, str] = {}
        self.uses: dict[str, int] = {}
        self._inside: set[str] = set()
        self._alive: list[Any] = []  # so that no two values have one id
        self._steps = {id(step): name for name, step in program.named_predictors()}

    def node(self, value: Any, where: str) -> Node:
        """Return a value as source.

        Raises:
            ExportError: it has no form in a file.
        """
        if value is None or type(value) in (bool, int, float, str, bytes):
            return atom(value)
        if isinstance(value, list | tuple | set | frozenset | dict):
            return self._collection(value, where)
        if isinstance(value, type) and issubclass(value, dspy.Signature):
            wish = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", value.__name__).upper()
            return self._kept(value, where, lambda: self.types.signature(value, where), wish)
        if isinstance(value, type | types.GenericAlias | types.UnionType) or type(value).__module__ == "typing":
            return self.types.kind(value, where)[0]
        if isinstance(value, FieldInfo):
            return self.types.maker(value, where)
        if isinstance(value, types.FunctionType | types.MethodType | functools.partial):
            return self._callable(value, where)
        return self._object(value, where)

    def _callable(self, value: Any, where: str) -> Node:
        if isinstance(value, types.FunctionType):
            return self._function(value, where)
        if isinstance(value, types.MethodType):
            return Group([self.node(value.__self__, where), f".{value.__name__}"], "")
        given = [("", self.node(value.func, where)), *self._labelled(value.args, value.keywords, where)]
        return self._call("functools:partial", given)

    def _labelled(self, values: Any, named: dict[str, Any], where: str) -> list[tuple[str, Node]]:
        return [("", self.node(one, where)) for one in values] + [
            (f"{name}=", self.node(one, f"{where}.{name}")) for name, one in named.items()
        ]

    def _call(self, symbol: str, parts: list[tuple[str, Node]], kind: str = "value") -> Node:
        self.reach.take(symbol, kind, "the program")
        return Group([Named(symbol), "("], ")", parts)

    def _collection(self, value: Any, where: str) -> Node:
        if isinstance(value, dict):
            parts = [(_joined(self.node(name, where)), self.node(one, f"{where}[{name!r}]")) for name, one in value.items()]
            return Group(["{"], "}", parts)
        parts = [
            ("", self.node(one, f"{where}[{place}]"))
            for place, one in enumerate(value if not isinstance(value, set | frozenset) else sorted(value, key=repr))
        ]
        if isinstance(value, list):
            return Group(["["], "]", parts)
        if isinstance(value, tuple):
            return Group(["("], ",)" if len(parts) == 1 else ")", parts)
        inner = Group(["["], "]", parts)
        return Group([type(value).__name__ + "("], ")", [("", inner)])

    def _kept(self, value: Any, where: str, make: Any, wish: str) -> Node:
        key = f"value:{id(value)}"
        self.uses[key] = self.uses.get(key, 0) + 1
        if key not in self.values:
            if key in self._inside:
                raise ExportError(f"{where} holds itself, so the program has no form in a file.")
            self._inside.add(key)
            self._alive.append(value)
            self.values[key] = make()
            self.wishes[key] = wish
            self._inside.discard(key)
        return Named(key)

    def _function(self, value: types.FunctionType, where: str) -> Node:
        symbol = f"{value.__module__}:{value.__qualname__}"
        if value.__module__.partition(".")[0] != OURS or value.__qualname__ not in source_of(value.__module__).definitions:
            raise ExportError(
                f"{where} is a function of your own or one made on the way ({value.__qualname__}), which has no form in a file."
            )
        self.reach.take(symbol, "value", where)
        return Named(symbol)

    def _object(self, value: Any, where: str) -> Node:
        kind = type(value)
        if isinstance(value, re.Pattern):
            self.reach.take("re:")
            flags = [("", repr(int(value.flags)))] if value.flags & ~re.UNICODE else []
            return Group([Named("re:"), ".compile("], ")", [("", atom(value.pattern)), *flags])
        if kind.__module__ == "numpy" and hasattr(value, "item") and isinstance(value, float | int):
            number: Any = value
            return atom(number.item())
        if isinstance(value, dspy.History):
            return self._call(f"{RUNTIME}.kinds:History", [("messages=", self.node(value.messages, where))])
        if isinstance(value, dspy.Prediction | dspy.Example):
            name = "Prediction" if isinstance(value, dspy.Prediction) else "Example"
            return self._call(f"{RUNTIME}.values:{name}", [("", self.node(dict(value), where))])
        if isinstance(value, BaseModel):
            named = {name: getattr(value, name) for name in kind.model_fields}
            return Group([self.types.kind(kind, where)[0], "("], ")", self._labelled((), named, where))
        if isinstance(value, dspy.Predict):
            return self._kept(value, where, lambda: self._step(value, where), _leaf(where))
        if kind.__module__.partition(".")[0] != OURS or kind.__qualname__ not in source_of(kind.__module__).definitions:
            raise ExportError(f"{where} is a {kind.__module__}.{kind.__qualname__}, which has no form in a file.")
        return self._kept(value, where, lambda: self._instance(value, where), _leaf(where))

    def _step(self, step: dspy.Predict, where: str) -> Node:
        symbol = f"{type(step).__module__}:{type(step).__qualname__}"
        if not hasattr(step, "retries"):
            raise ExportError(
                f"{where} is a {type(step).__name__} of DSPy, which asks in another form. Use st.Predict or Step in its place."
            )
        if step.lm is not None:
            raise ExportError(f"{where} has a model of its own, and an exported file asks one. Set its `lm` to None.")
        if unknown := sorted(step.config.keys() - SETTINGS):
            raise ExportError(
                f"{where} has the setting {unknown[0]!r}. A file holds how to decode, not where a request goes or with which key."
            )
        if {"n", "num_generations"} & step.config.keys():
            raise ExportError(f"{where} asks for several answers in one request, which an exported file does not do.")
        parts: list[tuple[str, Node]] = [
            ("", self.node(step.signature, where)),
            ("name=", quoted_line(self._steps.get(id(step), type(step).__name__))),
        ]
        if step.demos:
            parts.append(("demos=", self.node([dict(demo) for demo in step.demos], f"{where}.demos")))
        if step.config:
            parts.append(("config=", self.node(step.config, f"{where}.config")))
        if step.retries != 1:
            parts.append(("retries=", repr(step.retries)))
        parts += [
            (f"{name}=", self.node(one, f"{where}.{name}"))
            for name in ("check", "odds")
            if (one := getattr(step, name)) is not None
        ]
        return self._call(symbol, parts)

    def _instance(self, value: Any, where: str) -> Node:
        kind = type(value)
        symbol = f"{kind.__module__}:{kind.__qualname__}"
        self.reach.take(symbol, "instance", where)
        self.reach.open |= {
            method for method, part in GUARDED.items() if method.startswith(f"{symbol}.") and getattr(value, part)
        }
        if dataclasses.is_dataclass(value):
            named = {one.name: getattr(value, one.name) for one in dataclasses.fields(value) if one.init}
            return Group([Named(symbol), "("], ")", self._labelled((), named, where))
        state = value.__getstate__() if isinstance(value.__getstate__(), dict) else {}
        named = {name: one for name, one in state.items() if name not in NEVER and name in self.reach.attributes}
        for name, refused, why in UNPARTED:
            if named.get(name) == refused:
                raise ExportError(f"{type(value).__name__} cannot be exported: {why}.")
        parts = self._labelled((), named, where)
        if isinstance(value, dspy.Module) and not self.reach.constructed(symbol):
            return Group([Named(symbol), "("], ")", parts)
        self.reach.take(f"{RUNTIME}.steps:restored", "value", where)
        return Group([Named(f"{RUNTIME}.steps:restored"), "("], ")", [("", Named(symbol)), *parts])


def _joined(node: Node) -> Any:
    if not isinstance(node, str):
        raise ExportError("A dictionary of the program has keys that are no plain values.")
    return f"{node}: "


def _leaf(where: str) -> str:
    return re.sub(r"\W+", "_", where.rpartition(".")[2]).strip("_").upper() or "PART"
