"""What the person's code loads by name: datasets, and models for which a folder of that name stands in the way."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from doctor.facts import SourceUse
from doctor.probes.sources.reading import Code
from doctor.reading.peek import is_folder

MODEL = (
    "config.json",
    "model_index.json",
    "preprocessor_config.json",
    "adapter_config.json",
    "tokenizer_config.json",
)
WEIGHTS = (".safetensors", ".bin", ".h5", ".msgpack", ".index", ".index.json", ".pt", ".gguf")
WRITING = ("push_to_hub", "create_repo", "upload_file", "upload_folder", "upload_large_folder")
ENTRIES = 500  # of such a folder


def datasets(code: Code) -> Iterator[SourceUse]:
    """`load_dataset("name")`, and whether it allows a script of the dataset's own."""
    for call in _calls(code, "load_dataset"):
        name = _first(call)
        trusted = any(word.arg == "trust_remote_code" and _is_true(word.value) for word in call.keywords)
        if name:
            variable = "trust_remote_code" if trusted else ""
            yield SourceUse(file=code.shown, line=call.lineno, what=name, variable=variable)


def pushes(code: Code) -> Iterator[SourceUse]:
    """Calls that write to the Hub: such a method, or a trainer that is told to."""
    for call in _calls(code, *WRITING):
        yield SourceUse(file=code.shown, line=call.lineno, what=_called(call))
    for call in _calls(code, "TrainingArguments", "Seq2SeqTrainingArguments", "SFTConfig"):
        if any(word.arg == "push_to_hub" and _is_true(word.value) for word in call.keywords):
            yield SourceUse(file=code.shown, line=call.lineno, what="push_to_hub=True")


def hidden(code: Code) -> Iterator[SourceUse]:
    """`from_pretrained("name")` where a folder of that name beside the file holds no such model; `variable` is the folder."""
    for call in _calls(code, "from_pretrained", "pipeline"):
        name = _model(call)
        folder = code.path.parent / name
        if not name or name.startswith((".", "/", "~")) or not is_folder(folder):
            continue
        names = _names(folder)
        whole = any(part.endswith(WEIGHTS) for part in names)
        if not whole and (_of_model(call) or not any(part in MODEL for part in names)):
            yield SourceUse(file=code.shown, line=call.lineno, what=name, variable=str(folder))


def _calls(code: Code, *called: str) -> Iterator[ast.Call]:
    for tree in code.trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) in called:
                yield node


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _first(call: ast.Call) -> str:
    named = [word.value for word in call.keywords if word.arg in ("path", "pretrained_model_name_or_path")]
    said = next((value for value in (*call.args[:1], *named)), None)
    return said.value[:100] if isinstance(said, ast.Constant) and isinstance(said.value, str) else ""


def _model(call: ast.Call) -> str:
    """The name of the model: what comes first, and for a pipeline what is called `model`."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "from_pretrained":
        return _first(call)
    values = [word.value for word in call.keywords if word.arg == "model"]
    return next((v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)), "")


def _of_model(call: ast.Call) -> bool:
    """Whether weights are asked for: a tokenizer, or settings, need none."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "from_pretrained":
        said = ast.unparse(call.func.value).rpartition(".")[2]
        return "Model" in said or "For" in said
    return True


def _is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in islice(entries, ENTRIES)]
    except OSError:
        return []
