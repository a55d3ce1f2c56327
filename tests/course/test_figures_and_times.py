"""Still figures say the same as their tables, and minutes of practice are counted apart."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import course_drills
import course_figures
import course_reading
import course_site
import course_units
import pytest
from docutils import nodes

import layercost as lc
from tests.course.pages import ROOT, chapters, names_of, text_of

VGG = lc.networks.vgg16()


def test_a_figure_of_weights_is_to_scale_and_its_table_holds_every_weight() -> None:
    """Areas are as weights; the smallest sides are drawn a little too large, to be seen at all."""
    picture = course_figures.weights_to_scale(VGG)
    sides = re.findall(r'<rect[^>]* width="([\d.]+)" height="([\d.]+)"', picture.drawn)
    assert len(sides) == len(picture.rows)
    largest = max(float(width) * float(height) for width, height in sides)
    unit = (25_088 / course_figures.WIDTH) ** 2
    assert largest * unit == pytest.approx(25_088 * 4_096, rel=0.01)
    weights = sum(int(row[-1].replace(",", "")) for row in picture.rows)
    assert weights == lc.count(VGG, lc.WEIGHTS).total


def test_the_bars_of_a_network_add_up() -> None:
    """Parameters and work of all layers are the whole of each bar."""
    picture = course_figures.parameters_and_work(lc.networks.lenet5())
    parts = [float(part) for part in re.findall(r"--lc-part: ([\d.]+)", picture.drawn)]
    assert sum(parts) == pytest.approx(2, abs=0.01)
    assert sum(int(row[1].replace(",", "")) for row in picture.rows) == 61_706
    assert sum(int(row[2].replace(",", "")) for row in picture.rows) == 416_520


def test_every_answer_of_a_tool_stands_in_the_figure() -> None:
    """Four numbers for one layer, each with its tools."""
    picture = course_figures.answers(lc.Linear(300, 100))
    assert [row[-1] for row in picture.rows] == ["30,000", "30,100", "60,000", "60,100"]
    assert "TensorFlow" not in picture.drawn
    assert "tf.profiler" in picture.drawn


RESNET = lc.networks.resnet50()
for _path in sorted((ROOT / "web" / "sphinx").glob("course_*.py")):
    if "@figure" in _path.read_text(encoding="utf-8"):
        import_module(_path.stem)
PICTURES = [
    pytest.param(chapter, asked, id=f"{chapter}: {asked}")
    for chapter in chapters()
    for asked in re.findall(r"^ *`{3,}\{picture\} (.+)$", text_of(chapter), re.M)
]


@pytest.mark.parametrize(("chapter", "asked"), PICTURES)
def test_a_figure_is_read_aloud_and_opens_as_a_table(chapter: str, asked: str) -> None:
    """No meaning rests on a picture alone."""
    names = {**names_of(chapter), **course_figures.FIGURES}
    written = eval(asked, names).html("caption")  # noqa: S307 - our own pages
    assert re.search('role="(img|region)"', written)  # what scrolls is a region
    assert 'aria-label="' in written
    assert "<details" in written
    assert "<table" in written


def test_what_is_said_of_a_network_is_what_it_is() -> None:
    """ResNet-50: 25,557,032 parameters of four bytes, 4,089,184,256 MACs."""
    said = [row[-1] for row in course_units.said_of(RESNET).rows]
    assert said == ["25.6 M", "102 MB", "97.5 MB", "51.1 MB", "4.1 GFLOPs", "8.2 GFLOPs"]


def test_a_dot_product_shows_every_product_and_the_sum() -> None:
    """2·4 + 3·1 + 1·5 = 16, and 2 more."""
    rows = course_units.dot_product((2, 3, 1), (4, 1, 5), 2).rows
    assert [row[1] for row in rows] == ["8", "3", "5", "16", "18"]


def test_published_numbers_stand_left_of_the_line_where_they_are_smaller() -> None:
    """The line is where both are the same; half and twice are as far from it."""
    published = [("", "", value, 100) for value in (50, 99, 100, 101, 200)]
    drawn = course_units.beside_the_count(published).drawn
    dots = [float(one) for one in re.findall(r'<i style="--lc-part: ([\d.]+)"', drawn)]
    (one,) = re.findall(r"--lc-one: ([\d.]+)", drawn)
    assert dots == sorted(dots)
    assert dots[2] == float(one)
    assert dots[4] - dots[2] == pytest.approx(dots[2] - dots[0], abs=1e-3)


def test_practice_counts_apart_and_sources_do_not_count() -> None:
    """A hundred and eighty words a minute, rounded up to five minutes."""
    page = nodes.document(None, None)
    for title, words in (("What it does", 900), ("What the sources say", 900), ("Practice", 100)):
        section = nodes.section("", nodes.title(text=title), nodes.paragraph(text="word " * words))
        page += section
    page[-1] += nodes.raw("", '<span class="lc-step"></span>' * 8, format="html")
    found = course_reading.times(page)
    assert found[""].minutes == 5
    assert found["Practice"] == course_reading.Time(words=100, questions=8)
    assert found["Practice"].minutes == 15


def test_what_is_said_to_wrong_answers_takes_no_time_to_read() -> None:
    """A step stands in its paragraph as HTML that holds every sentence it may say."""
    step = nodes.raw("", f'<span class="lc-step" data-diagnoses="{"word " * 900}"></span>', format="html")
    page = nodes.document(None, None)
    page += nodes.paragraph("", "", nodes.Text("Two words: "), step)
    assert course_reading.times(page)[""] == course_reading.Time(words=2, questions=1)


def test_a_drill_is_read_once_however_often_it_is_drawn() -> None:
    """Its other drawings lie hidden until somebody asks for another one."""
    page = nodes.document(None, None)
    page += course_drills.drill(
        "", *(course_drills.variant("", nodes.paragraph(text="a b")) for _ in range(9))
    )
    assert course_reading.times(page)[""].words == 2


def test_a_site_keeps_no_assets_of_an_older_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither another version's Python nor what is served no more: a reader's device would keep both."""
    assets, target = tmp_path / "assets", tmp_path / "site" / "_static" / "course"
    for name in (
        "assets/python",
        "assets/fonts",
        "site/_static/course/mathjax",
        "site/_static/course/python-1",
    ):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").touch()
    (assets / "python" / "manifest.json").write_text('{"version": "2"}', encoding="utf-8")
    monkeypatch.setattr(course_site, "ASSETS", assets)
    course_site.copy_assets(SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path / "site"))
    assert {path.name for path in target.iterdir() if path.is_dir()} == {"python-2", "fonts"}
    assert (target / "python-2" / "file").exists()


def test_a_style_sheet_loses_its_icon_fonts_and_nothing_else() -> None:
    """Selectors of icons go one by one; what they share with others stays."""
    style = (
        '@font-face{font-family:"Font Awesome 6 Free";src:url(x.woff2)}.fa-bars:before{content:"x"}'
        "@media(max-width:9px){.fa,.navbar{color:red}}.family{color:blue}"
    )
    kept = "@media(max-width:9px){.navbar{color:red}}.family{color:blue}"
    assert course_site.without_font_awesome(style) == kept
