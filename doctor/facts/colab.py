"""Facts of hosted notebooks."""

from __future__ import annotations

import msgspec


class Colab(msgspec.Struct, frozen=True, tag="colab"):
    kind: str | None  # colab, kaggle, …
    signs: tuple[str, ...]
