"""The environment's interpreter, looked at from outside: is it there, whole, of which kind, and what misleads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from doctor.facts import EnvironmentState, Python, Shadow, Unknown
from doctor.facts.python import GoneActive
from doctor.goal import Goal
from doctor.goal.prefix import marker
from doctor.goal.target import site_of
from doctor.probes.patience import within
from doctor.probes.python import active, interpreter, pth, scripts, shadows, startup, user_commands
from doctor.reading.peek import is_file, is_folder, is_there


def probe(goal: Goal) -> Python:
    prefix = Path(goal.prefix)
    answer = interpreter.ask_it(goal.interpreter)
    said, silence = (None, answer) if isinstance(answer, Unknown) else (answer, None)
    version = said.version if said else None
    kind = kind_of(prefix, goal)
    config = interpreter.config(prefix)
    found = scripts.look(prefix) if kind in ("venv", "conda") else scripts.Found()
    # Folders of anybody, on any disk.
    ahead = within(shadows.pythonpath, os.environ, site_of(prefix))
    user = within(shadows.user_site, os.environ, version)
    return Python(
        prefix=str(prefix),
        state=state_of(prefix, kind, version, goal),
        interpreter=goal.interpreter if said else None,
        version=version,
        kind=kind,
        unfinished=is_unfinished(prefix, kind),
        refusal=None if said or kind is None else interpreter.refusal(Path(goal.interpreter), silence),
        base=said.base if said else config.get("home"),
        maker=("uv" if "uv" in config else "venv") if config else None,
        made_with=config.get("version_info") or config.get("version"),
        sees_system=interpreter.sees_system(prefix),
        other_sites=scripts.other_sites(prefix, version),
        site_empty=scripts.site_empty(prefix, version),
        pip=interpreter.has_pip(prefix, version, said),
        ensurepip=said.ensurepip if said else True,
        openssl=said.openssl if said else "",
        **(own if isinstance(own := within(user_commands.off_path, os.environ), dict) else {}),
        headers=said.missing_headers if said else None,
        externally_managed=said.externally_managed if said and not interpreter.pip_may(os.environ) else None,
        pythonhome=shadows.pythonhome(os.environ, said.base if said else None),
        pythonpath=ahead if isinstance(ahead, tuple) else (),
        # A venv searches ~/.local after its own packages, or not at all.
        user_site=user if kind != "venv" and isinstance(user, Shadow) else None,
        scripts=found.astray,
        script_count=found.count,
        long_shebangs=found.unusable,
        typed=typed_first(prefix),
        gone_active=moved if isinstance(moved := within(active.gone, os.environ), GoneActive) else None,
        not_executable=found.not_executable,
        windows_lines=found.windows_lines,
        pth=pth.pth_lines(site_of(prefix)),
        library_lacks=said.library_lacks if said else (),
        entered=said is None or kind == "conda" or entered(prefix, said),
        optimize=shadows.optimized(os.environ),
        **(
            startup.of_person(goal.interpreter, said, site_of(prefix), os.environ)
            if (kind or goal.system)
            and not silence  # what does not end would cost each question its deadline
            else {}
        ),
    )


def typed_first(prefix: Path) -> str | None:
    """What comes before the environment's own Python, in a shell in which it is activated."""
    active = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
    if not active or os.path.realpath(active) != os.path.realpath(prefix):
        return None
    from doctor.probes.python import typed  # only where one is activated

    return typed.another(prefix, os.environ)


def entered(prefix: Path, said: interpreter.Said) -> bool:
    """Whether its Python knows of the environment. One whose pyvenv.cfg is gone works in the installation below it."""
    if os.path.realpath(said.prefix) == os.path.realpath(prefix) or is_file(prefix / "pyvenv.cfg"):
        return True
    minor = ".".join(said.version.split(".")[:2])
    return is_file(prefix / "lib" / f"python{minor}" / "os.py") or not site_of(prefix)


def kind_of(prefix: Path, goal: Goal) -> Literal["conda", "venv", "system"] | None:
    """Of the person's own environments too: conda and venv fail in different ways."""
    if goal.system and not goal.foreign:
        return "system"
    if is_folder(prefix / "conda-meta"):
        return "conda"
    if is_file(prefix / "pyvenv.cfg"):
        return "venv"
    return "system" if goal.system else None


def state_of(prefix: Path, kind: str | None, version: str | None, goal: Goal) -> EnvironmentState:
    if goal.system:
        return "complete" if version else "absent"
    if not is_there(prefix) or (is_folder(prefix) and not any(prefix.iterdir())):
        return "absent"
    if kind is None and not is_file(marker(prefix)):
        return "foreign"
    return "complete" if version and not is_unfinished(prefix, kind) else "half"


def is_unfinished(prefix: Path, kind: str | None) -> bool:
    """A making that was ended before its time: by our mark, or by the empty conda-meta of a killed `conda create`."""
    killed = kind == "conda" and not is_file(prefix / "conda-meta" / "history")
    return killed or is_file(marker(prefix))
