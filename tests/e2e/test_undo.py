"""A person's machine, a whole `setup` on it, their work since, and `undo`: the files are the ones from before, and theirs.

What is excepted: the cache of uv, which is the tests' own, and what other programs keep for themselves whenever they run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bootstrap.safety.claims import SLACK
from bootstrap.safety.journal import at, read
from tests.conftest import ROOT
from tests.lab_env import STANDARD_PATH, free_port
from tests.undo.place import Listing, listing, make_wheel
from tests.wait import until

Environ = dict[str, str]
# What the person has in the places that setup writes to.
THEIRS = (
    ".groundwork/notes.txt",
    ".cache/huggingface/hub/models--org--mine/refs/main",
    ".cache/huggingface/token",
    ".conda/environments.txt",
    ".condarc",
    ".jupyter/jupyter_server_config.py",
    ".local/share/jupyter/kernels/mine/kernel.json",
    ".config/pip/pip.conf",
    "miniconda2/bin/conda",
    "lecture.ipynb",
)


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory, target_python: str) -> Iterator[Environ]:
    """A HOME with a space in its path, and in it what people have."""
    home = tmp_path_factory.mktemp("a person")
    for name in THEIRS:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("" if name.endswith((".conf", ".py", ".condarc")) else "mine\n")
    kept = {
        n: v for n, v in os.environ.items() if not n.startswith(("GROUNDWORK_", "HF_", "PYTEST", "CONDA"))
    }
    environ = {
        **kept,
        "HOME": str(home),
        "PATH": STANDARD_PATH,
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR") or str(Path("~/.cache/uv").expanduser()),
        "MODELS": "none",
        "ENV_MANAGER": "venv",
        "PORT": str(free_port()),
        "LANG": "C.UTF-8",
    }
    yield environ
    run(environ, "stop")


def run(environ: Environ, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ROOT / "scripts/setup.sh"), *words], env=environ, capture_output=True, text=True, timeout=280,
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def trees(home: Path) -> Listing:
    """All files; folders with them, but for npm's and rustup's notes about themselves."""
    own = (".npm", ".rustup")
    return {path: about for path, about in listing(home).items() if not path.startswith(own)}


@pytest.mark.target
@pytest.mark.index
def test_the_machine_is_as_before_and_what_the_person_did_since_stays(
    person: Environ, uv: str, tmp_path: Path
) -> None:
    home = Path(person["HOME"])
    before = trees(home)
    own = subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(free_port())], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        said = run(person, "setup")
        assert said.returncode == 0, said.stdout + said.stderr
        mine = work_on(home, uv, tmp_path)
        assert run(person, "undo").returncode == 4, "without a terminal it must not start by itself"
        listed = run(person, "undo", "--plan").stdout
        assert f"{home}/.groundwork/envs/llm-quickstart" in listed
        assert "theirs 1.0: installed by you" in listed
        server = psutil.Process(int(next(iter(home.rglob("server.json"))).read_text().split()[1].strip(",")))
        said = run(person, "undo", "--yes")
        assert said.returncode == 0, said.stdout + said.stderr
        assert not server.is_running()
        assert own.poll() is None
    finally:
        own.terminate()
        own.wait()
    after = trees(home)
    of_mine = {str(folder) for path in mine for folder in Path(path).parents if folder.name}
    assert after == {**{path: after[path] for path in of_mine}, **before, **mine}
    assert run(person, "undo", "--yes").stdout.startswith("Nothing to undo.")


def work_on(home: Path, uv: str, tmp_path: Path) -> Listing:
    """A package, a notebook, an edited file in the environment, and changed settings; later than setup's own work."""
    journal = read(home / ".groundwork/journal.jsonl")
    assert until(lambda: time.time() > at(journal[-1]) + SLACK + 0.1)
    prefix = home / ".groundwork/envs/llm-quickstart"
    site = next(prefix.glob("lib/python3*/site-packages"))
    argv = [uv, "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-cache", "--python", str(prefix)]
    subprocess.run([*argv, str(make_wheel(tmp_path, "theirs"))], check=True, timeout=60)
    (prefix / "lecture.ipynb").write_text("{}")
    edited = site / "tqdm" / "std.py"
    text = edited.read_text()
    edited.unlink()  # it may be linked with the cache's
    edited.write_text(f"{text}# mine\n")
    config = next(home.rglob("jupyter_server_config.json"))
    config.write_text(config.read_text().replace("localhost", "localhost") + "\n")
    mine = (prefix / "lecture.ipynb", edited, config, *site.glob("theirs*/*"))
    return {path: about for path, about in listing(home).items() if home / path in mine}
