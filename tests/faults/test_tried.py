"""`--deep` imports what people use, so that what no look at files foresees is found, and told by the error's own text."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.faults.dists import install
from tests.faults.patient import Diagnosis, diagnose


def look(environ: dict[str, str], env: Path, *more: str) -> Diagnosis:
    return diagnose({**environ, "TARGET": str(env)}, "--area", "python,packages", *(more or ("--deep",)))


def broken(env: Path, name: str, code: str) -> None:
    install(env, "pip", "25.0")
    module = name.replace("-", "_")
    install(env, name, "9.1", files={f"{module}/__init__.py": code})


def test_the_error_is_explained(empty_env: Path, environ: dict[str, str]) -> None:
    code = "def start():\n    raise RuntimeError('peft requires portalib >= 2.1, and found an older one')\nstart()\n"
    broken(empty_env, "peft", code)
    found = look(environ, empty_env).of("import-fails")
    assert "peft 9.1 cannot be imported: RuntimeError: peft requires portalib" in found["title"]
    assert "portalib >=2.1" in found["cause"]
    assert found["remedy"]["commands"][0][-2:] == ["install", "portalib>=2.1"]
    assert "import-fails" not in look(environ, empty_env, "--offline").complaints, (
        "only where it may take its time"
    )


def test_the_innermost_error_is_the_cause(empty_env: Path, environ: dict[str, str]) -> None:
    code = "try:\n    open('/nowhere/at/all')\nexcept OSError as error:\n    raise ImportError('no') from error\n"
    broken(empty_env, "accelerate", code)
    found = look(environ, empty_env).of("import-fails")
    assert (
        "FileNotFoundError" in found["title"] and "ImportError: no ← FileNotFoundError" in found["evidence"]
    )


@pytest.mark.parametrize("how", ["os.kill(os.getpid(), 11)", "os.abort()"])
def test_an_import_that_ends_the_process(empty_env: Path, environ: dict[str, str], how: str) -> None:
    broken(empty_env, "sentencepiece", f"import os\n{how}\n")
    install(empty_env, "evaluate", "0.4.6")
    found = look(environ, empty_env).of("import-fails")
    assert "ended by SIG" in found["title"] and "evaluate" not in found["evidence"]


def test_what_explains_it_is_at_the_top_alone(course_like: Path, environ: dict[str, str]) -> None:
    """A requirement that is not met is told as such; that the import fails too is what follows from it."""
    install(
        course_like,
        "peft",
        "0.18.0",
        files={"peft/__init__.py": "import sacrelib\n"},
        requires=["sacrelib>=2"],
    )
    said = look(environ, course_like)
    assert "requirement-missing" in said.complaints and "import-fails" not in said.complaints
    assert said.of("import-fails")["severity"] == "blocked"


def test_imports_that_work_say_nothing_and_leave_nothing(
    course_like: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """One writes into its home at import: that is a folder of the probe's own, which is gone afterwards."""
    code = "import pathlib\npathlib.Path('~/left').expanduser().write_text('x')\nprint('noise')\n"
    install(course_like, "gradio", "9.1", files={"gradio/__init__.py": code})
    place = tmp_path / "tmp"
    place.mkdir()
    said = look({**environ, "TMPDIR": str(place)}, course_like)
    assert "import-fails" not in [one["id"] for one in said.findings]
    assert list(place.iterdir()) == [] and not Path(environ["HOME"], "left").exists()


def test_one_that_never_ends_costs_its_deadline(tmp_path: Path) -> None:
    """The script by hand: what hangs is ended, what comes after it is still tried."""
    (tmp_path / "hangs.py").write_text("import time\ntime.sleep(600)\n")
    (tmp_path / "raises.py").write_text("raise ValueError('no')\n")
    script = (ROOT / "scripts" / "import_probe.py").read_text().replace("ONE = 40.0", "ONE = 1.0")
    probe = tmp_path / "probe.py"
    probe.write_text(script)
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-B", str(probe), "20", "hangs", "hangs", "raises"],
        env={"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"], "TMPDIR": tempfile.gettempdir()},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert time.monotonic() - begun < 15
    assert '"module": "raises"' in done.stdout and "hangs" not in done.stdout
    assert '{"tried": 3}' in done.stdout
