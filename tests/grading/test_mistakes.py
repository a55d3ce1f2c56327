"""Mistakes of a teacher in the two files of an assignment: each one line with its place and what to write."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from grader.cells import FunctionCell, SpecificationError
from grader.command import main
from grader.manuscript import check_folder, text_cells
from grader.needs import all_needed
from grader.specification import load
from grader.starter import write_starter
from tests.questions.data import SPECIFICATIONS

S, A = "specification.toml", "assignment.md"
POINTS_OF_A_FUNCTION = "points = 2\nquestion"

MORE = """```{code-cell} ipython3
---
nbgrader: {grade: true, grade_id: more, locked: true, points: 2, solution: false}
---
```
"""

# What is changed in a file, the line that the message must name by a text on it, and the message.
MISTAKES = {
    # ---- specification.toml: as TOML, and its first lines
    "a quotation mark too few": (S, 'notebook = "m"', 'notebook = "m', 'notebook = "m', "this is no TOML: "),
    "a key twice": (
        S,
        'notebook = "m"',
        'name = "m"',
        'name = "m"@2',
        "this is no TOML: Cannot overwrite a value",
    ),
    "a key that is missing": (S, "salt = ", "# salt = ", "# What earns", "'salt' is missing: public: with a"),
    "a key that is misspelt": (S, "notebook = ", "notbook = ", "notbook", "did you mean 'notebook'?"),
    "a name that is no folder's": (
        S,
        'name = "m"',
        'name = "../m"',
        'name = "../m"',
        "a name for a folder and a",
    ),
    "a name of another type": (S, 'name = "m"', "name = 3", "name = 3", "'name' must be a name for a folder"),
    "an empty salt": (S, 'salt = "m, first term"', 'salt = ""', "salt =", "'salt' must be a text"),
    "an identity that is no name": (
        S,
        '"student_id"',
        '"student id"',
        "identity",
        "must be a name of Python",
    ),
    # ---- questions
    "a misspelt key of a question": (
        S,
        'skills = ["conv',
        'skils = ["conv',
        "skils",
        "did you mean 'skills'",
    ),
    "a skill that is not there": (S, '["convolution"', '["convolutions"', '["convolutions"', "'convolution'"),
    "a level that is not there": (
        S,
        'level = 1\nskills = ["conv',
        'level = 7\nskills = ["conv',
        "level = 7",
        "7",
    ),
    "a misspelt misconception": (
        S,
        "kernel-not-squared",
        "kernel-not-square",
        "kernel-not-square =",
        "did you",
    ),
    "credit above 1": (
        S,
        "kernel-not-squared = 0.25",
        "kernel-not-squared = 1.5",
        "kernel-not",
        "less than 1",
    ),
    "credit that is a text": (
        S,
        "kernel-not-squared = 0.25",
        'kernel-not-squared = "x"',
        "kernel-not",
        "a share",
    ),
    "an unknown layer": (S, '"Conv2d(', '"Convo2d(', "Convo2d", "Conv2d"),
    "an argument that no layer has": (
        S,
        "kernel_size=kernel_size)",
        "kernel=kernel_size)",
        "kernel=",
        "kernel_size",
    ),
    "a layer that is no text": (
        S,
        'layer = "Conv2d(channels, maps, kernel_size=kernel_size)"',
        "layer = 5",
        "layer = 5",
        "must be a text",
    ),
    "a name that is not drawn": (
        S,
        "Conv2d(channels",
        "Conv2d(chanels",
        "chanels",
        "did you mean 'channels'",
    ),
    "an input of a wrong shape": (
        S,
        '["channels", 32, 32]',
        '["channels", 32]',
        "[[question]]@2",
        "a grey image of one channel",
    ),
    "an input that is a text": (
        S,
        '["channels", 32, 32]',
        '"channels"',
        'input = "channels"',
        "a list of sizes",
    ),
    "a range the wrong way round": (
        S,
        "from = 10, to = 64",
        "from = 64, to = 10",
        "from = 64",
        "the smaller number",
    ),
    "a range from which nothing can be drawn": (
        S,
        "[3, 5, 7]",
        "[50]",
        'input = ["channels"',
        "use a smaller kernel",
    ),
    "a range that does not show a misconception": (
        S,
        "[3, 5, 7]",
        "[1]",
        "kernel-not-squared =",
        "no draw of 300 tells right from wrong",
    ),
    "a draw that is a number": (
        S,
        "draw.kernel_size = [3, 5, 7]",
        "draw.kernel_size = 5",
        "kernel_size = 5",
        "but got 5",
    ),
    "an unknown quantity": (
        S,
        'quantity = "parameters"',
        'quantity = "params"',
        'quantity = "params"',
        "'parameters'",
    ),
    "an unknown convention": (
        S,
        'input = ["channels"',
        'convention = "book"\ninput = ["channels"',
        '"book"',
        "textbook",
    ),
    "two questions of one id": (
        S,
        'id = "convolution"',
        'id = "linear-parameters"',
        'id = "linear-parameters"@2',
        "two questions",
    ),
    # ---- cells
    "points of 0": (
        S,
        POINTS_OF_A_FUNCTION,
        "points = 0\nquestion",
        "points = 0",
        "a number above 0, but got 0",
    ),
    "negative points": (S, POINTS_OF_A_FUNCTION, "points = -2\nquestion", "points = -2", "but got -2"),
    "points in words": (S, POINTS_OF_A_FUNCTION, 'points = "two"\nquestion', "two", "but got 'two'"),
    "points that differ": (
        S,
        POINTS_OF_A_FUNCTION,
        "points = 3\nquestion",
        "points = 3",
        "2 in assignment.md, line",
    ),
    "a grade_id that the notebook does not have": (
        S,
        '"check-convolution"',
        '"check-convolutions"',
        "check-convolutions",
        "did you mean 'check-convolution'?",
    ),
    "a cell without a grade_id": (
        S,
        'grade_id = "check-convolution"',
        "#",
        "[[cell]]@2",
        "'grade_id' is missing",
    ),
    "two cells of one grade_id": (
        S,
        '"check-convolution"',
        '"check-linear-parameters"',
        "check-linear-parameters@2",
        "the same grade_id",
    ),
    "a question that is not there": (
        S,
        'question = "convolution"',
        'question = "convolutoin"',
        "convolutoin",
        "no question 'convolutoin'",
    ),
    "a function that the model never defines": (
        S,
        'call = "linear_parameters"',
        'call = "linear_params"',
        "linear_params",
        "assigns or defines 'linear_params'",
    ),
    "a variable that the model never assigns": (
        S,
        '"convolution_parameters"',
        '"conv_parameters"',
        "conv_parameters",
        "did you mean 'convolution_parameters'",
    ),
    "arguments that are not drawn": (
        S,
        '"in_features", "out_',
        '"inputs", "out_',
        "arguments",
        "in_features",
    ),
    "cases of 0": (S, "cases = 6", "cases = 0", "cases = 0", "a whole number of 1 or more, but got 0"),
    "something that is not asked": (
        S,
        'get = "conv',
        'asks = ["total"]\nget = "conv',
        "asks",
        "does not ask 'total'",
    ),
    "a carried source that is missing": (
        S,
        'get = "conv',
        'carried.answer = { from = ["rows"], credit = 1.0 }\nget = "conv',
        "carried",
        "'rows'",
    ),
    "a carried credit above 1": (
        S,
        'get = "conv',
        'carried.answer = { from = ["answer"], credit = 2 }\nget = "conv',
        "carried",
        "from 0 to 1",
    ),
    "something needed without a deduction": (
        S,
        'get = "conv',
        'needs = ["check-linear-parameters"]\nget = "conv',
        "needs =",
        "'needs' stands here without 'deduction'; give both or neither",
    ),
    "a deduction for nothing": (
        S,
        'get = "conv',
        'deduction = 0.25\nget = "conv',
        "deduction =",
        "'deduction' stands here without 'needs'",
    ),
    "a deduction of all": (
        S,
        'get = "conv',
        'needs = ["check-linear-parameters"]\ndeduction = 1\nget = "conv',
        "deduction =",
        "a share from 0, and less than 1, but got 1",
    ),
    "a negative deduction": (
        S,
        'get = "conv',
        'needs = ["check-linear-parameters"]\ndeduction = -0.25\nget = "conv',
        "deduction =",
        "but got -0.25",
    ),
    "a needed cell that is not there": (
        S,
        'get = "conv',
        'needs = ["linear-parameters"]\ndeduction = 0.25\nget = "conv',
        "needs =",
        "no cell has this grade_id; those with `call` are check-linear-parameters",
    ),
    "a cell that needs itself": (
        S,
        'get = "conv',
        'needs = ["check-convolution"]\ndeduction = 0.25\nget = "conv',
        "needs =",
        "it stands among its own `needs`",
    ),
    "a function that needs a later number": (
        S,
        'call = "linear',
        'needs = ["check-convolution"]\ndeduction = 0.25\ncall = "linear',
        "needs =",
        "tries no function; only a cell with `call` does",
    ),
    "a deduction where nothing is needed": (
        S,
        'get = "conv',
        'needs = []\ndeduction = 0.25\nget = "conv',
        "needs =",
        "'needs' is empty; name a cell with `call`",
    ),
    "needs that are a text": (
        S,
        'get = "conv',
        'needs = "check-linear-parameters"\ndeduction = 0.25\nget = "conv',
        "needs =",
        "a list of names",
    ),
    "a text that needs a function": (
        S,
        "points = 2  ",
        'needs = ["check-linear-parameters"]\ndeduction = 0.25\npoints = 2  ',
        "needs =",
        "'needs'",
    ),
    "a rubric that does not add up": (S, "points = 2  ", "points = 5  ", "points = 5", "must add up to 5"),
    "a line of a rubric without words": (
        S,
        'text = "Says that one',
        '# text = "Says that one',
        "[[cell]]@3",
        "'text' is",
    ),
    # ---- assignment.md
    "a header that is no YAML": (
        A,
        "grade_id: setup, locked: true",
        "grade_id: setup locked: true",
        "grade_id: setup locked",
        "is no YAML",
    ),
    "settings that are no JSON": (A, '"points": 2,', '"points": 2', '"points": 2', "no JSON"),
    "a setting that nbgrader does not have": (
        A,
        "grade_id: setup, locked",
        "grade_id: setup, loked",
        "@setup",
        "did you mean 'locked'?",
    ),
    "points of 0 in the notebook": (A, "points: 1,", "points: 0,", "@check-convolution", "but got 0"),
    "a grade_id twice": (
        A,
        "grade_id: convolution,",
        "grade_id: linear-parameters,",
        "@linear-parameters@2",
        "that of",
    ),
    "a grade_id with a space": (
        A,
        "grade_id: setup,",
        "grade_id: set up,",
        "@set up",
        "letters, digits, _ and -",
    ),
    "a solution without an end": (
        A,
        'own["maps"]\n### END SOLUTION',
        'own["maps"]',
        "### BEGIN SOLUTION@2",
        "no end",
    ),
    "a solution without a beginning": (
        A,
        "= None\n### BEGIN SOLUTION",
        "= None",
        "### END SOLUTION@2",
        "did not begin",
    ),
    "a solution where nobody writes": (
        A,
        "assert linear_parameters(1, 1)",
        "### BEGIN SOLUTION\n### END SOLUTION\nassert linear_parameters(1, 1)",
        "### BEGIN SOLUTION@2",
        "in a cell that is no answer",
    ),
    "code that is no Python": (
        A,
        "    return in_features *",
        "    retrun in_features *",
        "retrun",
        "this is no Python",
    ),
    "a cell that is not closed": (
        A,
        'give a whole number"\n```\n\n## 3',
        'give a whole number"\n\n## 3',
        "```{code-cell}@6",
        "no end",
    ),
    "a marked cell that the specification does not have": (
        A,
        "## 2. A number",
        f"{MORE}\n## 2. A number",
        "@more",
        "earns points, but specification.toml has no such cell",
    ),
    "an id cell of another name": (A, "student_id = os", "student = os", S, "assigns 'student_id'"),
}


@pytest.fixture(autouse=True)
def _specification_of_the_tests() -> None:
    """Here the real one is read."""


def line_of(text: str, mark: str) -> int:
    """The line on which a text stands, from 1; `text@2` means its second place, `@id` the cell with an id."""
    lines = text.splitlines()
    if mark.startswith("@"):
        grade_id, _, place = mark[1:].partition("@")
        found = [at for at, line in enumerate(lines) if re.search(rf"grade_id: {re.escape(grade_id)},", line)]
        return found[int(place or 1) - 1] - 1  # the fence stands two lines above
    word, _, place = mark.partition("@")
    return [at for at, line in enumerate(lines, 1) if word in line][int(place or 1) - 1]


@pytest.mark.parametrize(("file", "old", "new", "mark", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_with_its_file_and_line(
    file: str, old: str, new: str, mark: str, said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "m"
    write_starter(folder)
    text = (folder / file).read_text()
    assert old in text
    changed = text.replace(old, new) if file == A else text.replace(old, new, 1)
    (folder / file).write_text(changed)
    with pytest.raises(SpecificationError) as caught:
        check_folder(folder)
    messages = str(caught.value).splitlines()
    where = S if mark == S else file
    at = line_of((folder / S).read_text(), "identity =") if mark == S else line_of(changed, mark)
    assert any(one.startswith(f"{folder / where}:{at}: ") and said in one for one in messages), messages


def test_a_function_and_what_needs_it_are_answered_in_two_cells(tmp_path: Path) -> None:
    """In one cell the model's function would come when all is computed."""
    folder = tmp_path / "m"
    write_starter(folder)
    text = (folder / A).read_text()
    check = text[text.index("This cell checks") : text.index("## 2. A number")]
    behind = "convolution_parameters = (own"
    text = text.replace(check, "")
    head, answer, rest = text.partition(text[text.index(behind) : text.index("```", text.index(behind)) + 4])
    text = f"{head}{answer}\n{check}{rest}"
    (folder / A).write_text(text)
    check_folder(folder)
    needs = 'needs = ["check-linear-parameters"]\ndeduction = 0.25\n'
    text = (folder / S).read_text().replace('get = "conv', f'{needs}get = "conv')
    (folder / S).write_text(text)
    with pytest.raises(SpecificationError) as caught:
        check_folder(folder)
    assert str(caught.value) == (
        f"{folder / S}:{line_of(text, 'needs =')}: cell 'check-convolution': it needs "
        f"'check-linear-parameters', and both are answered in the cell 'convolution' of {A}, so that the "
        "model's function comes too late; give the function an answer cell of its own before this one"
    )


@pytest.mark.parametrize("path", SPECIFICATIONS, ids=lambda path: path.parent.name)
def test_our_own_assignments_hold_none(path: Path) -> None:
    """Each of them passes before anything runs."""
    check_folder(path.parent)


FRACTIONS = {"a half": 1 / 2, "half": 1 / 2, "a third": 1 / 3, "a quarter": 1 / 4}
TAKEN_OFF = re.compile(rf"({'|'.join(FRACTIONS)}|[\d.]+ %) is taken off")


def said_before(folder: Path, grade_id: str) -> str:
    """The prose between a cell and the one before it."""
    text = (folder / A).read_text()
    cell = next(one for one in text_cells(text) if one.grade_id == grade_id)
    before = text.splitlines()[: cell.line - 1]
    last = max(at for at, line in enumerate(before) if line.startswith("```"))
    return "\n".join(before[last + 1 :])


def misled(folder: Path) -> list[str]:
    """Where students are not told what a cell that needs functions takes off, and for which."""
    specification = load(folder / S)
    complaints: list[str] = []
    functions = {cell.grade_id: cell.call for cell in specification.cells if isinstance(cell, FunctionCell)}
    for name, needs in specification.needs.items():
        prose = said_before(folder, name)
        told = [FRACTIONS.get(one) or float(one.strip(" %")) / 100 for one in TAKEN_OFF.findall(prose)]
        if told != [pytest.approx(needs.deduction, abs=0.005)]:
            complaints.append(f"{name}: {needs.deduction} is taken off, and its prose says {told}")
        needed = [functions[other] for other in all_needed(name, specification.needs)]
        complaints += [f"{name}: it does not name {one}" for one in needed if f"`{one}`" not in prose]
    return complaints


NEEDING = [path.parent for path in SPECIFICATIONS if "\nneeds = " in path.read_text()]


@pytest.mark.parametrize("folder", NEEDING, ids=lambda folder: folder.name)
def test_students_are_told_what_is_taken_off(folder: Path) -> None:
    """It stands in the prose by hand, and in the specification as a number."""
    assert misled(folder) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (S, "deduction = 0.25", "deduction = 0.5", "0.5 is taken off, and its prose says [0.25]"),
        (A, "a quarter is", "30 % is", "0.25 is taken off, and its prose says [0.3]"),
        (A, "a quarter is taken off what", "something is lost of what", "its prose says []"),
        (A, "If you use your `grouped_weights` here", "If your function", "it does not name grouped_weights"),
    ],
)
def test_prose_that_says_something_else_is_seen(
    file: str, old: str, new: str, said: str, tmp_path: Path
) -> None:
    """So the test before this one would fail for it."""
    folder = tmp_path / "convolution"
    shutil.copytree(next(one for one in NEEDING if one.name == folder.name), folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    (complaint,) = misled(folder)
    assert complaint.startswith("check-table: ")
    assert said in complaint


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Who has mended one does not meet the next."""
    folder = tmp_path / "m"
    write_starter(folder)
    text = (folder / S).read_text()
    text = text.replace("level = 1 ", "level = 9 ").replace("kernel-not-squared", "kernel-not-square")
    (folder / S).write_text(text)
    with pytest.raises(SpecificationError) as caught:
        check_folder(folder)
    assert len(str(caught.value).splitlines()) == 2


def test_a_mistake_is_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the lines, and its exit status is 2."""
    folder = tmp_path / "m"
    write_starter(folder)
    (folder / S).write_text((folder / S).read_text().replace("level = 1 ", "level = 9 "))
    assert main(["new", str(tmp_path / "course")]) == 0
    capsys.readouterr()
    assert main(["check", str(folder)]) == 2
    said = capsys.readouterr().err
    assert re.search(r"specification\.toml:\d+: question 'linear-parameters': a level is 1, 2 or 3", said)
    assert "Traceback" not in said
