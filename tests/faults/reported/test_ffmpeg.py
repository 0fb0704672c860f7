"""ffmpeg, as people have reported it; each named at first sight."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conda_host import prefixes
from tests.conftest import missing
from tests.faults.native import library
from tests.faults.patient import diagnose
from tests.faults.test_colab import NEW_ROOT


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


# Two programs in one: `snap`, which starts what it is called by, where /tmp is another one.
SNAP = r"""
#define _GNU_SOURCE
#include <libgen.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>
int main(int n, char **v) {
  char place[512];
  unshare(CLONE_NEWNS); mount("none", "/", 0, MS_REC | MS_PRIVATE, 0); mount("tmpfs", "/tmp", "tmpfs", 0, 0);
  snprintf(place, 512, "/snap/ffmpeg/current/usr/bin/%s", basename(v[0]));
  execv(place, v);
  return 1;
}
"""
WORLD = """mkdir -p snap/bin snap/ffmpeg/1286/usr/bin snap/ffmpeg/1286/meta
cp {real} snap/ffmpeg/1286/usr/bin/ffmpeg
printf 'name: ffmpeg\\nconfinement: {kind}\\n' > snap/ffmpeg/1286/meta/snap.yaml
ln -s 1286 snap/ffmpeg/current; cp {snap} snap/bin/snap; ln -s snap snap/bin/ffmpeg
mount -t overlay overlay -o lowerdir=/usr/bin,upperdir={upper},workdir={work} usr/bin
rm -f usr/bin/ffmpeg"""


@pytest.mark.parametrize("kind", ["strict", "classic"])
def test_the_ffmpeg_of_snap(empty_env: Path, environ: dict[str, str], tmp_path: Path, kind: str) -> None:
    """https://github.com/owncast/owncast/issues/433: no such file, of files that are there."""
    real = shutil.which("ffmpeg")
    if os.geteuid() != 0 or not real:
        missing("root", "a file system of one's own needs root, and an ffmpeg to put into it")
    (tmp_path / "snap.c").write_text(SNAP)
    snap = tmp_path / "snap"
    subprocess.run(["cc", "-o", str(snap), str(tmp_path / "snap.c")], check=True, timeout=30)
    folders = {name: tmp_path / name for name in ("upper", "work", "root")}
    for folder in folders.values():
        folder.mkdir()
    world = WORLD.format(real=real, kind=kind, snap=snap, upper=folders["upper"], work=folders["work"])
    prefix = ("unshare", "-m", "sh", "-c", NEW_ROOT, "sh", str(folders["root"]), world)
    person = {**environ, "TARGET": str(empty_env), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"}
    said = diagnose(person, "--area", "ffmpeg", prefix=prefix)
    assert said.complaints == (["ffmpeg-of-snap"] if kind == "strict" else [])
    if kind == "strict":
        assert said.of("ffmpeg-of-snap")["remedy"]["commands"][0] == ["snap", "remove", "ffmpeg"]
