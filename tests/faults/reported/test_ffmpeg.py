"""ffmpeg, as people have reported it; each named at first sight."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conda_host import prefixes
from tests.faults.native import library
from tests.faults.patient import diagnose


def test_condas_ffmpeg_and_another_openh264(home: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/saidwivedi/POCO/issues/7: "libopenh264.so.5: cannot open shared object file"."""
    root = prefixes.install(home / "miniconda3")
    env = prefixes.create(root)
    prefixes.initialise(home, root)
    code = tmp_path / "main.c"
    code.write_text("int h264(void); int main(void) { return h264(); }")
    wanted = library(tmp_path / "libopenh264.so.5", "int h264(void) { return 0; }", soname="libopenh264.so.5")
    there = library(env / "lib/libopenh264.so.6", "int h264(void) { return 0; }", soname="libopenh264.so.6")
    argv = ["cc", "-o", str(env / "bin/ffmpeg"), str(code), str(wanted), "-Wl,-rpath,$ORIGIN/../lib"]
    subprocess.run(argv, check=True, timeout=30)
    prefixes.record(env, "ffmpeg", "4.3", "hf484d3e_0", ["bin/ffmpeg"])
    prefixes.record(env, "openh264", "2.1.1", "h4ff587b_0", [f"lib/{there.name}"])
    plain = {**environ, "PATH": "/usr/bin:/bin", "SHELL": "/bin/bash", "TARGET": str(env)}
    said = diagnose(prefixes.activated(plain, root, env), "--area", "host,conda,ffmpeg")
    assert said.complaints == ["ffmpeg-library-missing"]
    told = said.of("ffmpeg-library-missing")
    assert "libopenh264.so.5" in told["title"] and str(env / "bin/ffmpeg") in told["evidence"]
