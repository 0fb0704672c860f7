"""Commands are copied as printed: our own variables stay open, all else is quoted."""

from __future__ import annotations

import subprocess

import pytest

from doctor.shell import typed


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (("mv", "/a b", "$HOME/"), "mv '/a b' \"$HOME/\""),
        (("make", "setup", "PREFIX=~/x"), 'make setup "PREFIX=$HOME/x"'),
        (("chown", "$(id -un)", "/x"), 'chown "$(id -un)" /x'),
        (("ls", "/tmp/$(reboot)"), "ls '/tmp/$(reboot)'"),
        (("ls", '$HOME/"; reboot "'), "ls '$HOME/\"; reboot \"'"),
    ],
)
def test_a_line_for_a_shell(argv: tuple[str, ...], line: str) -> None:
    assert typed(argv) == line


def test_a_shell_expands_it() -> None:
    line = typed(("printf", "%s", "HF_HOME=$HOME/.cache"))
    environ = {"HOME": "/home/a b", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", line], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "HF_HOME=/home/a b/.cache"
