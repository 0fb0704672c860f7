"""The person with a conda, while all is well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conda_host import prefixes
from tests.faults.conda.patient import Patient


@pytest.fixture
def patient(home: Path, environ: dict[str, str]) -> Patient:
    root = prefixes.install(home / "miniforge3")
    env = prefixes.create(root)
    prefixes.initialise(home, root)
    return Patient(
        home, root, env, {**environ, "PATH": "/usr/bin:/bin", "SHELL": "/bin/bash", "TARGET": str(env)}
    )
