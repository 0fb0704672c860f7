"""The command ffmpeg, really broken, in an environment of the person's: its own bin comes first."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faults.native import for_machine, library
from tests.faults.patient import Diagnosis, diagnose, replace

VERSION = "echo 'ffmpeg version 7.1 Copyright (c) 2000-2024 the FFmpeg developers'"
FEW = """#!/bin/sh
case "$*" in
*-version*) echo 'ffmpeg version 7.1 Copyright (c) 2000-2024 the FFmpeg developers';;
*-decoders*) echo 'Decoders:'; echo ' ------'; echo ' A....D pcm_s16le   PCM signed 16-bit'; echo ' V....D h264    H.264';;
esac
"""


def look(env: Path, environ: dict[str, str]) -> Diagnosis:
    return diagnose({**environ, "TARGET": str(env)}, "--area", "host,ffmpeg")


def command(env: Path, content: str | bytes, mode: int = 0o755) -> Path:
    path = env / "bin/ffmpeg"
    replace(path, content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "content",
    ["#!/bin/sh\necho install me first\n", "<!DOCTYPE html><html>404</html>\n", "", "#!/no/such/shell\n"],
    ids=["script", "web page", "empty", "no interpreter"],
)
def test_a_stub(empty_env: Path, environ: dict[str, str], content: str) -> None:
    path = command(empty_env, content)
    said = look(empty_env, environ)
    assert said.failed == ["ffmpeg-stub"]
    assert str(path) in said.of("ffmpeg-stub")["evidence"]


def test_a_script_that_is_an_ffmpeg(empty_env: Path, environ: dict[str, str]) -> None:
    command(empty_env, f"#!/bin/sh\n{VERSION}\n")
    assert look(empty_env, environ).complaints == []


def test_for_another_machine(empty_env: Path, environ: dict[str, str]) -> None:
    path = command(empty_env, Path("/bin/true").read_bytes())
    for_machine(path)
    path.chmod(0o755)
    assert look(empty_env, environ).failed == ["ffmpeg-wrong-architecture"]


def test_a_library_is_missing(empty_env: Path, environ: dict[str, str], tmp_path: Path) -> None:
    absent = library(tmp_path / "libopenh264.so.5", "int h264(void) { return 0; }", soname="libopenh264.so.5")
    code = tmp_path / "main.c"
    code.write_text("int h264(void); int main(void) { return h264(); }")
    compiler = shutil.which("gcc") or "cc"
    subprocess.run(
        [compiler, "-o", str(empty_env / "bin/ffmpeg"), str(code), str(absent)], check=True, timeout=30
    )
    absent.unlink()
    said = look(empty_env, environ)
    assert said.failed == ["ffmpeg-library-missing"]
    assert "libopenh264.so.5" in said.of("ffmpeg-library-missing")["title"]


def test_it_cannot_decode_what_the_course_uses(empty_env: Path, environ: dict[str, str]) -> None:
    command(empty_env, FEW)
    said = look(empty_env, environ)
    assert said.failed == ["ffmpeg-lacks-codecs"]
    assert "flac" in said.of("ffmpeg-lacks-codecs")["title"]


def test_a_file_that_may_not_be_run_is_passed_over(empty_env: Path, environ: dict[str, str]) -> None:
    """Where another one is on the path, that is taken."""
    command(empty_env, FEW, mode=0o644)
    said = look(empty_env, environ)
    others = any(Path(folder, "ffmpeg").is_file() for folder in ("/usr/local/bin", "/usr/bin"))
    assert said.failed == ([] if others else ["ffmpeg-not-executable"])


def test_one_that_hangs_costs_its_deadline(empty_env: Path, environ: dict[str, str]) -> None:
    command(empty_env, "#!/bin/sh\nexec sleep 60\n")
    assert look(empty_env, environ).failed == ["ffmpeg-stub"]
