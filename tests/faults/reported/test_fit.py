"""Releases that do not go with each other and do not say so, as people have reported them, and their kin."""

from __future__ import annotations

from pathlib import Path

import pytest

from doctor.texts.search import by_text
from tests.faults.dists import install, remove
from tests.faults.patient import Diagnosis, diagnose


def look(environ: dict[str, str], env: Path) -> Diagnosis:
    return diagnose({**environ, "TARGET": str(env)}, "--area", "python,packages")


PAIRS = [
    # https://github.com/huggingface/transformers/issues/34699: Accelerator.__init__() … 'dispatch_batches'
    (("transformers", "4.39.3"), ("accelerate", "1.1.1"), "transformers", "0.34.2"),
    # https://github.com/uqfoundation/dill/issues/489: module 'dill._dill' has no attribute 'stack'
    (("datasets", "1.18.3"), ("dill", "0.3.5"), "datasets", "0.3.4"),
    (("datasets", "2.14.4"), ("fsspec", "2025.3.2"), "datasets", "2023.6.0"),
    (("transformers", "4.52.4"), ("accelerate", "1.2.1"), "accelerate", "1.3.0"),
    (("anthropic", "0.39.0"), ("httpx", "0.28.0"), "anthropic", "0.27.2"),
    (("bitsandbytes", "0.44.1"), ("triton", "3.2.0"), "bitsandbytes", "3.1.0"),
    (("langchain", "0.0.300"), ("openai", "1.3.0"), "langchain", "0.28.1"),
    (("seaborn", "0.11.2"), ("matplotlib", "3.9.0"), "seaborn", "3.8.4"),
    (("pyopenssl", "22.0.0"), ("cryptography", "39.0.0"), "pyopenssl", "38.0.4"),
    (("gradio-client", "1.3.0"), ("pydantic", "2.11.0"), "gradio-client", "2.10.6"),
]


@pytest.mark.parametrize(("one", "other", "upgraded", "fits"), PAIRS)
def test_a_pair_that_metadata_allows(
    empty_env: Path,
    environ: dict[str, str],
    one: tuple[str, str],
    other: tuple[str, str],
    upgraded: str,
    fits: str,
) -> None:
    install(empty_env, "pip", "25.0")
    if one[0] != "transformers":
        install(empty_env, "transformers", "4.57.6")
    install(empty_env, *one)
    info = install(empty_env, *other)
    told = look(environ, empty_env).of("releases-do-not-fit")
    assert f"{one[0]} {one[1]}" in told["title"] and f"{other[0]} {other[1]}" in told["title"]
    assert told["remedy"]["commands"][0][-2:] == ["--upgrade", upgraded]
    for path in (*info.iterdir(), info):
        path.rmdir() if path.is_dir() else path.unlink()
    install(empty_env, other[0], fits)
    assert "releases-do-not-fit" not in look(environ, empty_env).complaints


def test_a_name_that_transformers_lost(course_like: Path, environ: dict[str, str]) -> None:
    """https://github.com/yuh-zha/AlignScore/issues/23: cannot import name 'AdamW' from 'transformers'."""
    files = {
        "alignscore/__init__.py": "from .alignscore import AlignScore\n",
        "alignscore/alignscore.py": "from .model import Model\nclass AlignScore: pass\n",
        "alignscore/model.py": "from transformers import AdamW\nclass Model: pass\n",
    }
    install(course_like, "alignscore", "0.1.3", files)
    told = look(environ, course_like).of("name-not-in-library")
    assert "alignscore/model.py:1 AdamW (transformers)" in told["evidence"]
    assert told["remedy"]["commands"][1][-1] == "transformers<4.50"


def test_a_name_that_transformers_does_not_have_yet(course_like: Path, environ: dict[str, str]) -> None:
    """https://github.com/huggingface/peft/issues/2292: cannot import name 'EncoderDecoderCache' from 'transformers'."""
    install(
        course_like, "peft", "0.14.0", {"peft/__init__.py": "from transformers import EncoderDecoderCache\n"}
    )
    commands = look(environ, course_like).of("name-not-in-library")["remedy"]["commands"]
    assert [line[-1] for line in commands] == ["transformers", "peft<0.14"]


NUMPY = """
_type_info = [("object", ""), ("bool", "bool_")]
__former_attrs__ = {n: f"np.{n} {more}" for n, more in _type_info}
def __getattr__(attr):
    raise AttributeError(__former_attrs__[attr])
float64 = float
"""


@pytest.mark.parametrize(("name", "there"), [("bool", False), ("float64", True), ("bool_", True)])
def test_a_name_that_numpy_lost(course_like: Path, environ: dict[str, str], name: str, there: bool) -> None:
    """https://github.com/aliyun/algorithm-base/issues/4: module 'numpy' has no attribute 'bool'."""
    remove(course_like, "numpy")
    install(course_like, "numpy", "1.24.4", {"numpy/__init__.py": f"{NUMPY}bool_ = bool\n"})
    used = f"import numpy as onp\nkind = onp.{name}\n"
    files = {"mxnet/__init__.py": "from . import utils\n", "mxnet/utils.py": used}
    install(course_like, "mxnet", "1.9.1", files)
    said = look(environ, course_like)
    if there:
        assert "name-not-in-library" not in said.complaints
        return
    told = said.of("name-not-in-library")
    assert "mxnet 1.9.1" in told["title"] and "mxnet/utils.py:2 bool (numpy)" in told["evidence"]
    assert told["remedy"]["commands"][1][-1] == "numpy<1.24"
    text = "AttributeError: module 'numpy' has no attribute 'bool'."
    assert by_text(text)[0].id == "name-not-in-library"


LAZY = {
    "modelscope/__init__.py": "import sys\n_import_structure = {'msdatasets': ['MsDataset'], 'hub.api': ['HubApi']}\nsys.modules[__name__] = LazyImportModule(__name__, _import_structure)\n",
    "modelscope/hub/__init__.py": "",
    "modelscope/hub/api.py": "class HubApi: pass\n",
    "modelscope/msdatasets/__init__.py": "from .ms_dataset import MsDataset\n",
    "modelscope/msdatasets/ms_dataset.py": "from datasets.utils.file_utils import OfflineModeIsEnabled\nclass MsDataset: pass\n",
}
DATASETS = {
    "datasets/__init__.py": "",
    "datasets/utils/__init__.py": "",
    "datasets/utils/file_utils.py": "def get():\n    '''or OfflineModeIsEnabled is raised'''\n",
}


def test_a_module_that_comes_when_it_is_asked_for(course_like: Path, environ: dict[str, str]) -> None:
    """https://github.com/modelscope/modelscope/issues/1050: cannot import name 'OfflineModeIsEnabled' from 'datasets…'."""
    install(course_like, "datasets", "3.0.2", DATASETS)
    install(course_like, "modelscope", "1.19.1", LAZY)
    said = look(environ, course_like)
    assert (said.complaints, said.failed) == (["name-not-in-library"], [])
    told = said.of("name-not-in-library")
    assert "modelscope 1.19.1" in told["title"] and "datasets 3.0.2" in told["title"]
    assert told["remedy"]["commands"][1][-1] == "datasets<3.0.2"


@pytest.mark.parametrize("old", [True, False])
def test_code_generated_for_another_protobuf(course_like: Path, environ: dict[str, str], old: bool) -> None:
    library = {
        "google/protobuf/__init__.py": "__version__ = '4.25.3'\n",
        "google/protobuf/descriptor.py": "",
        "google/_upb/_message.abi3.so": "x",
    }
    made = "import google.protobuf.descriptor as _descriptor\nX = _descriptor.FieldDescriptor(name='x')\n"
    install(course_like, "protobuf", "4.25.3", library)
    files = {"toy/__init__.py": "from . import x_pb2\n", "toy/x_pb2.py": made if old else "X = 1\n"}
    install(course_like, "toy", "1.0", files)
    said = look(environ, course_like)
    assert ("name-not-in-library" in said.complaints) == old
    pure = look({**environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}, course_like)
    assert "name-not-in-library" not in pure.complaints


def test_a_pip_of_before_manylinux2010(course_like: Path, environ: dict[str, str]) -> None:
    """https://github.com/pymupdf/PyMuPDF/issues/400: "…manylinux2010_x86_64.whl is not a supported wheel"."""
    assert look(environ, course_like).complaints == []
    pip = next(course_like.glob("lib/python3*/site-packages/pip-25.0.dist-info"))
    for path in (*pip.iterdir(), pip):
        path.rmdir() if path.is_dir() else path.unlink()
    install(course_like, "pip", "9.0.1")
    said = look(environ, course_like)
    assert (said.complaints, said.failed) == (["pip-too-old"], [])
    assert "manylinux2010" in said.of("pip-too-old")["evidence"]
