"""Facts of hosted notebooks."""

from __future__ import annotations

import msgspec

OWN_KERNEL = ("colab", "kaggle")  # kinds whose notebooks know no other environment than the image's


class StaleKernel(msgspec.Struct, frozen=True, kw_only=True):
    """A running kernel that holds libraries which were replaced on disk since it loaded them."""

    pid: int
    packages: tuple[str, ...]
    minutes: int  # since it was started


class Colab(msgspec.Struct, frozen=True, tag="colab"):
    kind: str | None  # colab, kaggle, …
    signs: tuple[str, ...]
    release: str | None = None  # the image, as it calls itself
    gpu: bool | None = None  # a device of NVIDIA's is there; None: not asked
    tpu: tuple[str, ...] = ()  # signs of a TPU
    drive_mounted: bool | None = None  # /content/drive
    drive_folders: tuple[
        str, ...
    ] = ()  # where a Drive is mounted by custom: folders with local files, that are no mount
    on_drive: tuple[tuple[str, str], ...] = ()  # settings that point into it: name, path
    token: bool | None = None  # a token for the Hub is where programs find it
    free_bytes: int | None = None  # of the session's disk
    kernels: tuple[StaleKernel, ...] = ()
