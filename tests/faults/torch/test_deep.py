"""What only importing torch tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.torch.env import fake_torch, look

HIDES = """
try:
    open('/of/torch/libmissing.so')
except OSError as cause:
    raise RuntimeError("Could not import module 'torch'. Are its requirements defined correctly?") from cause
"""


def test_deep_tells_the_cause_that_the_import_error_hides(empty_env: Path, environ: dict[str, str]) -> None:
    fake_torch(empty_env, HIDES)
    assert look(empty_env, environ).failed == []
    said = look(empty_env, environ, "--deep")
    assert said.failed == ["torch-import-fails"]
    finding = said.of("torch-import-fails")
    assert "libmissing.so" in finding["title"] and "Are its requirements" in finding["evidence"]


@pytest.mark.parametrize("death", ["import os; os.kill(os.getpid(), 4)", "import os; os._exit(3)"])
def test_deep_outlives_a_torch_that_dies(empty_env: Path, environ: dict[str, str], death: str) -> None:
    fake_torch(empty_env, death)
    assert look(empty_env, environ, "--deep").failed == ["torch-import-fails"]


def test_deep_is_content_with_a_torch_that_computes(light_env: Path, environ: dict[str, str]) -> None:
    assert look(light_env, environ, "--deep").complaints == []


def test_deep_tells_a_crash_in_an_operation_from_one_at_import(
    empty_env: Path, environ: dict[str, str]
) -> None:
    dies = "class cuda:\n    is_available = staticmethod(lambda: True)\n\n\ndef ones(*a, **k):\n    import os\n    os.abort()\n"
    fake_torch(empty_env, dies)
    said = look(empty_env, environ, "--deep")
    assert said.failed == ["torch-operation-fails"]
    assert "signal 6" in said.of("torch-operation-fails")["title"]
