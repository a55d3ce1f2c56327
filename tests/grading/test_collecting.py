"""Submissions as Moodle, Canvas and repositories give them: whose they are, which is newer, what is wrong."""

from __future__ import annotations

import io
import os
import stat
import struct
import subprocess
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from grader.collecting.canvas import is_canvas
from grader.collecting.handed import Sender
from grader.collecting.people import student_of
from grader.collecting.plan import Collector, Step
from grader.collecting.tree import File, Refused
from grader.command import main
from grader.course import Course
from grader.roster import Student

ROSTER = """id,name,email,canvas,github
ada,Ada Lovelace,ada@school.org,501,
emmy,Emmy Noether,noether@school.org,502,emmy-codes
grace,Grace Brewster Hopper,grace@school.org,,
"""
NAME = "convolution.ipynb"
MONDAY, FRIDAY = (2026, 3, 2, 9, 0, 0), (2026, 3, 6, 9, 0, 0)


@pytest.fixture
def place(course: Course) -> Course:
    """A course with a roster and nothing collected."""
    (course.root / "roster.csv").write_text(ROSTER)
    return course


def pack(path: Path, files: Mapping[str, bytes | str], date: tuple[int, ...] = FRIDAY) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, date)  # type: ignore[arg-type]
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return path


def collect(course: Course, source: Path, *options: str) -> int:
    return main(["collect", "counting", str(source), "--course", str(course.root), *options])


def collected(course: Course) -> dict[str, str]:
    return {
        path.parts[-3]: path.read_text() for path in course.submitted.glob(f"*/counting/{NAME}")
    }  # fmt: skip


FOLDERS = {
    f"Ada Lovelace_123456_assignsubmission_file/{NAME}": "ada's",
    "Noether Emmy_123457_assignsubmission_file_/convolution (1).ipynb": "emmy's",
    "Noether Emmy_123457_assignsubmission_file_/notes.txt": "mine",
    f"Grace Brewster Hopper_123458_assignsubmission_file/homework/{NAME}": "grace's",
    "Grace Brewster Hopper_123458_assignsubmission_onlinetext/onlinetext.html": "see file",
}
FLAT = {
    f"Ada Lovelace_123456_assignsubmission_file_{NAME}": "ada's",
    "Emmy Noether_123457_assignsubmission_file_convolution (1).ipynb": "emmy's",
    "Grace Brewster Hopper_123458_assignsubmission_file_homework.ipynb": "grace's",
}
CANVAS = {
    f"lovelaceada_501_9001_{NAME}": "ada's",
    "noetheremmy_LATE_502_9002_convolution-1.ipynb": "emmy's",
    "hoppergracebrewster_503_9003_my homework.ipynb": "grace's",
    "hoppergracebrewster_503_9004_notes.txt": "mine",
}
EVERYBODY = {"ada": "ada's", "emmy": "emmy's", "grace": "grace's"}


@pytest.mark.parametrize("files", [FOLDERS, FLAT, CANVAS], ids=["moodle", "moodle flat", "canvas"])
def test_the_zips_of_learning_platforms_are_known_by_their_names(
    files: Mapping[str, str], place: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everybody's notebook comes under its expected name; nothing else of a student's is taken."""
    assert collect(place, pack(tmp_path / "all.zip", files)) == 0
    assert collected(place) == EVERYBODY
    assert "Collected: 3 new\n" in capsys.readouterr().out
    assert [path.name for path in place.submitted.glob("*/counting/*")] == [NAME] * 3


def test_what_moodles_zip_was_unpacked_to_is_collected_too(place: Course, tmp_path: Path) -> None:
    """Also below one more folder, as an unpacking program makes it."""
    with zipfile.ZipFile(pack(tmp_path / "all.zip", FOLDERS)) as archive:
        archive.extractall(tmp_path / "unpacked" / "all")
    assert collect(place, tmp_path / "unpacked") == 0
    assert collected(place) == EVERYBODY


def test_a_dry_run_says_the_same_and_writes_nothing(
    place: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert collect(place, pack(tmp_path / "all.zip", CANVAS), "--dry-run") == 0
    printed = capsys.readouterr().out
    assert "emmy: new (was called 'convolution-1.ipynb', late)\n" in printed
    assert "Would collect: 3 new\n" in printed
    assert not list(place.submitted.iterdir())


def test_a_resubmission_replaces_and_says_so_and_an_older_one_does_not(
    place: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A zip's own dates are those of its download: nothing in it is newer."""
    name = f"lovelaceada_501_9001_{NAME}"
    early = pack(tmp_path / "early.zip", {name: "monday's"}, MONDAY)
    late = pack(tmp_path / "late.zip", {name: "friday's"}, FRIDAY)
    assert collect(place, early) == 0
    assert collect(place, late) == 0
    assert "ada: replaced (was of 2026-03-02 " in capsys.readouterr().out
    assert collect(place, late) == 0
    assert "ada: unchanged\n" in capsys.readouterr().out
    assert collect(place, early) == 0
    assert "ada: kept (the one here is of 2026-03-06 " in capsys.readouterr().out
    assert collected(place) == {"ada": "friday's"}


@pytest.mark.parametrize("told", ["2026-04-01 10:00:00.123456 UTC", "2026-03-06 23:00:00 -18000"])
def test_a_newer_submission_through_the_exchange_is_kept(told: str, place: Course, tmp_path: Path) -> None:
    folder = place.submitted / "ada" / "counting"
    folder.mkdir(parents=True)
    (folder / NAME).write_text("april's")
    (folder / "timestamp.txt").write_text(told)
    os.utime(folder / NAME, (0, 0))
    assert collect(place, pack(tmp_path / "all.zip", CANVAS)) == 0
    assert collected(place)["ada"] == "april's"


def test_moodles_worksheet_tells_ids_addresses_and_times(place: Course, tmp_path: Path) -> None:
    """Then a name that is not in the roster does not matter, and the time is that of the submission."""
    worksheet = tmp_path / "Grades.csv"
    worksheet.write_text(
        "Identifier,Full name,ID number,Email address,Status,Last modified (submission)\n"
        'Participant 7,Countess,,ada@school.org,Submitted,"Monday, 2 March 2026, 8:15 AM"\n'
        "Participant 8,Amalie,emmy,,Submitted,-\n"
    )
    files = {
        f"Countess_7_assignsubmission_file_{NAME}": "ada's",
        f"Amalie_8_assignsubmission_file_{NAME}": "emmy's",
    }
    assert collect(place, pack(tmp_path / "all.zip", files), "--worksheet", str(worksheet)) == 0
    assert collected(place) == {"ada": "ada's", "emmy": "emmy's"}
    assert (place.submitted / "ada" / "counting" / "timestamp.txt").read_text().startswith("2026-03-02 ")
    assert not (place.submitted / "emmy" / "counting" / "timestamp.txt").exists()


def repository(folder: Path, files: Mapping[str, str], commit: bool = True) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if not commit:
        return
    environment = {
        **os.environ,
        **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "x"),
        **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "x@x"),
        **dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2026-03-05T12:00:00Z"),
    }
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=folder, env=environment, check=True)


def test_a_folder_of_repositories_is_collected_with_the_times_of_its_commits(
    place: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the login that the roster holds, or where that is the id, or the address's beginning."""
    folder = tmp_path / "clones"
    repository(folder / "counting-Emmy-Codes", {NAME: "emmy's", "src/other.ipynb": "x"})
    repository(folder / "counting-grace", {f"week 1/{NAME}": "grace's"})
    repository(folder / "ada", {NAME: "ada's"}, commit=False)
    repository(folder / "counting-template", {NAME: "nobody's"})
    assert collect(place, folder) == 1
    assert collected(place) == EVERYBODY
    told = (place.submitted / "emmy" / "counting" / "timestamp.txt").read_text()
    assert told == "2026-03-05 12:00:00 UTC\n"
    assert not (place.submitted / "ada" / "counting" / "timestamp.txt").exists()
    printed = capsys.readouterr()
    assert (
        "github template: REFUSED (is nobody of roster.csv; add a line, or fill its column `github`"
        in printed.out
    )
    assert "1 submissions were not taken, see above" in printed.err


def test_a_repository_of_a_student_runs_no_program(place: Course, tmp_path: Path) -> None:
    """Its own configuration may name some."""
    folder = tmp_path / "clones" / "ada"
    repository(folder, {NAME: "ada's"})
    with (folder / ".git" / "config").open("a") as file:
        for key, value in (("fsmonitor", "x"), ("pager", "x"), ("sshCommand", "x")):
            file.write(f"[core]\n{key} = touch {tmp_path}/{value}\n")
    assert collect(place, folder.parent) == 0
    assert not (tmp_path / "x").exists()


def encrypted() -> bytes:
    """A zip whose one entry bears the flag; the standard library reads such, and does not write them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"lovelaceada_501_1_{NAME}", "x")
    data = bytearray(buffer.getvalue())
    central = data.index(b"PK\x01\x02")
    struct.pack_into("<H", data, central + 8, 1)
    return bytes(data)


def with_entry(name: str, mode: int = 0, times: int = 1) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"lovelaceada_501_1_{NAME}", "x")
        for _ in range(times):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            with warnings.catch_warnings(action="ignore"):  # of the name that is there twice
                archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


LINK = stat.S_IFLNK | 0o777


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"I am no zip", "is no zip archive; download it again"),
        (encrypted(), "is encrypted; no learning platform writes that. Nothing was taken."),
        (with_entry("../../secret"), "leads out of the folder that it is unpacked in"),
        (with_entry("/etc/cron.d/x"), "leads out of the folder"),
        (with_entry("C:\\x"), "leads out of the folder"),
        (with_entry("a\\..\\..\\x"), "leads out of the folder"),
        (with_entry("a/./b"), "leads out of the folder"),
        (with_entry(f"noetheremmy_502_2_{NAME}", LINK), "is a link or a device"),
        (with_entry(f"noetheremmy_502_2_{NAME}", stat.S_IFIFO), "is a link or a device"),
        (with_entry(f"noetheremmy_502_2_{NAME}", times=2), "is there twice"),
        (with_entry("anon_x7y2z_3_p1.ipynb"), "the assignment hides names"),
    ],
)
def test_an_archive_that_no_platform_makes_is_refused_as_a_whole(
    data: bytes, said: str, place: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line; nothing of it is taken, not even what would be right."""
    (tmp_path / "all.zip").write_bytes(data)
    assert collect(place, tmp_path / "all.zip") == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1
    assert not list(place.submitted.iterdir())


def nested() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(NAME, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"homework.zip": nested()}, "handed in an archive (homework.zip); ask for convolution.ipynb itself"),
        ({NAME: b"\0" * (21 << 20)}, "unpacks to 21 MB, and a notebook has at most 20 MB"),
        ({"notes.txt": b"x"}, "handed in notes.txt; expected convolution.ipynb"),
        ({"a.ipynb": b"x", "b.ipynb": b"x"}, "handed in a.ipynb, b.ipynb; expected convolution.ipynb"),
    ],
)
def test_one_students_odd_file_is_refused_and_the_class_goes_on(
    files: Mapping[str, bytes], said: str, place: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = {f"noetheremmy_502_{number}_{name}": data for number, (name, data) in enumerate(files.items())}
    ada = {f"lovelaceada_501_9_{NAME}": b"ada's"}
    assert collect(place, pack(tmp_path / "all.zip", odd | ada)) == 1
    printed = capsys.readouterr()
    assert said in printed.out
    assert "emmy" in printed.out
    assert "1 new" in printed.out
    assert collected(place) == {"ada": "ada's"}


def test_an_entry_that_lies_about_its_size_is_refused(
    place: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says 10 bytes, and would unpack to 40 MB."""
    path = pack(tmp_path / "all.zip", {f"lovelaceada_501_9_{NAME}": b"\0" * (40 << 20)})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(mark) + offset, 10)
    path.write_bytes(data)
    assert collect(place, path) == 1
    assert "cannot be unpacked (Bad CRC-32" in capsys.readouterr().out
    assert collected(place) == {}


@pytest.mark.parametrize("link", ["ada", "ada/counting", f"ada/counting/{NAME}"])
def test_nothing_is_written_through_a_link(link: str, place: Course, tmp_path: Path) -> None:
    """A folder that leads elsewhere is refused; a link in the notebook's place is replaced."""
    outside = tmp_path / "outside"
    (outside / "counting").mkdir(parents=True)
    (outside / NAME).write_text("theirs")
    path = place.submitted / link
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(outside / NAME if link.endswith(NAME) else outside)
    status = collect(place, pack(tmp_path / "all.zip", {f"lovelaceada_501_9_{NAME}": "ada's"}))
    assert (outside / NAME).read_text() == "theirs"
    assert not list((outside / "counting").iterdir())
    assert status == (0 if link.endswith(NAME) else 1)


STUDENTS = (
    Student("ada", "Ada Lovelace"),
    Student("b1", "Müller, Jörg", further={"canvas": "77"}),
    Student("b2", "Jorg Muller", "jm@x.org"),
    Student("b3", "Jörg Müller"),
    Student("w", "Ludwig van der Berg"),
)


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        (Sender("canvas", "1", "vanderbergludwig"), "w"),
        (Sender("canvas", "1", "bergludwigvander"), "w"),
        (Sender("canvas", "77", "mullerjorg"), "b1"),
        (Sender("canvas", "78", "lovelaceada"), "ada"),
        (Sender("moodle", "1", "LOVELACE Ada"), "ada"),
        (Sender("moodle", "1", "ada"), "ada"),
        (Sender("moodle", "1", "x", "JM@x.org"), "b2"),
        (Sender("github", "jm"), "b2"),
    ],
)
def test_a_sender_is_found_by_number_address_or_name(sender: Sender, expected: str) -> None:
    assert student_of(sender, STUDENTS).id == expected


@pytest.mark.parametrize(
    ("sender", "said"),
    [
        (
            Sender("canvas", "5", "mullerjorg"),
            "could be b2 or b3; fill the column `canvas` of roster.csv with 5",
        ),
        (
            Sender("moodle", "9", "Grace Hopper"),
            "is nobody of roster.csv; add a line, or fill its column `moodle`",
        ),
        (Sender("github", ""), "is nobody of roster.csv"),
    ],
)
def test_a_sender_who_is_nobody_or_could_be_two_is_refused(sender: Sender, said: str) -> None:
    with pytest.raises(Refused, match=said):
        student_of(sender, STUDENTS)


def test_moodles_number_of_another_assignment_hides_nobody(place: Course, tmp_path: Path) -> None:
    """A teacher told two of one name apart once; the next assignment has other numbers."""
    roster = "id,name,moodle\nada,Ada Lovelace,77\nada2,Ada Lovelace,123456\nemmy,Emmy Noether,78\n"
    (place.root / "roster.csv").write_text(roster)
    assert collect(place, pack(tmp_path / "all.zip", FLAT)) == 1
    assert collected(place) == {"ada2": "ada's", "emmy": "emmy's"}


def test_a_name_cannot_be_made_to_look_like_anothers_submission(place: Course, tmp_path: Path) -> None:
    """The first name in a path counts, which the platform wrote, and not what a student called a file."""
    files = {f"Ada Lovelace_1_assignsubmission_file_Emmy Noether_2_assignsubmission_file_{NAME}": "ada's"}
    assert collect(place, pack(tmp_path / "all.zip", files)) == 0
    assert collected(place) == {"ada": "ada's"}


def test_a_folder_within_a_submission_is_not_anothers(place: Course, tmp_path: Path) -> None:
    """Also where Moodle's own name for the student is odd: all are named at the same depth."""
    files = {
        f"Eve_x_7_assignsubmission_file/Emmy Noether_2_assignsubmission_file/{NAME}": "eve's",
        f"Ada Lovelace_1_assignsubmission_file/{NAME}": "ada's",
        f"Emmy Noether_2_assignsubmission_file/{NAME}": "emmy's",
    }
    assert collect(place, pack(tmp_path / "all.zip", files)) == 0
    assert collected(place) == {"ada": "ada's", "emmy": "emmy's"}


def test_a_student_called_anon_stops_nobodys_collection(place: Course, tmp_path: Path) -> None:
    """Canvas writes a code where it hides names, and a number where the name is Anon."""
    files = {f"anon_77_5_{NAME}": "anon's", f"lovelaceada_501_9_{NAME}": "ada's"}
    assert collect(place, pack(tmp_path / "all.zip", files)) == 1
    assert collected(place) == {"ada": "ada's"}


def test_two_repositories_of_one_login_are_refused(
    place: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files of the one would count as those of the other."""
    folder = tmp_path / "clones"
    repository(folder / "counting-emmy-codes" / "work", {NAME: "emmy's"}, commit=False)
    repository(folder / "emmy-codes", {NAME: "eve's"}, commit=False)
    repository(folder / "ada", {NAME: "ada's"}, commit=False)
    assert collect(place, folder) == 1
    assert "REFUSED (has several folders ('counting-emmy-codes', 'emmy-codes')" in capsys.readouterr().out
    assert collected(place) == {"ada": "ada's"}


def test_one_students_many_or_deep_folders_stop_nobodys_collection(
    place: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies highest is seen; what lies below thousands of files, or hundreds of folders, is not."""
    monkeypatch.setattr("grader.collecting.tree.MAX_OF_ONE", 20)
    folder = tmp_path / "clones"
    repository(folder / "ada", {NAME: "ada's", **{f"many/{n}.txt": "" for n in range(30)}}, commit=False)
    repository(folder / "emmy-codes", {f"work/notebooks/{NAME}": "emmy's"}, commit=False)
    place_below = os.open(folder / "ada", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("a", dir_fd=place_below)
        inner = os.open("a", os.O_RDONLY, dir_fd=place_below)
        os.close(place_below)
        place_below = inner
    os.close(place_below)
    try:
        assert collect(place, folder) == 0
    finally:  # Python's own way to remove folders is too shallow for it
        subprocess.run(["rm", "-r", str(folder / "ada" / "a")], check=True)
    assert collected(place) == {"ada": "ada's", "emmy": "emmy's"}


def test_a_repository_among_a_students_files_is_not_asked(place: Course, tmp_path: Path) -> None:
    """Its configuration is the student's, and so is the time that it tells."""
    repository(tmp_path / "made", {NAME: "ada's"})
    folder = tmp_path / "clones" / "ada"
    (tmp_path / "made" / ".git").rename(tmp_path / "bare")
    folder.parent.mkdir()
    (tmp_path / "bare").rename(folder)
    (folder / NAME).write_text("ada's")
    assert collect(place, folder.parent) == 0
    assert not (place.submitted / "ada" / "counting" / "timestamp.txt").exists()


@pytest.mark.parametrize("commit", [True, False], ids=["clones", "without git"])
@pytest.mark.parametrize("where", ["", "week/"])
def test_a_folder_in_a_clone_makes_nobody_elses_submission(
    where: str, commit: bool, place: Course, tmp_path: Path
) -> None:
    """However many files a student names as Moodle would, the clones stay a folder of repositories."""
    folder = tmp_path / "clones"
    eves = {f"{where}Emmy Noether_{n}_assignsubmission_file_/{NAME}": "ada's" for n in range(9)}
    repository(folder / "ada", {NAME: "ada's", **eves}, commit=commit)
    repository(folder / "emmy-codes", {NAME: "emmy's"}, commit=commit)
    assert collect(place, folder) == 0
    assert collected(place) == {"ada": "ada's", "emmy": "emmy's"}


def test_a_clone_that_stands_alone_is_nobody_elses_submission(place: Course, tmp_path: Path) -> None:
    repository(tmp_path / "clones" / "ada", {f"Emmy Noether_1_assignsubmission_file_/{NAME}": "ada's"})
    assert collect(place, tmp_path / "clones") == 0
    assert collected(place) == {"ada": "ada's"}


def test_a_lone_submission_of_an_odd_name_is_not_anothers(place: Course, tmp_path: Path) -> None:
    """A folder in it may be named as Moodle names those of others; the zip is refused as unknown."""
    files = {f"Eve_x_7_assignsubmission_file/Emmy Noether_2_assignsubmission_file/{NAME}": "eve's"}
    assert collect(place, pack(tmp_path / "all.zip", files)) == 2
    assert collected(place) == {}


def test_who_cannot_be_late_is_said(
    place: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no time is known of what is taken; one that replaces what had a time says that too."""
    source = pack(tmp_path / "all.zip", {name: text for name, text in FOLDERS.items() if "Grace" not in name})
    known = place.submitted / "ada" / "counting"
    known.mkdir(parents=True)
    (known / NAME).write_text("ada's")
    (known / "timestamp.txt").write_text("2026-03-02 10:00:00 UTC")
    assert collect(place, source) == 0
    said = "Of 1 submissions no time is known: none of these counts as late; for Moodle, --worksheet tells"
    assert said in capsys.readouterr().out
    (known / NAME).write_text("another one")
    assert collect(place, source) == 0
    printed = capsys.readouterr().out
    assert "ada: replaced (was of 2026-03-02 10:00 UTC, and of this one no time is known)\n" in printed
    assert "Of 2 submissions no time is known" in printed


def test_a_file_that_changes_meanwhile_is_refused_and_the_class_goes_on(
    place: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One changes between being looked at and being taken, another one is gone by then."""
    folder = tmp_path / "clones"
    for student in EVERYBODY:
        repository(folder / student, {NAME: f"{student}'s"}, commit=False)

    def plan_and_meddle(self: Collector, students: Sequence[Student]) -> list[Step]:
        steps = plan(self, students)
        (folder / "ada" / NAME).write_text("another one")
        (folder / "emmy" / NAME).unlink()
        return steps

    plan = Collector.plan
    monkeypatch.setattr(Collector, "plan", plan_and_meddle)
    assert collect(place, folder) == 1
    said = capsys.readouterr()
    assert f"ada: REFUSED (ada/{NAME} changed while it was collected; type the command again)\n" in said.out
    assert "Collected: 2 REFUSED, 1 new" in said.out
    assert "2 submissions were not taken" in said.err
    assert collected(place) == {"grace": "grace's"}


@pytest.mark.parametrize("prefix", ["", "counting-"])
def test_clones_below_one_more_folder_are_collected(prefix: str, place: Course, tmp_path: Path) -> None:
    """As a tool that clones a classroom makes it; also where there is one clone only."""
    repository(tmp_path / "all" / "week" / f"{prefix}ada", {NAME: "ada's"})
    assert collect(place, tmp_path / "all") == 0
    assert collected(place) == {"ada": "ada's"}
    repository(tmp_path / "all" / "week" / f"{prefix}grace", {f"deep/{NAME}": "grace's"})
    assert collect(place, tmp_path / "all") == 0
    assert collected(place) == {"ada": "ada's", "grace": "grace's"}
    assert (place.submitted / "grace" / "counting" / "timestamp.txt").exists()


def names(*given: str) -> Iterable[File]:
    return [File((name,), 1) for name in given]


def test_without_a_roster_or_with_an_unknown_zip_the_way_on_is_said(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = pack(tmp_path / "all.zip", {"p1.ipynb": "x", "readme.txt": "x"})
    assert collect(course, source) == 2
    assert "roster.csv is missing: a CSV file with the columns id and name" in capsys.readouterr().err
    (course.root / "roster.csv").write_text(ROSTER)
    assert collect(course, source) == 2
    assert "named neither as Moodle nor as Canvas names them; say which it is" in capsys.readouterr().err
    assert not is_canvas(list(names("a_1_2_p.ipynb", "b", "c")))
