"""Where things are read from and written to."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
WEB = REPOSITORY / "web"
LIBRARY = REPOSITORY / "src" / "layercost"
NODE_MODULES = WEB / "node_modules"
BUILD = REPOSITORY / "_build"
ASSETS = BUILD / "web" / "course"  # copied into the site's _static/course by the Sphinx extension
NUMBER_RULES = BUILD / "web" / "number_rules.json"  # what layercost.questions.exported gives the page script
STAMPS = BUILD / "web" / "stamps"
SITE = BUILD / "html"
