"""Distributions that are known not to go together, each whole by itself. `pip check` says nothing of most."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from doctor.catalogue import found
from doctor.checks.packages import builds, clashes
from doctor.checks.packages.needs import course, mended, older, pip, since, some, step_for, version_of
from doctor.facts import Facts, ImportUse, Packages
from doctor.finding import Finding
from doctor.goal import Goal

FLOOR = "2.6"  # of torch, for transformers 5, and for loading .bin weights since 4.52
GONE = {
    "cached_download": "0.26",
    "HfFolder": "1.0",
    "InferenceApi": "1.0",
    "Repository": "1.0",
}  # hub releases
FFMPEG = ("ffmpeg", "python-ffmpeg", "ffmpeg-python")


def pairs(packages: Packages, facts: Facts, goal: Goal) -> Iterator[Finding]:
    yield from _torch(packages, goal)
    yield from _switched_off(packages, goal)
    yield from clashes.told(packages, goal)
    yield from builds.check(packages, facts, goal)
    yield from _numpy(packages, goal)
    yield from _hub(packages, goal)
    yield from _pkg_resources(packages, goal)
    yield from _keras(packages, goal)
    yield from _ffmpeg(packages, goal)


def _switched_off(packages: Packages, goal: Goal) -> Iterator[Finding]:
    """transformers 5 knows torch alone and asks none of these."""
    if packages.torch_off and "torch" in packages.installed and older(packages, "transformers", "5"):
        yield found(
            "packages",
            "torch-switched-off",
            severity="fail" if goal.foreign else "warn",
            commands=(("unset", packages.torch_off.partition("=")[0]),),
            setting=packages.torch_off,
        )


def _torch(packages: Packages, goal: Goal) -> Iterator[Finding]:
    if not older(packages, "torch", FLOOR):
        return
    torch, transformers = packages.installed["torch"], packages.installed.get("transformers", "")
    if since(packages, "transformers", "5"):
        yield mended(
            "v5-disables-old-torch",
            goal,
            None,
            pip(goal, "install", "transformers<5", "huggingface_hub<1"),
            pip(goal, "install", "--upgrade", "torch", "torchvision"),
            torch=torch,
            transformers=transformers,
        )
    elif since(packages, "transformers", "4.52"):
        only_bin = [m.id for m in goal.models if not any(f.endswith(".safetensors") for f in m.files)]
        yield found(
            "packages",
            "torch-load-cve-gate",
            severity="warn" if only_bin else "info",
            commands=(pip(goal, "install", "--upgrade", "torch", "torchvision"),),
            models=some(only_bin) or "-",
            torch=torch,
            transformers=transformers,
        )


def _numpy(packages: Packages, goal: Goal) -> Iterator[Finding]:
    numpy = version_of(packages, "numpy")
    if numpy is None:
        return
    wrong = packages.old_numpy if numpy >= Version("2") else packages.new_numpy
    if wrong:
        names = [line.split()[0] for line in wrong]
        new = numpy >= Version("2")
        step = step_for(names, packages, goal)
        again = (
            ("install", "--upgrade", *names)
            if new
            else ("install", "--force-reinstall", "--no-cache-dir", *names)
        )
        yield mended(
            "numpy-1x-extension-under-numpy-2" if new else "numpy-dtype-size-changed",
            goal,
            step,
            pip(goal, *again),
            numpy=str(numpy),
            names=some(wrong),
        )


def _hub(packages: Packages, goal: Goal) -> Iterator[Finding]:
    uses = [
        use for use in packages.imports if since(packages, "huggingface-hub", GONE.get(use.imports, "9999"))
    ]
    if uses:
        names = tuple(dict.fromkeys(use.name for use in uses))
        yield mended(
            "hub-api-removed",
            goal,
            step_for(names, packages, goal),
            pip(goal, "install", "--upgrade", *names),
            severity="fail"
            if set(names) & course(packages, goal) or any(use.at_start for use in uses)
            else "warn",
            hub=packages.installed["huggingface-hub"],
            uses=_shown(uses, packages),
        )


def _pkg_resources(packages: Packages, goal: Goal) -> Iterator[Finding]:
    uses = packages.needs_pkg_resources
    if packages.pkg_resources or not uses:
        return
    yield mended(
        "pkg-resources-removed",
        goal,
        None,
        pip(goal, "install", "setuptools<81"),
        severity="fail" if any(use.at_start for use in uses) else "warn",
        setuptools=packages.installed.get("setuptools", "-"),
        uses=_shown(uses, packages),
    )


def _shown(uses: tuple[ImportUse, ...] | list[ImportUse], packages: Packages) -> str:
    return some([f"{u.name} {packages.installed.get(u.name, '')}: {u.imports} ({u.file})" for u in uses])


def _keras(packages: Packages, goal: Goal) -> Iterator[Finding]:
    tensorflow = any(name in packages.installed for name in ("tensorflow", "tensorflow-cpu", "tf-nightly"))
    old = older(packages, "transformers", "5")
    if (
        tensorflow
        and packages.use_tf
        and old
        and since(packages, "keras", "3")
        and "tf-keras" not in packages.installed
    ):
        yield mended(
            "keras3-tf",
            goal,
            None,
            ("export", "USE_TF=0"),
            pip(goal, "install", "tf-keras"),
            keras=packages.installed["keras"],
            transformers=packages.installed["transformers"],
        )


def _ffmpeg(packages: Packages, goal: Goal) -> Iterator[Finding]:
    here = [name for name in FFMPEG if name in packages.installed]
    again = (pip(goal, "uninstall", "-y", *here), pip(goal, "install", "ffmpeg-python"))
    if len(here) > 1 or len(packages.ffmpeg_owners) > 1:
        names = [
            f"{name} {packages.installed[name]}" for name in dict.fromkeys([*here, *packages.ffmpeg_owners])
        ]
        yield found("packages", "ffmpeg-python-vs-python-ffmpeg", commands=again, names=names)
    elif here == ["ffmpeg"]:
        version = packages.installed["ffmpeg"]
        yield found("packages", "pypi-ffmpeg-stub-package", commands=again[:1], version=version)
