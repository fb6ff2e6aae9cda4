"""The catalogue holds every paper once; its status follows from classes and tests; only its own classes can be named."""

import dspy
import pytest

import selftaught as st
from selftaught import registry
from selftaught.errors import SettingError
from selftaught.registry import catalogue, find, method, registered_class, registrations


def test_every_paper_is_there_once_in_order_and_methods_without_one_follow():
    numbers = [entry.number for entry in catalogue()]
    papers = [number for number in numbers if number is not None]
    assert papers == list(range(1, 202))
    assert numbers[: len(papers)] == papers
    assert len({entry.slug for entry in catalogue()}) == len(numbers)


def test_every_registration_is_an_entry_that_names_its_class():
    served = {entry.number: entry for entry in catalogue() if entry.number is not None}
    by_slug = {entry.slug: entry for entry in catalogue()}
    assert registrations()
    for slug, one in registrations().items():
        entry = served[one.number] if one.number is not None else by_slug[slug]
        assert entry.status != "open"
        assert registered_class(f"{one.serves.__module__}:{one.serves.__qualname__}") is one.serves


def test_a_status_says_what_there_is():
    for entry in catalogue():
        assert (entry.status == "open") == (entry.serves is None)
        if entry.status == "works":
            assert entry.tests
            assert not entry.missing
        if entry.status == "partial":
            assert entry.missing


def test_a_kind_selects_and_the_kinds_together_are_everything():
    kinds = {entry.kind for entry in catalogue()}
    assert sorted(e.slug for kind in kinds for e in catalogue(kind)) == sorted(e.slug for e in catalogue())
    assert catalogue("no such kind") == []


def test_an_entry_is_found_by_slug_number_and_title_in_any_case():
    refine = find("self-refine")
    assert find("145") is not None
    assert {
        entry.number for entry in (refine, find("145"), find(refine.title), find(refine.title.upper()), find("SELF-REFINE"))
    } == {145}
    assert find("7") == find("007")


def test_every_entry_is_found_by_its_own_slug():
    for entry in catalogue():
        assert find(entry.slug) == entry


def test_a_typo_is_refused_with_the_nearest_name():
    with pytest.raises(SettingError, match=r"no 'self-refin' \(did you mean 'self-refine'\?\)"):
        find("self-refin")


@pytest.fixture
def shelf(monkeypatch):
    """A registry that may be spoilt."""
    registrations()
    monkeypatch.setattr(registry, "_registrations", dict(registry._registrations))
    return registry._registrations


def test_two_classes_cannot_serve_one_method(shelf):
    class First:
        """One."""

    class Second:
        """Another."""

    method(None, "a-new-one", family="refine", knob=3)(First)
    method(None, "a-new-one", family="refine", knob=3)(First)  # a module that is imported again
    with pytest.raises(SettingError, match=r"'a-new-one' is registered twice.*First.*Second"):
        method(None, "a-new-one", family="refine")(Second)
    assert shelf["a-new-one"].arguments == {"knob": 3}


def test_one_class_may_serve_several_methods_each_with_its_arguments(shelf):
    class Both:
        """Two in one."""

    assert method(None, "one-way", family="vote", samples=1)(method(None, "other-way", family="vote", samples=5)(Both)) is Both
    assert (shelf["one-way"].arguments, shelf["other-way"].arguments) == ({"samples": 1}, {"samples": 5})


@pytest.mark.parametrize(
    "path",
    ["os:system", "subprocess:Popen", "selftaught.run:Run", "selftaught.programs.step:AdapterParseError", "selftaught.programs.x:Y",
     "selftaught.programs.base.os:system", "selftaught.programs.base:inspect", "selftaught.programsx:A", "", ":", "selftaught.programs:"],
)  # fmt: skip
def test_what_is_no_class_of_the_catalogue_is_refused(path):
    with pytest.raises(SettingError, match="no class of the catalogue"):
        registered_class(path)


def test_a_class_of_the_catalogue_is_found():
    assert registered_class("selftaught.programs.step:Predict") is st.Predict
    assert issubclass(registered_class("selftaught.programs.refine.self_refine:SelfRefine"), dspy.Module)
