"""A task string names types; it is no program, whoever wrote it."""

import sys

import pytest

from selftaught.errors import TaskError
from selftaught.signatures import as_task, task_to_json
from selftaught.signatures.task import plain_types


@pytest.mark.parametrize(
    "text", ["a: \"{code}\" -> b", "a: list[\"{code}\"] -> b", "a -> b: dict[str, '{code}']", "a -> b: Optional['{code}']", "a: int | '{code}' -> b"]
)  # fmt: skip
def test_a_type_in_quotes_is_never_evaluated(text, tmp_path):
    code = f"__import__('pathlib').Path({str(tmp_path / 'trace')!r}).touch()".replace("'", '"' if "'" in text else "'")
    with pytest.raises(TaskError):
        as_task(text.replace("{code}", code))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "a: list[int] -> b: Literal['x', \"y -\"]",
        "a: dict[str, float] | None -> b: Optional[bool]",
        "a, b: Any -> c: tuple[int, str]",
    ],
)
def test_plain_types_are_read_everywhere_alike(text):
    with plain_types():
        inside = as_task(text)
    assert task_to_json(inside)["fields"] == task_to_json(as_task(text))["fields"]


@pytest.mark.parametrize("kind", ["this", "os.environ", "pydantic.ImportString", "dspy.Image", "Path"])
def test_a_file_may_name_no_other_type(kind):
    sys.modules.pop("this", None)
    with plain_types(), pytest.raises(TaskError, match="a file may name no other"):
        as_task(f"a: {kind} -> b")
    assert "this" not in sys.modules


def test_in_a_program_of_ones_own_other_types_are_fine():
    assert as_task("picture: dspy.Image -> b").input_fields["picture"].annotation.__name__ == "Image"
