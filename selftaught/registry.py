"""The catalogue: what is known of each method, and which class serves it.

The facts about the papers are data (`bundled/catalogue.json`). Which class serves a method is said where the class is
written (`@method`), and which registrations have the tests that the design asks for is collected from the test suite
(`bundled/tested.json`, kept current by a test). The status follows from these two; nobody types it in.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeVar

from selftaught.errors import SettingError, nearest

Status = Literal["works", "partial", "open"]
C = TypeVar("C", bound=type)

ROOMS = ("selftaught.programs", "selftaught.optimizers")


@dataclass(frozen=True, slots=True)
class Registration:
    """A class that serves a method. `arguments`: what makes the class this method. `missing`: what it cannot do yet."""

    number: int | None
    slug: str
    family: str
    serves: type
    arguments: dict[str, Any] = field(default_factory=dict)
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue.

    `number`: of the paper, None for a method without one of the 201 papers. `registered`: every class that serves it, with its own
    name, arguments and what is missing; `serves` and `arguments` are the first one's. `measured`: name -> set -> what the benchmark
    of programs found.
    """

    number: int | None
    slug: str
    title: str
    kind: str
    family: str
    status: Status
    serves: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    tests: tuple[str, ...] = ()
    missing: str = ""
    paper: str = ""
    authors: str = ""
    year: int | None = None
    arxiv: str | None = None
    needs: tuple[str, ...] = ()
    use_when: str = ""
    registered: tuple[dict[str, Any], ...] = ()
    measured: dict[str, Any] | None = None


_registrations: dict[str, Registration] = {}


def method(number: int | None, slug: str, *, family: str, missing: str = "", **arguments: Any) -> Callable[[C], C]:
    """Register a class as a method of the catalogue; a class may serve several, each with its own `arguments`.

    Args:
        number: of the paper, 1 to 201; None for a method that is not among them.
        slug: the method's name on the command line.
        family: as in the catalogue's data.
        missing: what the paper has and this class has not; such an entry is `partial`.
        arguments: constructor arguments that make the class this method.
    """

    def register(cls: C) -> C:
        known = _registrations.get(slug)
        if known is not None and (known.serves.__module__, known.serves.__qualname__) != (cls.__module__, cls.__qualname__):
            raise SettingError(
                f"The method {slug!r} is registered twice: by {known.serves.__qualname__} and by {cls.__qualname__}."
            )
        _registrations[slug] = Registration(number, slug, family, cls, arguments, missing)
        return cls

    return register


@cache
def _load_rooms() -> None:
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, room + "."):
            importlib.import_module(module.name)


def registrations() -> dict[str, Registration]:
    """Return every registration by slug, after loading all rooms."""
    _load_rooms()
    return dict(_registrations)


def registered_class(path: str) -> type:
    """Return a catalogue class by its `module:Name`, without importing anything that is not in the rooms.

    Raises:
        SettingError: no class of the rooms has this name.
    """
    _load_rooms()
    module_name, _, name = path.partition(":") if isinstance(path, str) else ("", "", "")
    inside = any(module_name == room or module_name.startswith(room + ".") for room in ROOMS)
    module = sys.modules.get(module_name) if inside else None  # all of the rooms are loaded
    found = getattr(module, name, None)
    if not isinstance(found, type) or found.__module__ != module_name:
        raise SettingError(f"{path!r} is no class of the catalogue.")
    return found


def catalogue(kind: str | None = None) -> list[Entry]:
    """Return the catalogue in order of number, then the registered methods that have none; all or one kind."""
    by_number: dict[int, list[Registration]] = {}
    others = []
    for registration in registrations().values():
        if registration.number is None:
            others.append(registration)
        else:
            by_number.setdefault(registration.number, []).append(registration)
    entries = [_entry(facts, by_number.get(facts["number"], [])) for facts in _facts()]
    entries += [_entry(_facts_without_paper(one), [one]) for one in sorted(others, key=lambda one: one.slug)]
    return [entry for entry in entries if kind is None or entry.kind == kind]


def find(name: str) -> Entry:
    """Return an entry by slug, number or title.

    Raises:
        SettingError: there is none; the nearest is named.
    """
    entries = catalogue()
    for entry in entries:
        if name.lower() in (entry.slug, str(entry.number), f"{entry.number:03d}" if entry.number else "", entry.title.lower()):
            return entry
        if (
            entry.number is not None
            and entry.serves
            and name.lower() in {slug for slug, one in registrations().items() if one.number == entry.number}
        ):
            return entry
    raise SettingError(f"The catalogue has no {name!r}{nearest(name, [entry.slug for entry in entries])}.")


def _entry(facts: dict[str, Any], served: list[Registration]) -> Entry:
    slugs = [one.slug for one in served]
    tests = tuple(test for slug in slugs for test in _tested().get(slug, ()))
    missing = "; ".join(dict.fromkeys(one.missing for one in served if one.missing))
    if not served:
        status: Status = "open"
    else:
        status = "works" if tests and not missing else "partial"
    first = served[0] if served else None
    return Entry(
        number=facts["number"], slug=facts["slug"], title=facts["title"], kind=facts["kind"], family=facts["family"], status=status,
        serves=f"{first.serves.__module__}.{first.serves.__qualname__}" if first else None,
        arguments=dict(first.arguments) if first else {}, tests=tests,
        missing=missing or ("" if not served or tests else "its tests"),
        paper=facts.get("paper", ""), authors=facts.get("authors", ""), year=facts.get("year"), arxiv=facts.get("arxiv"),
        needs=tuple(facts.get("needs", ())), use_when=facts.get("use_when", ""), registered=tuple(_plain(one) for one in served),
        measured={slug: _measured()[slug] for slug in slugs if slug in _measured()} or None,
    )  # fmt: skip


def _plain(one: Registration) -> dict[str, Any]:
    serves = f"{one.serves.__module__}.{one.serves.__qualname__}"
    return {"slug": one.slug, "serves": serves, "arguments": dict(one.arguments), "missing": one.missing}


def _facts_without_paper(one: Registration) -> dict[str, Any]:
    about = (one.serves.__doc__ or "").strip().splitlines()[0] if one.serves.__doc__ else ""
    room = one.serves.__module__.split(".")[1]
    kind = "optimizer" if room == "optimizers" else "judge" if ".judge" in one.serves.__module__ else "program"
    return {
        "number": None,
        "slug": one.slug,
        "title": one.slug.replace("-", " "),
        "kind": kind,
        "family": one.family,
        "use_when": about,
    }


@cache
def _facts() -> list[dict[str, Any]]:
    return json.loads(files("selftaught.bundled").joinpath("catalogue.json").read_text(encoding="utf-8"))


def _optional(name: str) -> dict[str, Any]:
    path = files("selftaught.bundled").joinpath(name)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


@cache
def _tested() -> dict[str, tuple[str, ...]]:
    return {slug: tuple(tests) for slug, tests in _optional("tested.json").items()}


@cache
def _measured() -> dict[str, dict[str, Any]]:
    return _optional("measured.json")
