"""Hosted notebooks (Colab, Kaggle, …), told by more than one sign, and what is special about each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.facts import Colab
from doctor.goal import Goal
from doctor.probes.kernels import stale_kernels
from doctor.probes.listing import names_in
from doctor.reading.peek import is_file, is_folder, is_there

# A name is a variable, a path a file or folder. Some are set by people too, so that one is never enough.
SIGNS = {
    "colab": (
        "COLAB_RELEASE_TAG",
        "COLAB_BACKEND_VERSION",
        "COLAB_GPU",
        "COLAB_NOTEBOOK_METADATA",
        "COLAB_TPU_ADDR",
        "VERTEX_PRODUCT",
        "/var/colab/hostname",
        "/opt/google/colab",
        "/content/sample_data",
    ),
    "kaggle": (
        "KAGGLE_KERNEL_RUN_TYPE",
        "KAGGLE_URL_BASE",
        "KAGGLE_DATA_PROXY_TOKEN",
        "/kaggle/input",
        "/kaggle/working",
    ),
    "paperspace": ("PAPERSPACE_NOTEBOOK_REPO_ID", "PAPERSPACE_FQDN", "PAPERSPACE_CLUSTER_ID", "/notebooks"),
    "modelscope": ("MODELSCOPE_ENVIRONMENT", "MODELSCOPE_CACHE", "DSW_INSTANCE_ID", "/mnt/workspace"),
    "sagemaker": (
        "STUDIO_LAB_USER",
        "SAGEMAKER_INTERNAL_IMAGE_URI",
        "/home/studio-lab-user",
        "/opt/ml/metadata",
    ),
    "lightning": ("LIGHTNING_CLOUD_PROJECT_ID", "LIGHTNING_CLOUD_SPACE_ID", "/teamspace/studios"),
    "codespaces": ("CODESPACES", "CODESPACE_NAME", "/workspaces/.codespaces"),
    "binder": ("BINDER_SERVICE_HOST", "BINDER_REPO_URL", "BINDER_LAUNCH_HOST"),
    "deepnote": ("DEEPNOTE_PROJECT_ID", "DEEPNOTE_CPU_COUNT", "/datasets/_deepnote_work"),
    "spaces": ("SPACE_ID", "SPACE_HOST", "SPACE_AUTHOR_NAME"),
    "autodl": ("AutoDLContainerUUID", "AutoDLRegion", "/root/autodl-tmp"),
}
SESSION_DISK = {"colab": "/content", "kaggle": "/kaggle/working"}
DRIVE = "/content/drive"
DRIVES = (DRIVE, "/content/gdrive")
TPU = ("COLAB_TPU_ADDR", "TPU_NAME", "TPU_ACCELERATOR_TYPE", "TPU_WORKER_ID", "/dev/accel0")
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
CACHES = ("HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "TRANSFORMERS_CACHE", "TORCH_HOME")


def probe(goal: Goal) -> Colab:
    kind, signs = kind_of(os.environ)
    kernels = stale_kernels(Path(goal.prefix))
    if kind is None:
        return Colab(None, (), kernels=kernels)
    return Colab(
        kind,
        signs,
        release=os.environ.get("COLAB_RELEASE_TAG"),
        gpu=is_there(Path("/dev/nvidia0")),
        tpu=tuple(sign for sign in TPU if present(sign)),
        drive_mounted=os.path.ismount(DRIVE),
        drive_folders=tuple(place for place in DRIVES if kind == "colab" and _is_in_the_way(Path(place))),
        on_drive=tuple(_on_drive(goal, os.environ)),
        token=_has_token(goal, os.environ),
        free_bytes=_free(SESSION_DISK.get(kind)),
        kernels=kernels,
    )


def kind_of(environ: Mapping[str, str]) -> tuple[str | None, tuple[str, ...]]:
    """The kind whose signs are seen, two at least, and those."""
    for kind, signs in SIGNS.items():
        seen = tuple(sign for sign in signs if present(sign, environ))
        if len(seen) >= 2:
            return kind, seen
    return None, ()


def present(sign: str, environ: Mapping[str, str] = os.environ) -> bool:
    return is_there(Path(sign)) if sign.startswith("/") else sign in environ


def _is_in_the_way(folder: Path) -> bool:
    """As Colab itself asks before it mounts: a link, or a folder with anything in it."""
    return not os.path.ismount(folder) and (folder.is_symlink() or bool(names_in(folder)))


def _on_drive(goal: Goal, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Settings with a path in Google Drive. What the goal takes from a variable is named once."""
    named = {name: environ.get(name, "") for name in CACHES}
    seen = {"CACHE": goal.cache, "ROOT_DIR": goal.root_dir, **named}
    paths: dict[str, str] = {}
    for name, path in seen.items():
        if f"{path}/".startswith(f"{DRIVE}/") and path not in paths:
            paths[path] = name
    yield from ((name, path) for path, name in paths.items())


def _has_token(goal: Goal, environ: Mapping[str, str]) -> bool:
    """Whether there is one; never what it is."""
    places = (environ.get("HF_TOKEN_PATH"), f"{goal.cache}/token", "~/.cache/huggingface/token")
    return any(environ.get(name) for name in TOKENS) or any(
        is_file(Path(place).expanduser()) for place in places if place
    )


def _free(folder: str | None) -> int | None:
    if not folder or not is_folder(Path(folder)):
        return None
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize
