"""The person's own code against what is installed. It is theirs, so nothing here is worse than a warning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from packaging.utils import canonicalize_name

from doctor.catalogue import found
from doctor.checks.packages.needs import older, parsed, pip, since, some
from doctor.facts import Packages, SourceUse
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text

# Tasks and arguments that are gone since a release of transformers.
TASKS = {
    "conversational": "4.42", "summarization": "5", "translation": "5", "text2text-generation": "5",
    "question-answering": "5.3", "visual-question-answering": "5.3", "vqa": "5.3", "image-to-image": "5.3",
}  # fmt: skip
ARGUMENTS = {
    "grouped_entities": "5", "ignore_subwords": "5", "use_auth_token": "5", "load_in_8bit": "5", "load_in_4bit": "5",
}  # fmt: skip
# What transformers only asks for when a task or an argument needs it.
EXTRAS = {
    "image-classification": ("pillow",), "object-detection": ("pillow", "timm"), "image-segmentation": ("pillow", "timm"),
    "depth-estimation": ("pillow",), "zero-shot-image-classification": ("pillow",), "image-to-text": ("pillow",),
    "image-text-to-text": ("pillow",), "visual-question-answering": ("pillow",), "mask-generation": ("pillow",),
    "document-question-answering": ("pillow",), "zero-shot-object-detection": ("pillow",),
    "translation": ("sentencepiece",), "device_map": ("accelerate",), "load_in_8bit": ("bitsandbytes", "accelerate"),
    "load_in_4bit": ("bitsandbytes", "accelerate"), "apply_chat_template": ("jinja2",),
}  # fmt: skip
# torch asks for jinja2 itself; whoever has TensorFlow is not after chats.
TORCH_OR_TF = frozenset({"torch", "tensorflow", "tensorflow-cpu"})
CHAT = "4.34"  # the first transformers with chat templates
# Datasets that are a script, as far as is known.
BY_SCRIPT = re.compile(
    r"(?:EdinburghNLP/)?xsum|(?:eriktks/)?conll2003|(?:ds4sd|docling-project)/DocLayNet|(?:legacy-datasets/)?wikipedia|"
    r"bookcorpus/?\w*|scientific_papers|(?:alexfabbri/)?multi_news|mozilla-foundation/common_voice_\w+|nielsr/funsd[\w-]*|"
    r"keremberke/[\w-]+"
)
NO_NOTEBOOK = {
    "empty": Text("empty", "空文件"),
    "html": Text("a web page", "网页"),
    "pointer": Text("a Git LFS pointer", "Git LFS 指针"),
    "conflict": Text("the marks of a conflict of git", "含有 git 冲突标记"),
    "not-json": Text("no JSON, or cut off", "不是 JSON，或不完整"),
}
LIBRARIES = ("transformers", "diffusers", "sentence-transformers", "huggingface-hub", "pytorch-transformers")


def code(packages: Packages, goal: Goal) -> Iterator[Finding]:
    yield from _removed(packages, goal)
    yield from _scripts(packages, goal)
    sources = packages.sources
    if sources.late_endpoint:
        libraries = tuple(dict.fromkeys(use.what for use in sources.late_endpoint))
        names = tuple(dict.fromkeys(use.variable or "HF_ENDPOINT" for use in sources.late_endpoint))
        yield found(
            "packages",
            "hf-endpoint-set-after-import",
            commands=None if names == ("HF_ENDPOINT",) else (("export", f"{names[0]}=VALUE"),),
            names=names,
            places=_places(sources.late_endpoint),
            libraries=libraries,
        )
    if sources.lost_exports:
        names = tuple(dict.fromkeys(use.variable for use in sources.lost_exports))
        yield found(
            "packages",
            "notebook-export-without-effect",
            names=names,
            first=names[0],
            places=some([f"{use.file}:{use.line}" for use in sources.lost_exports]),
        )
    if sources.broken:
        said = [(use.file, NO_NOTEBOOK[use.what]) for use in sources.broken]
        en, zh = (some([f"{file} ({what.get(lang)})" for file, what in said]) for lang in ("en", "zh"))
        yield found("packages", "notebook-unreadable", files=Text(en, zh))
    if sources.shadows:
        files = [use.file for use in sources.shadows]
        yield found(
            "packages", "cwd-file-shadows-module", files=some(files), names=[u.what for u in sources.shadows]
        )
    if goal.foreign:
        yield from _not_here(packages, goal)


def _removed(packages: Packages, goal: Goal) -> Iterator[Finding]:
    transformers = packages.installed.get("transformers", "")
    old = pip(goal, "install", "transformers<5", "huggingface_hub<1")
    tasks = _gone(packages.sources.tasks, TASKS, packages)
    arguments = _gone(packages.sources.arguments, ARGUMENTS, packages)
    if tasks:
        commands = (old,) if since(packages, "transformers", "5") else ()
        yield found(
            "packages",
            "v5-removed-pipeline",
            commands=commands,
            names=tuple(dict.fromkeys(use.what for use in tasks)),
            places=_places(tasks),
            transformers=transformers,
        )
    if arguments:
        yield found(
            "packages",
            "v5-removed-kwargs",
            commands=(old,),
            names=tuple(dict.fromkeys(use.what for use in arguments)),
            places=_places(arguments),
            transformers=transformers,
        )


def _scripts(packages: Packages, goal: Goal) -> Iterator[Finding]:
    """Datasets that are made by a script of their own. Where the code only allows one, there may be none."""
    if not since(packages, "datasets", "4"):
        return
    uses = packages.sources.datasets
    sure = [use for use in uses if use.what.endswith(".py") or BY_SCRIPT.fullmatch(use.what)]
    told = sure or [use for use in uses if use.variable]
    if told:
        yield found(
            "packages",
            "dataset-script-dropped",
            severity="warn" if sure else "info",
            commands=(pip(goal, "install", "datasets<4"),),
            names=tuple(dict.fromkeys(use.what for use in told)),
            places=_places(told),
            datasets=packages.installed["datasets"],
        )


def _gone(uses: Sequence[SourceUse], since_when: dict[str, str], packages: Packages) -> list[SourceUse]:
    return [use for use in uses if since(packages, "transformers", since_when.get(_base(use.what), "9999"))]


def _base(what: str) -> str:
    """`translation_en_to_fr` is the task `translation`."""
    return "translation" if what.startswith("translation_") else what


def _places(uses: Sequence[SourceUse]) -> str:
    return some([f"{use.file}:{use.line} {use.what}" for use in uses])


def _not_here(packages: Packages, goal: Goal) -> Iterator[Finding]:
    """What the course needs and this environment of the person's does not have."""
    told = dict.fromkeys((*packages.no_metadata, *map(canonicalize_name, packages.remains)), "")
    there = {**packages.elsewhere, **packages.installed, **told}
    if not any(name in there for name in LIBRARIES):
        yield found(
            "packages",
            "transformers-missing",
            commands=(pip(goal, "install", "transformers", "torch"),),
            site=packages.site,
        )
        return
    asked = {
        extra: use
        for use in _asking(packages)
        for extra in EXTRAS.get(_base(use.what), ())
        if extra not in there
    }
    if asked:
        yield found(
            "packages",
            "extra-missing",
            commands=(pip(goal, "install", *asked),),
            names=list(asked),
            places=_places(list(asked.values())),
        )
    if (
        not asked
        and "jinja2" not in there
        and TORCH_OR_TF.isdisjoint(there)
        and since(packages, "transformers", CHAT)
    ):
        yield found(
            "packages",
            "chat-templates-without-jinja2",
            commands=(pip(goal, "install", "jinja2>=3.1"),),
            transformers=packages.installed["transformers"],
            site=packages.site,
        )
    wanted = [canonicalize_name(r.name) for line in goal.profile.requirements if (r := parsed(line))]
    absent = [name for name in wanted if name not in there and name not in asked]
    if absent:
        yield found("packages", "course-packages-missing", names=some(absent), profile=goal.profile.name)


def _asking(packages: Packages) -> Iterator[SourceUse]:
    yield from packages.sources.tasks
    for use in packages.sources.arguments:
        if use.what == "device_map" or older(packages, "transformers", "5"):
            yield use
    if since(packages, "transformers", CHAT):
        yield from packages.sources.chats
