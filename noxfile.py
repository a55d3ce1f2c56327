"""Everything that this project does, by one command: ``python3 noxfile.py course``.

Started by a plain Python, this file makes itself an environment in ``.nox/bootstrap`` with nox in it,
and starts again under nox, which finds the sessions below. With nox at hand, ``nox -s course`` does it too.

All sessions share one environment, ``.nox/environment``, which holds exactly what ``requirements.txt`` locks;
it is made once, and again only when the lock, ``pyproject.toml`` or the interpreter changes.
"""

# The first half is read by whatever Python there is, so its syntax is that of Python 3.6.
import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.txt"
BOOTSTRAP = ROOT / ".nox" / "bootstrap"
ENVIRONMENT = ROOT / ".nox" / "environment"
OLDEST = (3, 11)
BESIDE = {  # tests that run beside the others: two processors are busy to the end
    "in the browser": ["tests/browser", "--ignore-glob=*/browser/test_[f-z]*"],
    "in the browser, further": ["tests/browser", "--ignore-glob=*/browser/test_[a-e]*"],
    "of the classroom": ["tests/grading", "tests/guide"],
    "of questions": ["tests/questions"],
    "of models and tools": ["tests/architectures", "tests/dialects", "tests/live", "tests/models"],
}
MEASURES = ["building", "counting", "grading", "papers", "browser", "roofline"]  # of benchmarks/
TORCH = "torch==2.13.0"  # outside of the lock; what some tests compare with
COMPARED = ROOT / ".nox" / "compared"  # models and tools of other people, for some tests alone
APART = [  # these would bring a torch of their own, or a torchvision that only looks at numbers
    *["timm==1.0.31", "torchvision==0.29.1", "fvcore==0.1.5.post20221221", "iopath==0.1.10", "yacs==0.1.8"],
    *["termcolor==3.3.0", "portalocker==4.4.2", "thop==0.1.1.post2209072238", "ptflops==0.7.5"],
    *["torchinfo==1.8.0"],
]
TOGETHER = ["transformers==5.24.0", "pillow==13.0.0", "tabulate==0.10.0"]
NEWEST_TRIED = 30  # look for python3.30, python3.29, ... on PATH

USAGE = """usage: python3 noxfile.py SESSION [-- ARGUMENTS]

  course      install, build and serve the course, and print its address
  tests       install and run all tests (ARGUMENTS go to pytest)
  site        build the course into _build/html (-- --zip: also as one zip; -- --all: all that is published;
              -- --release FOLDER: with the assignments that a course has released, to work on in the browser)
  print       build the course, and the book as one PDF and as an EPUB, in _build/html/print
  lint        look the code over: ruff, mypy, import-linter, codespell
  benchmarks  measure, and print the tables (-- --write: into benchmarks/RESULTS.md)
  words       find everything that is said, and bring the translations up to date"""

NO_VENV = """This Python ({python}) cannot make a virtual environment: it lacks venv and pip.
On Debian and Ubuntu:  sudo apt install python3-venv
On Fedora:             sudo dnf install python3-pip
Then give the same command again."""

TOO_OLD = """This is Python {found}; the course needs Python {needed} or newer, and none is on PATH.
Install one, or name it in full: /path/to/python3.12 noxfile.py {arguments}"""

NO_DOWNLOAD = """
Installing failed (the reason stands above). Most often the network is the cause: check that
  {command}
works, behind a proxy with HTTPS_PROXY set, and give the same command again: what has arrived is kept."""


def bootstrap(arguments):
    """Start this file again under nox, in an environment of its own; give the exit status, or the trouble."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if arguments else 2
    if sys.version_info < OLDEST:
        return start_with_a_newer_python(arguments)
    try:
        python = environment_with_nox()
    except subprocess.CalledProcessError:
        return NO_DOWNLOAD.format(command=sys.executable + " -m pip download nox")
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    return wait_for([str(python), "-m", "nox", "--noxfile", __file__, "--session", *arguments], environment)


def wait_for(command, environment=None):
    """Run a command to its end and give its exit status; Ctrl-C is the command's own affair."""
    with subprocess.Popen(command, env=environment) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def start_with_a_newer_python(arguments):
    """Hand over to the newest Python on PATH that is new enough, or say that there is none."""
    found = ".".join(map(str, sys.version_info[:3]))
    needed = ".".join(map(str, OLDEST))
    python = next(newer_pythons(), None)
    if python is None:
        return TOO_OLD.format(found=found, needed=needed, arguments=" ".join(arguments))
    print(f"This is Python {found}; going on with {python}, which is newer.", flush=True)
    return wait_for([python, __file__, *arguments])


def newer_pythons():
    """Yield the interpreters on PATH that are new enough and really start, the newest first."""
    names = [f"python3.{minor}" for minor in range(NEWEST_TRIED, OLDEST[1] - 1, -1)]
    check = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    for name in [*names, "python3", "python", "py"]:
        python = shutil.which(name)
        if python and not subprocess.call([python, "-c", check], stderr=subprocess.DEVNULL):
            yield python


def environment_with_nox():
    """Make the environment that holds nox, unless it stands already; give its interpreter."""
    python = interpreter_of(BOOTSTRAP)
    requirements = [pinned(name) for name in ("nox", "uv")]
    if is_current(BOOTSTRAP, *requirements):
        return python
    print(f"Making an environment for nox in {BOOTSTRAP.relative_to(ROOT)} ...", flush=True)
    install = make_bootstrap(python)
    run(install + requirements[:1])
    try:
        run(install + requirements[1:])  # faster than pip, but not there for every platform
    except subprocess.CalledProcessError:
        print("No uv for this machine: going on with pip, which takes a little longer.", flush=True)
    mark_current(BOOTSTRAP, *requirements)
    return python


def make_bootstrap(python):
    """Make an empty environment in the first way that works here; give the command to install into it."""
    pip_of_its_own = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if has("venv") and has("ensurepip"):
        run([sys.executable, "-m", "venv", "--clear", str(BOOTSTRAP)])
        return pip_of_its_own
    if has("virtualenv"):
        run([sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(BOOTSTRAP)])
        return pip_of_its_own
    if has("venv") and has("pip"):  # Debian's Python without its python3-venv
        run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(BOOTSTRAP)])
        return [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    if shutil.which("uv"):
        run(["uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(BOOTSTRAP)])
        return ["uv", "pip", "install", "--quiet", "--python", str(python)]
    raise SystemExit(NO_VENV.format(python=sys.executable))


def has(module):
    """Say whether this Python can import a module."""
    return importlib.util.find_spec(module) is not None


def run(command):
    """Run a command that must succeed."""
    subprocess.run(command, check=True)


def pinned(name):
    """Give the version that the lock holds, as a requirement: ``nox==2026.10.20``."""
    return re.search(rf"^{name}==[^\s;]+", LOCK.read_text(), re.MULTILINE).group()


def interpreter_of(environment):
    """Give the path of an environment's Python."""
    return program(environment, "python")


def program(environment, name):
    """Give the path of a program in an environment."""
    return environment / "Scripts" / (name + ".exe") if os.name == "nt" else environment / "bin" / name


def is_current(environment, *made_from):
    """Say whether an environment stands that was made from this, by this interpreter."""
    stamp = environment / "made-from"
    return interpreter_of(environment).exists() and stamp.exists() and stamp.read_text() == digest(*made_from)


def mark_current(environment, *made_from):
    """Note what an environment was made from, so that it need not be made again."""
    (environment / "made-from").write_text(digest(*made_from))


def digest(*made_from):
    """Give a fingerprint of what an environment is made from, the interpreter included."""
    return hashlib.sha256("\n".join([sys.version, str(ROOT), *made_from]).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(bootstrap(sys.argv[1:]))

# The second half is read by nox.
import nox  # noqa: E402 - not to be had before the first half has run

nox.options.default_venv_backend = "none"  # the sessions share one environment, made by environment_for()
nox.options.sessions = ["tests"]
nox.needs_version = ">=2025.5"

CHECKS = [
    ["ruff", "check"],
    ["ruff", "format", "--check"],
    ["mypy"],
    ["lint-imports", "--no-logo"],
    ["codespell"],
]


def environment_for(session):
    """Make the shared environment, unless it stands already; give a function that runs a program in it."""
    made_from = [LOCK.read_text(), (ROOT / "pyproject.toml").read_text()]
    if not is_current(ENVIRONMENT, *made_from):
        session.log(f"Installing what requirements.txt lists into {ENVIRONMENT.relative_to(ROOT)} ...")
        session.run(sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(ENVIRONMENT), silent=True)
        install(session, "--require-hashes", "-r", str(LOCK))
        install(session, "--no-deps", "--no-build-isolation", "-e", str(ROOT))
        mark_current(ENVIRONMENT, *made_from)
    programs = interpreter_of(ENVIRONMENT).parent
    path = os.pathsep.join([str(programs), os.environ["PATH"]])  # nbgrader starts alembic by its bare name

    def run_here(name, *arguments):
        session.run(str(program(ENVIRONMENT, name)), *arguments, external=True, env={"PATH": path})

    return run_here


def install(session, *arguments):
    """Install with uv; with pip where uv is missing or fails, as only pip reads pip's settings (a mirror)."""
    python = str(interpreter_of(ENVIRONMENT))
    quietly = [] if sys.stderr.isatty() else ["--quiet"]
    if has("uv"):
        try:
            session.run(
                *(sys.executable, "-m", "uv", "pip", "install", *quietly, "--python", python, *arguments),
                env={"UV_SYSTEM_CERTS": "1"},  # a school's or company's own authority is known to the system
            )
            return
        except nox.command.CommandFailed:
            session.warn("uv could not install it (the reason stands above): trying pip.")
    pip = [python, "-m", "pip"]
    try:
        session.run(*pip, "install", *quietly, "--disable-pip-version-check", *arguments, external=True)
    except nox.command.CommandFailed:
        session.error(NO_DOWNLOAD.format(command=" ".join([*pip, "download nox"])))


def look_over(session, run_here):
    """Run every check, whether or not one before it failed; fail with the names of those that did."""
    failed = []
    for check in CHECKS:
        try:
            run_here(*check)
        except nox.command.CommandFailed:
            failed.append(" ".join(check))
    if failed:
        session.error(f"these checks failed (see above): {'; '.join(failed)}")


def compare_with(run_here, pip):
    """Put what tests compare with into a folder of its own, where it changes nothing of the environment."""
    stamp, wanted = COMPARED / "made-from", "\n".join([sys.version, *APART, *TOGETHER])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(COMPARED, ignore_errors=True)
    run_here("python", *pip, "--target", str(COMPARED), "--no-deps", *APART)
    run_here("python", *pip, "--target", str(COMPARED), *TOGETHER)
    stamp.write_text(wanted)


@nox.session
def course(session: nox.Session) -> None:
    """Install, build and serve the course, and print its address."""
    run_here = environment_for(session)
    run_here("python", "web/build.py")
    run_here("python", "web/serve.py", *session.posargs)


@nox.session
def site(session: nox.Session) -> None:
    """Build the course into _build/html; -- --zip: also as one zip; -- --all: all that is published."""
    environment_for(session)("python", "web/build.py", *session.posargs)


@nox.session(name="print")
def print_book(session: nox.Session) -> None:
    """Build the course, and print it: one PDF and an EPUB, in _build/html/print."""
    environment_for(session)("python", "web/build.py", "--print", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Look the code over and run all tests; arguments after -- go to pytest."""
    run_here = environment_for(session)
    look_over(session, run_here)
    if os.environ.get("CI"):  # gigabytes on some systems: a person's machine is not asked for them
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run_here("python", *pip, TORCH)
        compare_with(run_here, pip)
        if not session.posargs:
            run_all_tests(session, run_here)
            return
    run_here("pytest", *session.posargs)


def run_all_tests(session, run_here):
    """All tests, some of them beside the others; what those said comes at the end."""
    folders = sorted({one for every in BESIDE.values() for one in every if not one.startswith("-")})
    with contextlib.ExitStack() as stack:
        beside = {name: stack.enter_context(pytest_of(which)) for name, which in BESIDE.items()}
        try:
            run_here("pytest", *(f"--ignore={folder}" for folder in folders))
        finally:
            failed = [name for name, (process, _) in beside.items() if process.wait()]
            for _, said in beside.values():
                said.seek(0)
                print(said.read(), flush=True)
    if failed:
        session.error(f"Tests {' and '.join(failed)} failed; what they said stands above.")


@contextlib.contextmanager
def pytest_of(which):
    """A pytest of its own for these tests, which runs on, and where it writes what it says."""
    path = os.pathsep.join([str(interpreter_of(ENVIRONMENT).parent), os.environ["PATH"]])
    command = [str(program(ENVIRONMENT, "pytest")), *which]
    with tempfile.TemporaryFile("w+") as said:
        environment = {**os.environ, "PATH": path}
        yield subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=environment), said


@nox.session
def nightly(session: nox.Session) -> None:
    """All tests, and of those of which others run a sample, every one; it takes more than an hour."""
    run_here = environment_for(session)
    session.env["LAYERCOST_NIGHTLY"] = "1"
    session.env["LAYERCOST_EXAMPLES"] = "5000"
    run_here("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Look the code over: ruff, mypy, import-linter, codespell."""
    look_over(session, environment_for(session))


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure, and print the tables; --write after -- puts them into benchmarks/RESULTS.md."""
    run_here = environment_for(session)
    run_here("python", "web/build.py")
    for measure in MEASURES:
        run_here("python", f"benchmarks/{measure}.py", *session.posargs)


@nox.session
def words(session: nox.Session) -> None:
    """Find everything that is said, and bring the translations in locale up to date."""
    environment_for(session)("python", "web/words.py")


@nox.session
def release(session: nox.Session) -> None:
    """Make the wheel, and the site as one zip that unpacks on a school's own server, in dist."""
    run_here = environment_for(session)
    run_here("python", "web/build.py", "--all")
    run_here("hatchling", "build", "--target", "wheel", "--clean")
    shutil.copy2(str(ROOT / "_build" / "every-flop-counts.zip"), str(ROOT / "dist"))


@nox.session
def lock(session: nox.Session) -> None:
    """Compile requirements.txt anew from pyproject.toml; --upgrade after -- takes the newest of all."""
    session.run(
        *[sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--all-extras", "--quiet"],
        *["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--python-version", "3.11"],
        *["--output-file", "requirements.txt", *session.posargs],
    )
