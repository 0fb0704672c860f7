"""The notebook's kernel: what it has in memory, and the startup file that shows the overlay to it and to later kernels."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from bootstrap.colab.overlay import Overlay
from bootstrap.safety.files import write_atomically
from doctor.text import Text

TEMPLATE = Path(__file__).resolve().parents[2] / "scripts" / "colab_startup.py"
FILLED_IN = "SETTINGS: dict = {}"
STARTUP = "00-groundwork.py"


class Kernel(msgspec.Struct, frozen=True):
    """What scripts/colab_cell.py tells of the kernel that it runs in."""

    python: str
    startup: str  # IPython's startup folder
    modules: dict[str, tuple[str | None, str | None]]  # file and version of what is imported
    cache: str | None = None  # where huggingface_hub looks, once it is imported: it reads that only once
    endpoint: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """What the cell is told: the file to run in its kernel, and what holds the kernel back from using the overlay."""

    startup: str
    restart: tuple[str, ...]


def read_kernel(folder: Path | None) -> Kernel | None:
    """What the cell wrote; None where no cell did: a child process cannot look into the kernel."""
    return msgspec.json.decode((folder / "kernel.json").read_bytes(), type=Kernel) if folder else None


def answer(folder: Path, startup: Path, restart: tuple[Text, ...]) -> None:
    said = Answer(str(startup), tuple(text.en for text in restart))
    write_atomically(folder / "answer.json", msgspec.json.encode(said))


def startup_file(kernel: Kernel | None, environ: Mapping[str, str] = os.environ) -> Path:
    """IPython runs what lies in its startup folder when a kernel starts."""
    if kernel:
        return Path(kernel.startup) / STARTUP
    ipython = Path(environ.get("IPYTHONDIR") or "~/.ipython").expanduser()
    return ipython / "profile_default" / "startup" / STARTUP


def write_startup(path: Path, overlay: Path, env: Mapping[str, str | None]) -> bool:
    """Write the file; whether that changed anything. In it are paths and addresses, never a token."""
    settings = {"overlay": str(overlay), "env": dict(env)}
    data = TEMPLATE.read_text(encoding="utf-8").replace(FILLED_IN, f"SETTINGS: dict = {settings!r}").encode()
    if path.is_file() and path.read_bytes() == data:
        return False
    write_atomically(path, data)
    return True


def hub_env(cache: str, on_drive: bool, endpoint: Mapping[str, str], default: str) -> dict[str, str | None]:
    """The Hub's variables for kernels; None takes one away. On Drive only models go: tokens and chunks stay local."""
    rest: dict[str, str | None] = {n: v for n, v in endpoint.items() if n != "HF_HOME"}
    if on_drive:
        return {
            **rest,
            "HF_HOME": None,
            "HF_HUB_CACHE": f"{cache}/hub",
            "HF_HUB_DISABLE_SYMLINKS_WARNING": "1",
        }
    return {**rest, "HF_HOME": None if cache == default else cache, "HF_HUB_CACHE": None}


def stale(kernel: Kernel, overlay: Overlay, folder: Path) -> Iterator[Text]:
    """What the kernel has in memory from elsewhere than the overlay: it goes on using that until it is restarted."""
    for name in overlay.modules:
        file, version = kernel.modules.get(name, (None, None))
        if file and not Path(file).is_relative_to(folder):
            said = f"{name} {version or overlay.instead_of.get(canonicalize_name(name), '')}".strip()
            yield Text(f"{said} is imported, from {file}", f"已导入 {said}，来自 {file}")


def frozen(kernel: Kernel, env: Mapping[str, str | None], cache: str) -> Iterator[Text]:
    """Settings that an imported huggingface_hub no longer reads."""
    if kernel.cache and Path(kernel.cache) != Path(cache) / "hub":
        yield Text(
            f"huggingface_hub is imported and keeps models in {kernel.cache}",
            f"huggingface_hub 已导入，模型仍放在 {kernel.cache}",
        )
    endpoint = env.get("HF_ENDPOINT")
    if kernel.endpoint and endpoint and kernel.endpoint != endpoint:
        yield Text(
            f"huggingface_hub is imported and asks {kernel.endpoint}",
            f"huggingface_hub 已导入，仍访问 {kernel.endpoint}",
        )
