"""Tables that were written with Python's own writer."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import constraint

FIELD = st.text("ab1 ,;\"'", min_size=1).filter(str.strip)
COLUMNS = ["ID", "City", "Count"]


def written(rows, delimiter=",", quoting=csv.QUOTE_MINIMAL):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows([COLUMNS, *rows])
    return out.getvalue()


@given(st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=4), st.integers(1, 4))
def test_a_table_has_its_rows_in_its_form(rows, asked):
    def one(**settings):
        return constraint("custom:csv", columns=COLUMNS, rows=asked, **settings)

    right = len(rows) == asked
    assert one().check(written(rows)) == right
    assert one().check(f"```csv\n{written(rows)}```") == right
    assert one(delimiter="tab").check(written(rows, "\t")) == right
    assert one(quoted="all").check(written(rows, quoting=csv.QUOTE_ALL)) == right
    assert not one(delimiter="tab").check(written(rows))


def test_a_special_field_stands_in_quotation_marks():
    one = constraint("custom:csv", columns=COLUMNS, rows=1, quoted="special")
    assert one.check('ID,City,Count\n1,"Ulm!",2')
    assert not one.check("ID,City,Count\n1,Ulm!,2")
    assert not one.check('ID,City,Count\n1,"Ulm",2')


@pytest.mark.parametrize("text", ["ID,City\n1,Ulm", "ID,City,Count\n1,Ulm", "Count,City,ID\n1,2,3"])
def test_other_columns_are_another_table(text):
    assert not constraint("custom:csv", columns=COLUMNS, rows=1).check(text)
