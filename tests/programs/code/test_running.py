"""What counts as the code of an answer."""

import pytest

from selftaught.programs.code.running import code_in


def test_fenced_code_is_the_code():
    assert code_in("Here:\n```python\nx = 1\n```\nand\n```\ny = 2\n```") == "x = 1\n\ny = 2"
    assert code_in("x = 1\n") == "x = 1\n"


@pytest.mark.parametrize(
    ("meant", "written"),
    [
        ("a = t.split('\\n')", "a = t.split('\n')"),
        ("print(f'{a}\\n{b}\\n')", "print(f'{a}\n{b}\n')"),
        ("def f(t):\n    return '\\n'.join(t)\n", "def f(t):\n    return '\n'.join(t)\n"),
        ('a = "\\n\\n"', 'a = "\n\n"'),
    ],
)
def test_a_line_break_that_was_escaped_once_too_little_is_escaped(meant, written):
    assert code_in(written) == meant


@pytest.mark.parametrize(
    "code", ["a = 'x", "a = '\nb = 1", 'a = """x\ny"""', "x = (1", "'\n" * 50, "it's plain text\nit isn't code"]
)
def test_what_that_does_not_mend_is_left_alone(code):
    assert code_in(code) == code
