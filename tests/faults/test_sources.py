"""The person's notebooks and scripts against the libraries that are installed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.faults.dists import install, remove
from tests.faults.patient import Diagnosis
from tests.faults.patient import diagnose as look

PIPELINE = "from transformers import pipeline\n"


def diagnose(environ: dict[str, str], prefix: Path) -> Diagnosis:
    return look({**environ, "TARGET": str(prefix)}, "--area", "python,packages")


@pytest.fixture
def five(course_like: Path) -> Path:
    """The small stack with transformers 5."""
    remove(course_like, "transformers")
    install(course_like, "transformers", "5.23.0")
    return course_like


def notebook(path: Path, *cells: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    code = [{"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": []} for cell in cells]
    text = {"cell_type": "markdown", "source": "pipeline('summarization') was here"}
    path.write_text(json.dumps({"cells": [text, *code], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))


def test_a_notebook_with_a_pipeline_that_is_gone(five: Path, environ: dict[str, str], home: Path) -> None:
    cells = (
        "%pip install -q x\n!ls\n" + PIPELINE,
        "s = pipeline('summarization', model='t5-base')",
        "what is this?",
    )
    notebook(home / "lesson" / "1.ipynb", *cells)
    said = diagnose(environ, five)
    assert said.complaints == ["v5-removed-pipeline"]
    assert "lesson/1.ipynb:1 summarization" in said.of("v5-removed-pipeline")["evidence"]


def test_the_same_notebook_under_transformers_4(
    course_like: Path, environ: dict[str, str], home: Path
) -> None:
    notebook(home / "1.ipynb", PIPELINE, "pipeline(task='translation_en_to_fr')", "x(grouped_entities=True)")
    install(course_like, "sentencepiece", "0.2.1")
    assert diagnose(environ, course_like).complaints == []


def test_arguments_that_are_gone(five: Path, environ: dict[str, str], home: Path) -> None:
    (home / "ner.py").write_text(f"{PIPELINE}n = pipeline('ner', grouped_entities=True)\n")
    (home / "old.py").write_text(
        "from transformers import AutoModel\nAutoModel.from_pretrained('a/b',\n  use_auth_token=True)\n"
    )
    said = diagnose(environ, five)
    assert said.complaints == ["v5-removed-kwargs"]
    evidence = said.of("v5-removed-kwargs")["evidence"]
    assert "ner.py:2 grouped_entities" in evidence
    assert "old.py:3 use_auth_token" in evidence


def test_what_only_looks_like_it(five: Path, environ: dict[str, str], home: Path) -> None:
    """A comment, a text, a pipeline of another library, a wrapper, and what lies in folders that are not the person's work."""
    (home / "a.py").write_text(f"{PIPELINE}# pipeline('summarization')\nx = \"pipeline('summarization')\"\n")
    (home / "b.py").write_text("from sklearn.pipeline import pipeline\npipeline('summarization')\n")
    (home / "c.py").write_text(f"{PIPELINE}def pipeline(task): ...\npipeline('summarization')\n")
    bad = f"{PIPELINE}pipeline('summarization')\n"
    for folder in (".hidden", "env/lib", "node_modules/x", "transformers/src/transformers"):
        (home / folder).mkdir(parents=True)
        (home / folder / "bad.py").write_text(bad)
    (home / "made" / "bin").mkdir(parents=True)
    (home / "made" / "pyvenv.cfg").write_text("")
    (home / "made" / "bad.py").write_text(bad)
    assert diagnose(environ, five).complaints == []


def test_files_that_are_no_text(five: Path, environ: dict[str, str], home: Path) -> None:
    (home / "latin.py").write_bytes(
        b"# caf\xe9\nfrom transformers import pipeline\npipeline('summarization')\n"
    )
    (home / "broken.ipynb").write_text('{"cells": [{"cell_type": 3')
    (home / "list.ipynb").write_text("[]")
    (home / "deep.py").write_text("(" * 5000)
    (home / "escape.py").write_text("x = '\\d'\n")  # Python 3.12 warns of it
    os.mkfifo(home / "pipe.py")
    (home / "loop").symlink_to(home)
    (home / "huge.py").write_bytes(b"#" * 2_000_000)
    said = diagnose(environ, five)
    assert said.complaints == ["notebook-unreadable"]
    assert said.stderr == ""


def test_an_endpoint_that_comes_too_late(course_like: Path, environ: dict[str, str], home: Path) -> None:
    late = (
        "from transformers import pipeline",
        "import os\nos.environ['HF_ENDPOINT'] = 'https://hf-mirror.com'",
    )
    notebook(home / "late.ipynb", *late)
    notebook(home / "magic.ipynb", "import datasets", "%env HF_ENDPOINT=https://hf-mirror.com")
    said = diagnose(environ, course_like)
    assert said.complaints == ["hf-endpoint-set-after-import"]
    evidence = said.of("hf-endpoint-set-after-import")["evidence"]
    assert "late.ipynb" in evidence
    assert "magic.ipynb" in evidence


def test_an_endpoint_in_time(course_like: Path, environ: dict[str, str], home: Path) -> None:
    early = ("import os, json\nos.environ['HF_ENDPOINT'] = 'https://hf-mirror.com'", "import transformers")
    notebook(home / "early.ipynb", *early, early[0])  # said once more: no harm
    (home / "inside.py").write_text(
        "import os\ndef load():\n    import datasets\nos.environ['HF_ENDPOINT'] = 'x'\n"
    )
    (home / "other.py").write_text(
        "import os, numpy\nos.environ.setdefault('HF_ENDPOINT', 'x')\nimport timm\n"
    )
    assert diagnose(environ, course_like).complaints == []


def test_a_file_named_like_a_library(course_like: Path, environ: dict[str, str], home: Path) -> None:
    (home / "work").mkdir()
    (home / "work" / "transformers.py").write_text(PIPELINE)
    said = diagnose(environ, course_like)
    assert said.complaints == ["cwd-file-shadows-module"]
    assert "work/transformers.py" in said.of("cwd-file-shadows-module")["evidence"]


def test_a_file_named_like_the_standard_library(
    course_like: Path, environ: dict[str, str], home: Path
) -> None:
    (home / "token.py").write_text("KEY = 1\n")
    notebook(home / "1.ipynb", "import transformers")
    said = diagnose(environ, course_like)
    assert said.complaints == ["cwd-file-shadows-module"]
    assert "token.py" in said.of("cwd-file-shadows-module")["evidence"]


def test_names_that_hide_nothing(course_like: Path, environ: dict[str, str], home: Path) -> None:
    """A folder of data, a module in a package, a name that nobody asks for, a clone of the library itself."""
    (home / "datasets").mkdir()
    (home / "datasets" / "train.csv").write_text("a,b\n")
    (home / "mine").mkdir()
    (home / "mine" / "__init__.py").write_text("")
    (home / "mine" / "types.py").write_text("import transformers\n")
    (home / "random.py").write_text("print('no library of the course is used here')\n")
    (home / "evaluate.py").write_text("print(1)\n")
    (home / "transformers" / "src" / "transformers").mkdir(parents=True)
    (home / "transformers" / "src" / "transformers" / "__init__.py").write_text("")
    assert diagnose(environ, course_like).complaints == []


def test_what_the_code_needs_and_the_environment_lacks(
    course_like: Path, environ: dict[str, str], home: Path
) -> None:
    notebook(home / "1.ipynb", PIPELINE, "d = pipeline('object-detection')")
    said = diagnose(environ, course_like)
    assert said.complaints == ["extra-missing"]
    assert "pillow, timm" in said.of("extra-missing")["evidence"]


def test_a_home_full_of_files_costs_little(course_like: Path, environ: dict[str, str], home: Path) -> None:
    for number in range(400):
        folder = home / f"d{number % 40}" / f"e{number}"
        folder.mkdir(parents=True)
        (folder / "a.py").write_text("x = [1, 2, 3]\n" * 2000)
    said = look({**environ, "TARGET": str(course_like)}, "--area", "packages", seconds=20)
    assert said.complaints == []


@pytest.mark.parametrize("used", [True, False])
def test_chat_templates_without_jinja2(
    course_like: Path, environ: dict[str, str], home: Path, used: bool
) -> None:
    """https://github.com/exo-explore/exo/pull/264: apply_chat_template requires jinja2 to be installed."""
    if used:
        notebook(home / "1.ipynb", "from transformers import AutoTokenizer\nt.apply_chat_template([])")
    said = look({**environ, "TARGET": str(course_like)}, "--area", "packages")
    name = "extra-missing" if used else "chat-templates-without-jinja2"
    told = said.of(name)
    assert told["severity"] == ("warn" if used else "info")
    assert any(word.startswith("jinja2") for word in told["remedy"]["commands"][0])
    install(course_like, "jinja2", "3.1.6")
    said = look({**environ, "TARGET": str(course_like)}, "--area", "packages")
    assert name not in [one["id"] for one in said.findings]
