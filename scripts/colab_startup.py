"""Made by Groundwork (`groundwork colab`): in notebooks, the course's packages come before the runtime's own.

IPython runs this file whenever a kernel starts. Nothing of the runtime was changed: delete this file, restart, and
everything is as it came. 删除本文件并重启即可恢复原状。
"""

SETTINGS: dict = {}


def _groundwork(settings):
    import importlib
    import os
    import sys

    overlay, separator = settings.get("overlay", ""), os.pathsep
    if not os.path.isdir(overlay):  # noqa: PTH112 - pathlib is not loaded in every kernel yet
        return
    family = os.path.join(os.path.dirname(overlay), "overlay-")  # noqa: PTH118, PTH120
    sys.path[:] = [overlay, *(folder for folder in sys.path if not folder.startswith(family))]
    importlib.invalidate_caches()
    # For what the notebook starts: !python, !huggingface-cli
    for name, first in (("PYTHONPATH", overlay), ("PATH", os.path.join(overlay, "bin"))):  # noqa: PTH118
        others = [f for f in os.environ.get(name, "").split(separator) if f and not f.startswith(family)]
        os.environ[name] = separator.join([first, *others])
    for name, value in settings["env"].items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


_groundwork(SETTINGS)
del _groundwork, SETTINGS
