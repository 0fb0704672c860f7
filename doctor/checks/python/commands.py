"""The commands in the environment's bin folder, and what .pth files add to its search path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.packages.needs import some
from doctor.facts import Conda, Facts, Packages, Python
from doctor.finding import Finding, Severity
from doctor.text import Text

NOT_EXECUTABLE = Text("they are not marked as executable", "没有执行权限")
WINDOWS_LINES = Text("their lines end as on Windows", "行尾是 Windows 格式")
MOVED = Text(
    "{} is it, under a new name: its activate still says the old place",
    "它已改名为 {}，其中的 activate 仍写着旧位置",
)
REMOVED = Text("nothing beside it looks like it", "旁边没有与它相符的文件夹")
FEW = 3  # commands; more of them are the environment as a whole
# Commands without which a student cannot go on; others may be leftovers that nobody calls.
NEEDED = ("pip", "pip3", "jupyter", "jupyter-lab", "ipython", "hf", "huggingface-cli")


def _another_first(python: Python, typed: str, facts: Facts) -> Finding:
    """A conda environment is activated by conda, and has no script of its own for it."""
    conda = facts.conda if isinstance(facts.conda, Conda) else None
    lines = [
        place for place, folder in (conda.shell.after if conda else ()) if typed.rpartition("/")[0] == folder
    ]
    of_conda = (
        conda is not None and conda.environment is not None and conda.environment.prefix == python.prefix
    )
    return found(
        "python",
        "another-python-first",
        commands=(("hash", "-r"), ("conda", "activate", python.prefix)) if of_conda else None,
        typed=f"{typed} ({lines[0]})" if lines else typed,
        prefix=python.prefix,
    )


def commands_astray(python: Python, facts: Facts) -> Iterator[Finding]:
    yield from _unrunnable(python)
    if python.typed:
        yield _another_first(python, python.typed, facts)
    names = [script.name for script in python.scripts]
    program, count = next(iter(Counter(s.interpreter for s in python.scripts).most_common(1)), ("", 0))
    gone = [script for script in python.scripts if not script.there]
    if python.long_shebangs:
        yield found(
            "python",
            "env-prefix-space-or-too-long",
            severity=_severity(python.long_shebangs),
            prefix=python.prefix,
            names=python.long_shebangs,
        )
    elif count > 1 and count >= min(len(python.scripts), python.script_count // 2):
        yield found("python", "environment-moved", prefix=python.prefix, program=program, names=names)
    elif gone:
        lost = [script.name for script in gone]
        yield found(
            "python",
            "script-interpreter-gone",
            severity=_severity(lost),
            names=lost,
            program=gone[0].interpreter,
        )
    elif set(names) & set(NEEDED):
        shown = [s for s in python.scripts if s.name in NEEDED]
        yield found(
            "python", "script-other-python", names=[s.name for s in shown], program=shown[0].interpreter
        )


def gone_active(python: Python) -> Iterator[Finding]:
    """Of one that was moved the shell goes on to say its name, and starts the system's Python."""
    gone = python.gone_active
    if gone:
        # Where nothing was made yet, a variable that was left over explains nothing.
        weight: Severity = "warn" if python.state != "absent" else "fail" if gone.moved_to else "info"
        again = (("deactivate",), ("python3", "-m", "venv", f"{gone.path}-new"))
        yield found(
            "python",
            "active-environment-gone",
            severity=weight,
            commands=again if gone.moved_to else None,
            path=gone.path,
            moved=Text(MOVED.en.format(gone.moved_to), MOVED.zh.format(gone.moved_to))
            if gone.moved_to
            else REMOVED,
        )


def _unrunnable(python: Python) -> Iterator[Finding]:
    """Commands whose files are whole, and that the kernel does not start."""
    folder = f"{python.prefix}/bin"
    for names, why, mend in (
        (python.not_executable, NOT_EXECUTABLE, ("chmod", "+x")),
        (python.windows_lines, WINDOWS_LINES, ("sed", "-i", "s/\\r$//")),
    ):
        if names:
            files = [f"{folder}/{name}" for name in names]
            yield found(
                "python",
                "scripts-not-runnable",
                severity="fail" if len(names) > FEW else _severity(names),
                commands=((*mend, *files),),
                names=some(names),
                folder=folder,
                why=why,
            )


def _severity(names: tuple[str, ...] | list[str]) -> Severity:
    return "fail" if set(names) & set(NEEDED) else "warn"


def search_path(python: Python, facts: Facts) -> Iterator[Finding]:
    editable = set(facts.packages.sources_gone.values()) if isinstance(facts.packages, Packages) else set()
    gone = [
        line
        for line in python.pth
        if line.state == "gone" and not any(line.path.startswith(source) for source in editable)
    ]
    mixed = [line for line in python.pth if line.state == "other-environment"]
    for line in (one for one in python.pth if one.state == "other-python"):
        yield found("python", "pth-of-another-python", file=line.file, path=line.path, python=line.python)
    if gone:
        yield found(
            "python", "pth-path-gone", files=[one.file for one in gone], paths=[one.path for one in gone]
        )
    if mixed:
        yield found(
            "python",
            "pth-mixes-environments",
            files=[one.file for one in mixed],
            paths=[one.path for one in mixed],
        )
