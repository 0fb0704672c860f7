"""Files that stand where the driver's library is looked for and are not it: damaged ones, stubs, copies of another release."""

from __future__ import annotations

from doctor.catalogue import found
from doctor.checks.gpu.see import library, loaded
from doctor.facts import DriverLibrary, Gpu
from doctor.finding import Finding

STUBS = "/stubs/"
Commands = tuple[tuple[str, ...], ...]


def damaged(gpu: Gpu, name: str) -> Finding | None:
    """The linker does not pass over a file that it cannot read: it stops there."""
    first = _first(gpu, name)
    if first is None or not first.damaged:
        return None
    if first.empties and gpu.container:
        away = (("rm", *first.empties), ("ldconfig",))
        again = ("docker", "run", "--gpus", "all", "IMAGE")
        return found("gpu", "image-kept-empty-driver-files", files=first.empties, commands=(*away, again))
    return found("gpu", "driver-library-damaged", path=first.real, said=first.damaged, commands=_away(first))


def stub(gpu: Gpu, name: str) -> Finding | None:
    """Before the driver's own. Where that is not here, its absence is the cause."""
    first = _first(gpu, name)
    if first is None or STUBS not in first.real or library(gpu, name) is None:
        return None
    lines = gpu.path_set_in if first.via == "LD_LIBRARY_PATH" else ()
    files = dict.fromkeys(line.rpartition(":")[0] for line in lines)
    return found(
        "gpu",
        "cuda-stub-library-used",
        path=first.path,
        via=f"{first.via} ({', '.join(lines)})" if lines else first.via,
        commands=(*(("$EDITOR", file) for file in files), *_away(first)),
    )


def hides_the_right_one(gpu: Gpu, file: DriverLibrary) -> Finding | None:
    """A copy of another release comes first, and the module's own is here too.

    On a host the packages' own file is no copy: there the module is the one of before. In a container they are the image's.
    """
    driver, right = loaded(gpu), _right_one(gpu, file)
    installed = not gpu.container and any(_is_of(version, file) for version in gpu.packages.values())
    if driver is None or right is None or installed:
        return None
    return found(
        "gpu",
        "driver-library-hidden-by-another",
        path=file.real,
        library=file.version or "?",
        driver=driver,
        right=right,
        via=file.via,
        commands=_away(file),
    )


def _first(gpu: Gpu, name: str) -> DriverLibrary | None:
    return next((one for one in gpu.libraries if one.name == name and one.via != "disk"), None)


def _right_one(gpu: Gpu, file: DriverLibrary) -> str | None:
    driver = loaded(gpu)
    others = (one.real for one in gpu.libraries if one.name == file.name and one.version == driver)
    beside = f"{file.real.rpartition('/')[0]}/{file.name.removesuffix('1')}{driver}"
    return next(others, None) or (beside if driver in file.beside else None)


def _is_of(package: str, file: DriverLibrary) -> bool:
    """580.126.09-0ubuntu1 has put libcuda.so.580.126.09 there."""
    return package.rpartition(":")[2].partition("-")[0] == file.version


def _away(file: DriverLibrary) -> Commands:
    if file.via == "LD_LIBRARY_PATH":
        return (("unset", "LD_LIBRARY_PATH"),)
    return (("rm", file.real), ("ldconfig",))
