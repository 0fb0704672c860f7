"""What the person's code asks of datasets and of the Hub beyond models: sound to be decoded, and models run elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from doctor.facts import SourceUse
from doctor.probes.sources.reading import Code

# Clients that let a model be run by an inference provider, with the person's token.
INFERENCE = {
    "InferenceClient", "AsyncInferenceClient", "InferenceClientModel", "HfApiModel", "HuggingFaceEndpoint",
    "HuggingFaceInferenceAPI",
}  # fmt: skip
ROUTER = "https://router.huggingface.co"
LOCAL = ("http://", "https://")  # a server of the person's own is named by its address


def sounds(code: Code) -> Iterator[SourceUse]:
    """Sound of a dataset that is decoded: a column cast to Audio, or `ds[0]["audio"]`, where datasets is imported."""
    if not _imports(code, "datasets"):
        return
    for node in _nodes(code):
        if isinstance(node, ast.Call) and _called(node) == "Audio" and not _undecoded(node):
            yield SourceUse(file=code.shown, line=node.lineno, what="Audio()")
        elif isinstance(node, ast.Subscript) and _is(node.slice, "audio") and isinstance(node.ctx, ast.Load):
            yield SourceUse(file=code.shown, line=node.lineno, what='["audio"]')


def inference(code: Code) -> Iterator[SourceUse]:
    """Calls of a client of the inference providers, unless it is led to a server of the person's own."""
    for node in _nodes(code):
        if isinstance(node, ast.Call) and _called(node) in INFERENCE and not _elsewhere(node):
            yield SourceUse(file=code.shown, line=node.lineno, what=_called(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(ROUTER):
            yield SourceUse(file=code.shown, line=node.lineno, what=ROUTER)


def _nodes(code: Code) -> Iterator[ast.AST]:
    for tree in code.trees:
        yield from ast.walk(tree)


def _imports(code: Code, library: str) -> bool:
    for node in _nodes(code):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == library:
            return True
        if isinstance(node, ast.Import) and any(alias.name.split(".")[0] == library for alias in node.names):
            return True
    return False


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is(value: ast.expr, text: str) -> bool:
    return isinstance(value, ast.Constant) and value.value == text


def _undecoded(call: ast.Call) -> bool:
    return any(
        word.arg == "decode" and isinstance(word.value, ast.Constant) and word.value.value is False
        for word in call.keywords
    )


def _elsewhere(call: ast.Call) -> bool:
    """An address as the model, or under the name of one, or another's key: no provider of the Hub is asked."""
    if any(
        word.arg in ("base_url", "endpoint_url", "api_key", "token", "provider") and _own(word)
        for word in call.keywords
    ):
        return True
    said = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "model")]
    return any(isinstance(v, ast.Constant) and str(v.value).startswith(LOCAL) for v in said)


def _own(word: ast.keyword) -> bool:
    """The Hub's own provider, "hf-inference", "auto" and its address are the Hub all the same."""
    if not isinstance(word.value, ast.Constant):
        return word.arg in ("base_url", "endpoint_url")
    said = str(word.value.value)
    if word.arg in ("base_url", "endpoint_url"):
        return not said.startswith(ROUTER)
    return word.arg in ("api_key", "token") and not said.startswith("hf_")
