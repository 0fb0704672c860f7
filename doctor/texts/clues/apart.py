"""A name, a part or an argument that a library does not have, though somebody asks for it: two releases that do not belong together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.names import dropped_by_library, gone_from_python, new_in_python
from doctor.pairs import EITHER
from doctor.text import Text
from doctor.texts.clues.clue import (
    NAMESPACES,
    PROGRAM,
    asker_of,
    distribution,
    library_of,
    pip,
    raised_clue,
    with_version,
)
from doctor.texts.match import Match
from doctor.texts.said import SITE, Raised, Said

# Names that a library gains with its releases and hardly ever loses: models, their parts, tasks. Who asks for one wants a later release.
GROWS = {
    "transformers": r"\w+(?:For\w+|Config|Tokenizer(?:Fast)?|Processor|ImageProcessor|FeatureExtractor|Model|Cache|Streamer)",
    "diffusers": r"\w+(?:Pipeline|Scheduler|Model|2DConditionModel|Transformer\w*|Config)",
    "peft": r"\w+(?:Config|Model)",
    "trl": r"\w+(?:Config|Trainer)",
    "typing_extensions": r"\w+",
    "huggingface_hub": r"(?!cached_download|HfFolder|InferenceApi|Repository)\w+",
    "langchain_core": r"(?!pydantic_v1)\w+",
    "sentence_transformers": r"\w+(?:Trainer|TrainingArguments|Encoder)",
}
# Whose a class is, by its name: for a message that comes without a traceback.
OWNERS = (
    (re.compile(r"PeftAdapterMixin|\w+For(?:CausalLM|ConditionalGeneration|\w*Classification|\w*LM|QuestionAnswering)|PreTrained\w+|(?:Seq2Seq)?Train(?:er|ingArguments)|\w+(?:TokenizerFast|ImageProcessor|FeatureExtractor)|GenerationConfig|GenerationMixin|DynamicCache"), "transformers"),
    (re.compile(r"LoraConfig|\w*LoraModel|PeftModel\w*|PeftConfig"), "peft"),
    (re.compile(r"(?:SFT|DPO|PPO|GRPO|KTO|ORPO|RLOO|Reward)(?:Trainer|Config)"), "trl"),
    (re.compile(r"Accelerat(?:or|edOptimizer|orState)|PartialState|DataLoaderConfiguration"), "accelerate"),
    (re.compile(r"(?:Async)?(?:LLMEngine|EngineArgs)|SamplingParams|LLMEngine"), "vllm"),
    (re.compile(r"Blocks|Chatbot|ChatInterface|Interface|Textbox|Dropdown|Gallery|Slider|Dataframe"), "gradio"),
    (re.compile(r"\w*(?:Diffusion\w*Pipeline|UNet2DConditionModel|AutoencoderKL|FlowMatch\w*)"), "diffusers"),
    (re.compile(r"(?:Async)?InferenceClient|HfApi|HfFileSystem"), "huggingface_hub"),
    (re.compile(r"BitsAndBytesConfig|AwqConfig|GPTQConfig"), "transformers"),
    (re.compile(r"\w*PromptTemplate|LLMChain|\w+OutputParser|Runnable\w+"), "langchain"),
    (re.compile(r"Chat(?:OpenAI|Anthropic|Ollama)"), "langchain_openai"),
)  # fmt: skip
# Libraries whose private parts nobody else asks for: if one is not there, their own files are of two releases.
WHOLE = (
    "numpy",
    "pandas",
    "scipy",
    "pydantic",
    "pydantic_core",
    "openai",
    "charset_normalizer",
    "aiohttp",
    "PIL",
)

NAME = re.compile(
    r"cannot import name '?(?P<name>\w+)'? from '?(?P<module>[\w.]+)'?(?: \((?P<file>[^)]*)\))?"
)
HALF = re.compile(
    r"(?:partially initialized module '(?P<module>[\w.]+)'|most likely due to a circular import)"
)
ATTRIBUTE = re.compile(r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'")
OF_TYPE = re.compile(
    r"(?:'(?P<type>\w+)' object|type object '(?P<class>\w+)') has no attribute '(?P<name>\w+)'"
)
ARGUMENT = re.compile(
    r"(?P<call>[\w.<>]+)\(\) (?:got an unexpected keyword argument '(?P<name>\w+)'|missing \d+ required (?:positional|keyword-only) arguments?: '(?P<lacks>\w+)')"
)
PLAIN = (
    "str",
    "dict",
    "list",
    "tuple",
    "int",
    "float",
    "bool",
    "NoneType",
    "bytes",
    "set",
    "function",
    "module",
)


def clues(said: Said) -> Iterator[Match]:
    for raised in said.raised:
        for kind in (_name, _attribute, _argument, _of_type):
            if told := kind(raised, said):
                yield told
                break


def _name(raised: Raised, said: Said) -> Match | None:
    hit = NAME.match(raised.message) if raised.kind == "ImportError" else None
    if not hit:
        return None
    library, name = hit["module"], hit["name"]
    if _of_python(f"{library}.{name}"):
        return None
    file = (hit["file"] or "").strip()
    if file and file != "unknown location" and not SITE.match(file) and "/lib/python3" not in file:
        return raised_clue("packages", "cwd-file-shadows-module", raised)
    if "circular import" in raised.message:
        return None
    if _halves(raised, library, name):
        return mixed(raised, library)
    return _apart(raised, said, library, f"{library}.{name}")


def _attribute(raised: Raised, said: Said) -> Match | None:
    hit = ATTRIBUTE.search(raised.message) if raised.kind == "AttributeError" else None
    if not hit or _of_python(f"{hit['module']}.{hit['name']}"):
        return None
    if HALF.search(raised.message):
        return raised_clue("packages", "cwd-file-shadows-module", raised)
    if _private(hit["module"], hit["name"]):
        return mixed(raised, hit["module"])
    return _apart(raised, said, hit["module"], f"{hit['module']}.{hit['name']}")


def _argument(raised: Raised, said: Said) -> Match | None:
    hit = ARGUMENT.search(raised.message) if raised.kind == "TypeError" else None
    if not hit:
        return None
    what = f"{hit['call']}({hit['name']}=)" if hit["name"] else f"{hit['call']}({hit['lacks']})"
    return _between(raised, said, what, hit["call"].partition(".")[0])


def _of_type(raised: Raised, said: Said) -> Match | None:
    hit = OF_TYPE.search(raised.message) if raised.kind == "AttributeError" else None
    if not hit or hit["type"] in PLAIN:
        return None
    kind = hit["type"] or hit["class"]
    return _between(raised, said, f"{kind}.{hit['name']}", kind)


def _between(raised: Raised, said: Said, what: str, kind: str) -> Match | None:
    """Where the error does not say whose it is: the last two distributions that the call came through, or the owner of the class."""
    modules = raised.modules
    if not modules:
        owner = next((library for pattern, library in OWNERS if pattern.fullmatch(kind)), "")
        return _told(raised, said, "", owner, what) if owner else None
    inner = modules[-1]
    outer = next((module for module in reversed(modules[:-1]) if module != inner), "")
    library = inner
    asker = outer or ""
    return _told(raised, said, asker, library, what)


def _halves(raised: Raised, library: str, name: str) -> bool:
    """Whether a library lacks a part of itself: its own file asks for it, or it is private to it."""
    top = library.partition(".")[0]
    return _private(library, name) or (bool(raised.modules) and raised.modules[-1] == top and top in WHOLE)


def _private(library: str, name: str) -> bool:
    parts = f"{library}.{name}".split(".")
    return parts[0] in WHOLE and any(part.startswith("_") and not part.startswith("__") for part in parts[1:])


def mixed(raised: Raised, library: str) -> Match:
    """A package that misses a part of its own: files of two releases, or what is in memory is of the one before."""
    name = distribution(library)
    return raised_clue(
        "packages",
        "package-files-mixed",
        raised,
        more=(
            ("python", "-m", "pip", "uninstall", "-y", name),
            pip("--force-reinstall", "--no-cache-dir", name),
        ),
        names=name,
    )


def _apart(raised: Raised, said: Said, library: str, what: str) -> Match | None:
    top, root = library_of(library), library.partition(".")[0]
    own = raised.modules[-1:] == (root,) and root not in NAMESPACES
    if own and raised.frames[-1].inside != "__getattr__":
        return mixed(raised, root)
    return _told(raised, said, asker_of(raised, but=top.partition(".")[0]), top, what)


def _told(raised: Raised, said: Said, asker: str, library: str, what: str) -> Match:
    gone = dropped_by_library(what)
    late = not gone and _comes_later(library, what.rpartition(".")[2])
    names = [distribution(asker)] if asker and not late else []
    upgrade = pip("--upgrade", *names, *([] if gone else [distribution(library)]))
    more = ((upgrade,) if names or not gone else ()) + ((pip(gone),) if gone else ())
    return raised_clue(
        "packages",
        "name-not-in-library",
        raised,
        more=more,
        package=with_version(asker, said) if asker else PROGRAM,
        library=with_version(library, said),
        missing=what,
        why=dropped(library, gone, said) if gone else _too_old(library, said) if late else EITHER,
        uses=what,
    )


def _comes_later(library: str, name: str) -> bool:
    return library in GROWS and re.fullmatch(GROWS[library], name) is not None


def dropped(library: str, kept: str, said: Said) -> Text:
    known = with_version(library, said)
    return Text(
        f"{known} is too new: it dropped that; {kept} still has it",
        f"{known} 太新：它已移除该名称；{kept} 中仍有",
    )


def _too_old(library: str, said: Said) -> Text:
    known = with_version(library, said)
    return Text(
        f"{known} is too old: such names come with its later releases", f"{known} 太旧：这类名称随新版本加入"
    )


def _of_python(name: str) -> bool:
    return bool(gone_from_python(name) or new_in_python(name))
