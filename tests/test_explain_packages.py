"""Error texts of Python and its packages, as programs print them, and the finding that each belongs to."""

from __future__ import annotations

import pytest

from doctor.texts.search import by_text

TEXTS = {
    "v5-removed-pipeline": (
        "KeyError: 'The task summarization has been removed from transformers. Use the `text-generation` pipeline with a chat model instead.'",
        "KeyError: \"Unknown task summarization, available tasks are ['audio']\"",
    ),
    "v5-removed-kwargs": (
        "TypeError: TokenClassificationPipeline._sanitize_parameters() got an unexpected keyword argument 'grouped_entities'",
        "TypeError: BertModel.__init__() got an unexpected keyword argument 'use_auth_token'",
    ),
    "v5-disables-old-torch": (
        "BertModel requires PyTorch >= 2.6, but PyTorch was not found or an older version is installed",
        "Disabling PyTorch because PyTorch >= 2.6 is required but found 2.5.1+cpu",
    ),
    "torch-load-cve-gate": (
        "ValueError: Due to a serious vulnerability issue in `torch.load`, even with `weights_only=True`, we now require users to upgrade torch to at least v2.6",
    ),
    "hub-too-new-for-transformers-4": (
        "ImportError: huggingface-hub>=0.34.0,<1.0 is required for a normal functioning of this module, but found huggingface-hub==2.4.0. Try: pip install transformers -U",
    ),
    "tokenizers-version-mismatch": (
        "ImportError: tokenizers>=0.23.1,<0.24.0 is required for a normal functioning of this module, but found tokenizers==0.20.3.",
    ),
    "requirement-conflict": (
        "ImportError: safetensors>=0.4.3 is required for a normal functioning of this module, but found safetensors==0.3.1.",
        "ERROR: pip's dependency resolver does not currently take into account all the packages that are installed.",
    ),
    "hub-api-removed": (
        "ImportError: cannot import name 'cached_download' from 'huggingface_hub' (/x/site-packages/huggingface_hub/__init__.py)",
    ),
    "wheel-files-missing": ("ModuleNotFoundError: No module named 'safetensors._safetensors_rust'",),
    "pypi-ffmpeg-stub-package": ("AttributeError: module 'ffmpeg' has no attribute 'input'",),
    "ffmpeg-python-vs-python-ffmpeg": ("AttributeError: module 'ffmpeg' has no attribute 'probe'",),
    "keras3-tf": (
        "ValueError: Your currently installed version of Keras is Keras 3, but this is not yet supported in Transformers. Please install the backwards-compatible tf-keras package",
    ),
    "cwd-file-shadows-module": (
        "ImportError: cannot import name 'pipeline' from partially initialized module 'transformers' (most likely due to a circular import) (/root/work/transformers.py)",
        "AttributeError: module 'torch' has no attribute 'tensor'",
        "ImportError: cannot import name 'EXACT_TOKEN_TYPES' from 'token' (/root/token.py)",
    ),
    "numpy-1x-extension-under-numpy-2": (
        "A module that was compiled using NumPy 1.x cannot be run in NumPy 2.4.6 as it may crash.",
        "ImportError: numpy.core.multiarray failed to import",
        "UserWarning: Failed to initialize NumPy: _ARRAY_API not found",
        "RuntimeError: Numpy is not available",
    ),
    "numpy-dtype-size-changed": (
        "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 88 from C header, got 96 from PyObject",
    ),
    "python-version-unsupported": (
        "ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: 1.7.1, 1.8.0, 2.8.0)",
    ),
    "python-headers-missing": ("main.c:1:10: fatal error: Python.h: No such file or directory",),
    "interpreter-broken": (
        "-bash: /root/venv/bin/pip: /root/venv/bin/python3: bad interpreter: No such file or directory",
        "bash: /root/v/bin/python: cannot execute binary file: Exec format error",
    ),
    "user-site-shadows-env": (
        "ImportError: cannot import name 'ResolvedRevision' from 'huggingface_hub' (/root/.local/lib/python3.11/site-packages/huggingface_hub/__init__.py)",
    ),
    "pythonpath-shadow": ("ModuleNotFoundError: No module named 'transformers.cli'",),
    "pythonhome-set": (
        "Fatal Python error: init_fs_encoding: failed to get the Python codec of the filesystem encoding",
        "ModuleNotFoundError: No module named 'encodings'",
    ),
    "externally-managed": (
        "error: externally-managed-environment\n\n× This environment is externally managed",
    ),
    "pkg-resources-removed": ("ModuleNotFoundError: No module named 'pkg_resources'",),
    "invalid-distribution": ("WARNING: Ignoring invalid distribution ~ransformers (/x/site-packages)",),
    "oom-or-timeout-killed-install": (
        "Killed                  pip install torch",
        "Killed process 123 (pip)",
    ),
    "transformers-missing": ("ModuleNotFoundError: No module named 'transformers'",),
    "pip-missing": ("/root/v/bin/python: No module named pip",),
    "extra-missing": (
        "T5Tokenizer requires the SentencePiece library but it was not found in your environment.",
        "ImportError: Using `low_cpu_mem_usage=True`, a `device_map` requires Accelerate",
    ),
    "requirement-missing": ("transformers 4.57.6 requires regex, which is not installed.",),
    "packages-unreadable": (
        "PermissionError: [Errno 13] Permission denied: '/home/a/v/lib/python3.11/site-packages/tqdm/__init__.py'",
    ),
    "packages-half-installed": (
        "error: uninstall-no-record-file",
        "ERROR: Cannot uninstall regex 2024.1, because no RECORD file was found",
    ),
}
PAIRS = [(name, text) for name, texts in TEXTS.items() for text in texts]


@pytest.mark.parametrize(("name", "text"), PAIRS)
def test_an_error_text_names_its_finding_first(name: str, text: str) -> None:
    assert [match.id for match in by_text(f"Traceback (most recent call last):\n{text}\n")][:1] == [name]
