"""What a teacher writes into course.toml: read, or refused in one line that says what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import Course, CourseError, make_course
from grader.engines import ENGINES
from grader.settings import SETTINGS, Settings, SettingsError, read_settings


def test_no_file_means_all_defaults(tmp_path: Path) -> None:
    """A course from before there was a course.toml goes on as it was."""
    assert read_settings(tmp_path / "course.toml") == Settings()
    assert Course(tmp_path).database == f"sqlite:///{tmp_path / 'gradebook.db'}"


def test_a_new_course_names_every_sandbox_and_decides_nothing(tmp_path: Path) -> None:
    course = make_course(tmp_path / "course")
    assert course.settings == read_settings(tmp_path / "no-such-file")
    (line,) = [line for line in (course.root / SETTINGS).read_text().splitlines() if "engine" in line]
    assert all(f'"{engine}"' in line for engine in ENGINES)


def test_a_line_that_is_there_counts(tmp_path: Path) -> None:
    """Only what is written differs from the defaults."""
    (tmp_path / "course.toml").write_text('[gradebook]\ndatabase = "postgresql+psycopg:///marks"\n')
    assert Course(tmp_path).database == "postgresql+psycopg:///marks"
    assert Course(tmp_path).settings.sandbox == Settings().sandbox


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sandbox\n", "line 1"),
        ("[sandbx]\n", "there is no section 'sandbx'; did you mean 'sandbox'?"),
        ("sandbox = 1\n", "sandbox is a section; write [sandbox] in a line of its own"),
        ("[sandbox]\nengin = 1\n", "there is no line of [sandbox] 'engin'; did you mean 'engine'?"),
        ("[sandbox]\nengine = 1\n", "sandbox.engine must be a text in quotes, but is 1"),
        ("[late]\nper_day = -0.1\n", "late.per_day must be a number from 0 to 1, but is -0.1"),
        ("[late]\nat_most = 10\n", "late.at_most must be a number from 0 to 1, but is 10"),
        (
            "[late]\ngrace_minutes = nan\n",
            "late.grace_minutes must be a number from 0 to 1000000",
        ),
        (
            "[time]\npatience_seconds = 0\n",
            "time.patience_seconds must be a number from 0.1 to 86400",
        ),
        ("[time]\nslow_minutes = inf\n", "time.slow_minutes must be a number from 0.1 to 86400, but is inf"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, said: str) -> None:
    """With the file, and what was expected."""
    (tmp_path / "course.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"course\.toml: ") as raised:
        read_settings(tmp_path / "course.toml")
    assert said in str(raised.value)
    with pytest.raises(CourseError):
        _ = Course(tmp_path).database
