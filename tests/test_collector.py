"""The collector is left as it was found, however blocks nest."""

import gc

import pytest

from selftaught.collector import ALLOCATIONS, fewer_collections


def test_the_outermost_block_restores_what_was_set():
    before = gc.get_threshold()
    with fewer_collections():
        assert gc.get_threshold()[0] == ALLOCATIONS
        with fewer_collections():
            pass
        assert gc.get_threshold()[0] == ALLOCATIONS
    assert gc.get_threshold() == before


def test_an_error_restores_it_too():
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), fewer_collections():
        raise ZeroDivisionError
    assert gc.get_threshold() == before


def test_a_collector_that_is_switched_off_or_calmer_stays_so():
    before = gc.get_threshold()
    try:
        for own in (0, ALLOCATIONS * 2):
            gc.set_threshold(own, 10, 10)
            with fewer_collections():
                assert gc.get_threshold()[0] == own
            assert gc.get_threshold()[0] == own
    finally:
        gc.set_threshold(*before)
