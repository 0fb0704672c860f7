"""How the person's shell comes to conda: files of the shell, variables, PATH."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.facts import CondaShell, ShellBlock
from doctor.probes.conda.installs import from_shell
from doctor.reading.peek import is_file, is_folder, peek_text

# What each shell reads when a person logs in or opens a terminal, below HOME.
FILES = {
    "bash": (".bashrc", ".bash_profile", ".profile", ".bash_login"),
    "zsh": (".zshrc", ".zprofile", ".zshenv"),
    "fish": (".config/fish/config.fish",),
}
SYSTEM = ("/etc/profile.d/conda.sh", "/etc/bash.bashrc", "/etc/zsh/zshrc")
LARGEST = 500_000
BLOCK = re.compile(r"^# >>> conda initialize >>>$(.*?)^# <<< conda initialize <<<", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"""['"\s(](/[^'"\n]*?)/(?:bin/conda|condabin|etc/profile\.d/conda\.sh)\b""")
BY_HAND = re.compile(
    r"^(?!\s*#).*(?:conda\.sh|conda shell\.\w+ hook|bin/activate|micromamba shell hook|mamba shell hook)",
    re.MULTILINE,
)
PUT_FIRST = re.compile(
    r"""^[ \t]*(?:(?:export[ \t]+)?PATH=["']?(?P<folder>[^:"'\s]+):["']?[^#\n]*\$\{?PATH|eval[^#\n]*pyenv[^#\n]* init)""",
    re.MULTILINE,
)
VARIABLES = ("CONDA_EXE", "CONDA_PYTHON_EXE", "CONDA_PREFIX", "MAMBA_EXE")
OTHERS = ("mamba", "micromamba")


def shell(environ: Mapping[str, str]) -> CondaShell:
    name = Path(environ.get("SHELL") or "/bin/bash").name
    texts = dict(_texts(name, environ))
    active, venv = environ.get("CONDA_PREFIX") or None, environ.get("VIRTUAL_ENV") or None
    path = environ.get("PATH", "")
    return CondaShell(
        name=name,
        blocks=tuple(block for file, text in texts.items() for block in _blocks(file, text)),
        hooked="CONDA_SHLVL" in environ
        or any(BY_HAND.search(_without_blocks(text)) for text in texts.values()),
        on_path=tuple(dict.fromkeys(str(root) for root in from_shell({"PATH": path}))),
        others=tuple(found for word in OTHERS if (found := _other(word, environ))),
        active=active,
        active_exists=not active or is_folder(Path(active)),
        active_python=not active or os.path.lexists(f"{active}/bin/python"),
        venv=venv if venv and is_file(Path(venv, "pyvenv.cfg")) else None,
        first_python=shutil.which("python", path=path),
        first_pip=shutil.which("pip", path=path),
        after=tuple(place for file, text in texts.items() for place in _after(file, text, environ)),
        gone=tuple((name, environ[name]) for name in VARIABLES if _gone(environ.get(name))),
    )


def _texts(name: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The files that this shell reads, and what is in them."""
    home = environ.get("HOME", "")
    files = [f"{home}/{file}" for file in FILES.get(name, FILES["bash"])] if home else []
    for file in (*files, *SYSTEM):
        text = peek_text(file, LARGEST)
        if text:
            yield file, text


def _blocks(file: str, text: str) -> Iterator[ShellBlock]:
    for block in BLOCK.finditer(text):
        command = COMMAND.search(block.group(1))
        if command:
            prefix = command.group(1)
            there = os.path.lexists(f"{prefix}/bin/conda") or os.path.lexists(f"{prefix}/condabin/conda")
            yield ShellBlock(file=file, prefix=prefix, exists=there)


def _after(file: str, text: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Lines behind conda's block that put another folder before conda's."""
    end = max((block.end() for block in BLOCK.finditer(text)), default=len(text))
    home = environ.get("HOME", "").replace("\\", r"\\")
    for found in PUT_FIRST.finditer(text, end):
        folder = re.sub(r"^(?:~|\$\{?HOME\}?)(?=/|$)", home, found["folder"] or "~/.pyenv/shims")
        yield f"{file}:{text.count(chr(10), 0, found.start(0)) + 1}", folder.rstrip("/")


def _without_blocks(text: str) -> str:
    return BLOCK.sub("", text)


def _other(word: str, environ: Mapping[str, str]) -> str | None:
    own = environ.get("MAMBA_EXE", "")
    if own and Path(own).name == word and os.access(own, os.X_OK):
        return own
    return shutil.which(word, path=environ.get("PATH", "")) or _at_home(word, environ)


def _at_home(word: str, environ: Mapping[str, str]) -> str | None:
    """Where micromamba's own installer puts it."""
    place = f"{environ.get('HOME', '')}/.local/bin/{word}"
    return place if os.access(place, os.X_OK) else None


def _gone(path: str | None) -> bool:
    return path is not None and path.startswith("/") and not os.path.lexists(path)
