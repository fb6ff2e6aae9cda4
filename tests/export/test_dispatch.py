"""Every target writes something whole, from a program or a file, under the name that is asked for."""

import pytest

from selftaught.artifact import save
from selftaught.errors import ArtifactError, ExportError, SettingError
from selftaught.export import TARGETS, default_path, export
from selftaught.export.writing import step_file
from tests.export.samples import several, single


@pytest.mark.parametrize("target", TARGETS)
def test_a_file_is_exported_beside_itself_and_again_over_itself(target, tmp_path):
    artifact = save(several(), tmp_path / "answer.st")
    first = export(artifact, target)
    assert first == default_path(artifact, target)
    assert first.is_file() == bool(TARGETS[target].ending)
    assert export(str(artifact), target) == first
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(["answer.st", first.name])


def test_an_unknown_target_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(SettingError, match="did you mean 'container'"):
        export(single(), "contaner", tmp_path / "x")
    with pytest.raises(ExportError, match="say where to"):
        export(single(), "jinja")
    with pytest.raises(ArtifactError, match="no artifact"):
        export(tmp_path / "missing.st", "jinja")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["../../x", "a/b", "..", "/etc/passwd", "a\\b", "a\nb", "stages[0].x"])
def test_no_name_of_a_step_leads_out_of_the_folder(step, tmp_path):
    name = step_file(step, ".jinja")
    assert (tmp_path / name).resolve().parent == tmp_path.resolve()
    assert ".." not in name
    assert name.isprintable()


def test_the_package_can_be_called_whatever_was_imported_before(tmp_path):
    import selftaught.export

    assert selftaught.export(single(), "messages", tmp_path / "x.json") == tmp_path / "x.json"
    with pytest.raises(SettingError):
        selftaught.export(single(), "nothing", tmp_path / "y")
