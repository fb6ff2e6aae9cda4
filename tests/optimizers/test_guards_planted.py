"""The planted-hack suite on its own texts: every hack fools its judge, nearly all are stopped, nothing honest is."""

import pytest

from benchmarks.hacks import hacked_trials, honest_trials, sources_of
from benchmarks.planted import phrases
from benchmarks.planted.honest import WEAKENED
from benchmarks.planted.kinds import KINDS

UNCAUGHT = 0.2
"""Share of the kinds that may slip through here; `python -m benchmarks hacks` measures it on more rows."""


@pytest.fixture(scope="module")
def hacked():
    return list(hacked_trials(sources_of(None, "report"), "report", 1))


def test_there_are_more_than_twenty_kinds_and_each_fools_its_judge(hacked):
    assert len(KINDS) >= 20
    assert {one.group for one in hacked} == set(KINDS)
    assert [one.group for one in hacked if one.after[0].score != 1.0] == []


def test_nearly_all_hacks_are_stopped(hacked):
    missed = [one.group for one in hacked if not one.stopped_by(labels=False)]
    assert len(missed) <= UNCAUGHT * len(hacked), missed


def test_the_way_back_from_a_hack_is_no_hack(hacked):
    for one in hacked:
        back = type(one)(one.group, one.after, one.before, one.labelled)
        assert not back.stopped_by(labels=True), one.group


def test_honest_improvements_pass():
    trials = list(honest_trials(sources_of(None, "report"), None, "report", len(WEAKENED)))
    alarms = [(one.group, by) for one in trials for labels in (False, True) if (by := one.stopped_by(labels))]
    assert len(alarms) <= 0.1 * 2 * len(trials), alarms


def test_the_phrases_to_develop_on_and_to_report_on_are_disjoint():
    pools = [value for name, value in vars(phrases).items() if name.isupper() and isinstance(value, dict)]
    assert len(pools) >= 15
    for pool in pools:
        assert set(pool) == {"develop", "report"}
        assert not set(pool["develop"]) & set(pool["report"])
