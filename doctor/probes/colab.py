"""Hosted notebooks (Colab, Kaggle), told by more than one sign."""

from __future__ import annotations

import os
from pathlib import Path

from doctor.facts import Colab
from doctor.goal import Goal

SIGNS = {
    "colab": ("COLAB_RELEASE_TAG", "COLAB_BACKEND_VERSION", "/var/colab/hostname", "/opt/google/colab"),
    "kaggle": ("KAGGLE_KERNEL_RUN_TYPE", "KAGGLE_URL_BASE", "/kaggle/input"),
}


def probe(goal: Goal) -> Colab:
    for kind, signs in SIGNS.items():
        seen = tuple(sign for sign in signs if present(sign))
        if len(seen) >= 2:
            return Colab(kind, seen)
    return Colab(None, ())


def present(sign: str) -> bool:
    return Path(sign).exists() if sign.startswith("/") else sign in os.environ
