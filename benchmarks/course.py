"""Two people and the same packages: one types `make setup`, one follows the recipe. Each has a HOME of their own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.hub import make_models, serving_here
from benchmarks.link import Link, serving
from benchmarks.measure import Case
from benchmarks.models import make_profile
from benchmarks.place import Place
from benchmarks.wheelhouse import wheelhouse
from doctor.goal.settings import resolve
from doctor.probes.smoke import report_path

STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def cases(
    place: Place, cold: bool, bar: float, floor_bar: float | None = None, models: Sequence[int] = ()
) -> tuple[Case, ...]:
    """The two commands. `cold`: nothing is kept from one run to the next; else what uv and pip cached is.

    `models`: bytes of each model that is fetched over the same line.
    """
    link = Link()
    index = place.open.enter_context(serving(wheelhouse(place), link))
    base = Path(place.open.enter_context(tempfile.TemporaryDirectory(prefix="groundwork-bench-")))
    repos = make_models(base / "repos", models)
    hub = place.open.enter_context(serving_here(base / "repos", link))
    profile = make_profile(place, base, repos)
    settings = {
        "PIP_INDEX_URL": index,
        "HF_ENDPOINT": hub,
        "PROFILE": profile,
        "MODELS": "all" if models else "none",
    }
    place.open.callback(stop, place, environ(base / "ours", settings))

    def case(name: str, person: str, argv: tuple[str, ...], bar: float | None, most: float | None) -> Case:
        home = base / person
        environment = environ(home, settings)
        return Case(
            name=name, argv=argv, environ=environment, folder=place.root,
            before=fresh(place, home, environment, cold, link), floor=link.floor, bar=bar, floor_bar=most,
        )  # fmt: skip

    return (
        case("make setup", "ours", ("make", "-s", "setup"), None, floor_bar),
        case("venv, pip package by package", "theirs", recipe(place, base / "theirs", repos), bar, None),
    )


def environ(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """A person who has this index and this Hub configured, and nothing else."""
    return {
        "HOME": str(home), "PATH": STANDARD_PATH, "LANG": "C.UTF-8", "PIP_CONFIG_FILE": "/dev/null", "HF_HUB_DISABLE_XET": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1", "ENV_MANAGER": "venv", "MIRRORS": "off", "PORT": "18899", **settings,
    }  # fmt: skip


def fresh(place: Place, home: Path, person: dict[str, str], cold: bool, link: Link) -> Callable[[], None]:
    """A HOME without an environment; its caches go too where the run is to be cold."""

    def before() -> None:
        if home.exists():
            stop(place, person)
        for path in [home] if cold else [home / ".groundwork", home / "course"]:
            shutil.rmtree(path, ignore_errors=True)
        home.mkdir(exist_ok=True)
        link.reset()

    return before


def stop(place: Place, person: dict[str, str]) -> None:
    """JupyterLab of the run before, where there was one."""
    if Path(person["HOME"], ".groundwork").exists():
        subprocess.run(("make", "-s", "stop"), cwd=place.root, env=person, check=True, capture_output=True)


def recipe(place: Place, home: Path, repos: Sequence[str]) -> tuple[str, ...]:
    goal = resolve({})
    torch = [f"torch=={goal.profile.torch.version}"]
    script, smoke = (
        str(Path(place.root, name)) for name in ("benchmarks/recipe.sh", "scripts/smoke_test.py")
    )
    spec = str(report_path(goal).with_suffix(".spec.json"))
    # timm wants torchvision, of which a torch for the CPU often has none that fits; setup leaves it out then.
    wanted = [name for name in goal.profile.requirements if not name.startswith("timm")]
    return ("sh", script, str(home / "course"), smoke, spec, " ".join(repos), *torch, *wanted)
