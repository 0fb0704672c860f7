"""Facts of torch and what belongs to it."""

from __future__ import annotations

import msgspec


class Torch(msgspec.Struct, frozen=True, kw_only=True, tag="torch"):
    version: str | None  # "2.13.0+cpu"
    cuda: str | None  # CUDA the build was made for, None for CPU builds
    torchvision: str | None
