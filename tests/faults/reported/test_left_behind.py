"""What stays where it was when its owner moved on: a token, git's settings, sshd's, a browser's http."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.probes.jupyter.servers.tunnels import forbidden_by
from tests.faults.dists import site_of
from tests.faults.patient import bare_environ, diagnose

TOKEN = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZ01234567"


def test_a_token_that_stays_in_the_old_place(tmp_path: Path) -> None:
    home, moved = tmp_path / "home", tmp_path / "data" / "hf"
    environ = bare_environ(home)
    usual = home / ".cache" / "huggingface" / "token"
    usual.parent.mkdir(parents=True)
    usual.write_text(TOKEN)
    usual.chmod(0o600)
    moved.mkdir(parents=True)
    area = ("--area", "hub")
    assert "hf-token-left-behind" not in diagnose(environ, *area).complaints
    told = diagnose({**environ, "HF_HOME": str(moved)}, *area).of("hf-token-left-behind")
    assert (
        str(usual) in told["title"]
        and ["cp", "-p", str(usual), f"{moved}/token"] in told["remedy"]["commands"]
    )
    assert TOKEN not in str(told)
    for also in ({"HF_TOKEN": TOKEN}, {"HF_TOKEN_PATH": str(usual)}):
        said = diagnose({**environ, "HF_HOME": str(moved), **also}, *area)
        assert "hf-token-left-behind" not in said.complaints


@pytest.mark.skipif(not shutil.which("git"), reason="no git")
def test_git_that_hands_large_files_to_a_program_that_is_not_here(tmp_path: Path) -> None:
    tools, home = tmp_path / "bin", tmp_path / "home"
    tools.mkdir()
    (tools / "git").symlink_to(str(shutil.which("git")))
    environ = bare_environ(home, PATH=str(tools))
    area = ("--area", "hub")
    assert "git-lfs-missing" not in diagnose(environ, *area).complaints
    (home / ".gitconfig").write_text('[filter "lfs"]\n\tsmudge = git-lfs smudge -- %f\n\trequired = true\n')
    assert str(home / ".gitconfig") in diagnose(environ, *area).of("git-lfs-missing")["evidence"]
    (tools / "git-lfs").write_text("#!/bin/sh\n")
    (tools / "git-lfs").chmod(0o755)
    assert "git-lfs-missing" not in diagnose(environ, *area).complaints


@pytest.mark.parametrize(
    ("lines", "forbids"),
    [
        ("Port 22\nAllowTcpForwarding no\n", "AllowTcpForwarding no"),
        ("allowtcpforwarding=no\n", "allowtcpforwarding=no"),
        ("DisableForwarding yes\n", "DisableForwarding yes"),
        ("AllowTcpForwarding remote\n", "AllowTcpForwarding remote"),
        ("AllowTcpForwarding yes\nAllowTcpForwarding no\n", None),
        ("#AllowTcpForwarding no\n", None),
        ("Match User sftp\n  AllowTcpForwarding no\n", None),
        ("Include {folder}/more/*.conf\n", "AllowTcpForwarding no"),
        ("AllowTcpForwarding local\nInclude {folder}/more/*.conf\n", None),
    ],
)
def test_sshd_is_read_as_it_reads_itself(tmp_path: Path, lines: str, forbids: str | None) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "50-hardened.conf").write_text("AllowTcpForwarding no\n")
    config = tmp_path / "sshd_config"
    config.write_text(lines.format(folder=tmp_path))
    said = forbidden_by(config)
    assert (said or "").rpartition(": ")[2] == (forbids or "")


def test_a_folder_that_another_python_filled(tmp_path: Path) -> None:
    """`pip install --target` of an earlier Python, found by a .pth file."""
    env, shared = tmp_path / "env", tmp_path / "pylibs"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True)
    site, info = site_of(env), shared / "numpy-1.24.4.dist-info"
    info.mkdir(parents=True)
    (site / "shared.pth").write_text(f"{shared}\n")
    mine = f"cp3{sys.version_info.minor}"
    environ = bare_environ(tmp_path / "home", TARGET=str(env))
    for tags, told in ((("cp38", "cp310"), True), ((mine, "cp38"), False), (("py3",), False)):
        (info / "WHEEL").write_text("".join(f"Tag: {tag}-{tag}-linux_x86_64\n" for tag in tags))
        said = diagnose(environ, "--area", "python")
        assert ("pth-of-another-python" in said.failed) is told
    (info / "WHEEL").write_text("Tag: cp310-cp310-manylinux_2_17_x86_64\n")
    title = diagnose(environ, "--area", "python").of("pth-of-another-python")
    assert str(shared) in title["title"] and "3.10" in title["evidence"]
