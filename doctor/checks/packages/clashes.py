"""Releases that go wrong beside each other, and whose metadata does not say so; read off their code, release by release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from doctor.checks.packages.needs import course, mended, older, pip, since
from doctor.facts import Packages
from doctor.finding import Finding
from doctor.goal import Goal

# Before a release of the first, with the second since a release that lacks what the first uses: the first is too old.
TOO_OLD = (
    ("jinja2", "3.0", "markupsafe", "2.1", "soft_unicode"),
    ("datasets", "2.14.5", "pyarrow", "21", "PyExtensionType"),
    ("datasets", "2.2.2", "dill", "0.3.5", "dill._dill.stack"),
    ("datasets", "2.14.5", "fsspec", "2023.10", "LocalFileSystem.protocol == 'file' (and glob('**'))"),
    ("datasets", "2.14.5", "fsspec", "2023.9", "glob('**')"),
    ("transformers", "4.40", "accelerate", "1.0", "Accelerator(dispatch_batches=...)"),
    ("trl", "0.12", "transformers", "5", "Trainer(tokenizer=...)"),
    ("bitsandbytes", "0.45.1", "triton", "3.2", "triton.ops"),
    ("basicsr", "9999", "torchvision", "0.17", "torchvision.transforms.functional_tensor"),
    ("gensim", "4.3.3", "scipy", "1.13", "scipy.linalg.triu"),
    ("pytorch-lightning", "2.0", "torch", "2.0", "torch._six"),
    ("timm", "0.5", "torch", "2.0", "torch._six"),
    ("flask", "2.3", "werkzeug", "3.0", "url_quote"),
    ("tensorboard", "2.12", "protobuf", "4", "descriptors as code generated before protobuf 3.19 makes them"),
    ("onnx", "1.13", "protobuf", "4", "descriptors as code generated before protobuf 3.19 makes them"),
    ("openai", "1.55.3", "httpx", "0.28", "httpx.Client(proxies=...)"),
    ("anthropic", "0.40", "httpx", "0.28", "httpx.Client(proxies=...)"),
    ("groq", "0.13", "httpx", "0.28", "httpx.Client(proxies=...)"),
    ("langchain", "0.0.331", "openai", "1.0", "openai.error, openai.ChatCompletion"),
    ("gradio-client", "1.8", "pydantic", "2.11", "schemas without additionalProperties: true"),
    ("seaborn", "0.12", "matplotlib", "3.9", "matplotlib.cm.register_cmap"),
    ("seaborn", "0.12", "pandas", "2.0", "the option mode.use_inf_as_null"),
    ("seaborn", "0.13", "pandas", "3", "the option mode.use_inf_as_na"),
    ("easyocr", "1.7.1", "pillow", "10", "Image.ANTIALIAS"),
    ("requests-toolbelt", "1.0", "urllib3", "2", "urllib3.contrib.appengine"),
    ("pyopenssl", "22.1", "cryptography", "39", "OpenSSL_add_all_algorithms, X509_V_FLAG_NOTIFY_POLICY"),
)
# Since a release of the first, with a second that is older than what it uses there: the second is too old.
TOO_NEW = (("transformers", "4.52", "accelerate", "1.3", "Accelerator.unwrap_model(keep_torch_compile=...)"),)
# Extensions of the classic notebook that import what notebook 7 no longer has; no release of theirs does without.
OF_CLASSIC_SERVERS = (
    "jupyter-contrib-nbextensions",
    "jupyter-nbextensions-configurator",
    "jupyter-contrib-core",
)
# Import works, and only what is named here runs into it: nobody needs it who does not train, or draw.
LATE = frozenset({("transformers", "accelerate"), ("seaborn", "pandas"), ("trl", "transformers")})


def clashes(packages: Packages) -> Iterator[tuple[str, str, str, str, str]]:
    """The pairs that are installed: both names, what the first uses, which to upgrade, or else to take from before."""
    for name, below, other, floor, what in TOO_OLD:
        if older(packages, name, below) and since(packages, other, floor):
            yield name, other, what, name, f"{other}<{floor}"
    for name, floor, other, below, what in TOO_NEW:
        if since(packages, name, floor) and older(packages, other, below):
            yield name, other, what, other, f"{name}<{floor}"


def told(packages: Packages, goal: Goal) -> Iterator[Finding]:
    core = course(packages, goal)
    for name, other, what, upgraded, before in islice(clashes(packages), 1):
        yield mended(
            "releases-do-not-fit",
            goal,
            None,
            pip(goal, "install", "--upgrade", upgraded),
            pip(goal, "install", before),
            severity="fail" if name in core and (name, other) not in LATE else "warn",
            package=f"{name} {packages.installed[name]}",
            other=f"{other} {packages.installed[other]}",
            what=what,
        )


def of_classic(installed: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the names that are installed beside a notebook that has no place for them."""
    major = installed.get("notebook", "").partition(".")[0]
    new = major.isdecimal() and int(major) >= 7
    return tuple(name for name in names if new and name in installed)
