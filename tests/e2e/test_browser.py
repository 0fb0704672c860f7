"""A person at a browser: real Chromium, real JupyterLab, real kernel."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bootstrap.lab import server as lab
from bootstrap.steps import models
from doctor.goal import Goal
from doctor.goal.settings import resolve
from tests.conftest import ROOT
from tests.hub.models import write_mirrors
from tests.hub.server import Repo, serve
from tests.lab_env import a_person, make_environment, make_goal, make_work, password_of, processes_of, set_up
from tests.wait import until

pytestmark = [pytest.mark.target, pytest.mark.browser]
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SPEECH = ROOT / "scripts" / "smoke" / "speech.flac"
# The lecture's own calls, by default name, by old short name and by canonical name; nothing of them may ask the Hub.
CELLS = (
    "import os, sys\nos.environ['HF_HUB_OFFLINE'] = '1'\nimport torch\nfrom transformers import pipeline\n"
    "print('interpreter', sys.executable)\nprint('sum', torch.ones(2, 3).sum().item())",
    "pipe = pipeline('sentiment-analysis')\nprint('feels', pipe('今儿上海可真冷啊')[0]['label'])",
    "qa = pipeline(task='question-answering')\n"
    "print('answer', len(qa(question='What is the name?', context='The name is huggingface')['answer']))",
    "print('groups', len(pipeline(task='ner', grouped_entities=True)('Hugging Face is in New York City')) > 0)",
    "short = pipeline(task='summarization', model='t5-base', min_length=8, max_length=32)\n"
    "print('summary', type(short('In this work, we presented the Transformer.')[0]['summary_text']).__name__)",
    f"heard = pipeline(task='automatic-speech-recognition', model='openai/whisper-small')\n"
    f"print('heard', type(heard({str(SPEECH)!r})['text']).__name__)",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);",
    "from transformers import AutoModel, AutoTokenizer\nmodel = AutoModel.from_pretrained('bert-base-chinese')\n"
    "text = AutoTokenizer.from_pretrained('bert-base-chinese')('美国的首都是华盛顿特区', return_tensors='pt')\n"
    "print('states', model(**text).last_hidden_state.ndim)",
)
SHOWN = ("sum 6.0", "feels ", "answer ", "groups True", "summary str", "heard str", "", "states 3")


def tiny_lecture(target_python: str, folder: Path, goal: Goal) -> tuple[list[Repo], Goal]:
    """The lecture's repositories at their own commits, small; and the goal that wants just these."""
    argv = [target_python, "-I", str(ROOT / "tests" / "tiny_lecture.py"), str(folder)]
    made = subprocess.run(argv, capture_output=True, text=True, timeout=200, check=True).stdout.split()
    wants = {want.id: want for want in resolve({"MODELS": "all"}).models if want.id in made}
    assert len(wants) == len(made) >= 8
    repos, small = [], []
    for name, want in wants.items():
        here = folder / name.replace("/", "--")
        repos.append(Repo.of_folder(name, here, want.revision, want.aliases))
        files = tuple(repos[-1].names())
        size = sum((here / file).stat().st_size for file in files)
        small.append(structs.replace(want, files=files, optional=(), sizes={}, sha256={}, git={}, bytes=size))
    return repos, structs.replace(goal, models=tuple(small))


def notebook() -> dict[str, object]:
    """A notebook as they come: it asks for python3, and was made with some other kernel's title."""
    cells: list[dict[str, object]] = [
        {
            "id": str(n),
            "cell_type": "code",
            "source": code,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for n, code in enumerate(CELLS)
    ]
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernelspec}, "cells": cells}


@pytest.fixture(scope="module")
def goal(target_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Goal]:
    folder = tmp_path_factory.mktemp("browser")
    with a_person(folder):
        made = make_goal(folder)
        make_environment(Path(target_python), Path(made.prefix), torch=True)
        set_up(made)
        repos, wanted = tiny_lecture(target_python, folder / "repos", made)
        with serve(*repos) as hub, pytest.MonkeyPatch.context() as patch:
            mirrors = write_mirrors(folder / "mirrors.toml", hub, official=True)
            patch.setenv("GROUNDWORK_MIRRORS_FILE", str(mirrors))
            models.run(make_work(wanted))
        (Path(made.root_dir) / "lecture.ipynb").write_text(json.dumps(notebook()))
        lab.start(made)
        yield made
        lab.stop(made)
        assert until(lambda: not processes_of(folder), 15), processes_of(folder)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, goal: Goal, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty profile; what it shows at the end of the test is kept as a picture."""
    context = browser.new_context(
        base_url=f"http://localhost:{goal.port}", viewport={"width": 1280, "height": 900}
    )
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    ARTIFACTS.mkdir(exist_ok=True)
    opened.screenshot(path=ARTIFACTS / f"{request.node.name}.png")
    context.close()


def log_in(page: Page, password: str) -> None:
    page.fill("#password_input", password)
    page.click("#login_submit")


def run_all(page: Page) -> bool:
    """Run all cells; whether the first one started. JupyterLab drops the command while the kernel connects."""
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=60_000)
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
    try:
        expect(page.locator(".jp-InputPrompt").first).not_to_have_text("[ ]:", timeout=3_000)
    except AssertionError:
        return False
    return True


def test_a_notebook_runs_from_log_in_to_log_out(page: Page, goal: Goal) -> None:
    page.goto("/lab/tree/lecture.ipynb")
    assert "/login" in page.url
    log_in(page, password_of(goal))
    cells = page.locator(".jp-NotebookPanel .jp-CodeCell")
    expect(cells).to_have_count(len(CELLS), timeout=60_000)
    expect(page.locator(".jp-Toolbar-kernelName")).to_contain_text(
        "Python 3.11 (llm-quickstart)", timeout=60_000
    )
    assert page.get_by_text("Would you like to get notified about official Jupyter news").count() == 0
    assert until(lambda: run_all(page), 90), "the cells never started"
    output = page.locator(".jp-Cell-outputArea")
    expect(output.nth(0)).to_contain_text(f"interpreter {goal.interpreter}", timeout=90_000)
    for number, shown in enumerate(SHOWN):
        if shown:
            expect(output.nth(number)).to_contain_text(shown, timeout=120_000)
        else:
            expect(output.nth(number).locator("img")).to_be_visible(timeout=120_000)
    assert not page.locator('[data-mime-type="application/vnd.jupyter.error"]').count()
    page.screenshot(path=ARTIFACTS / "notebook.png")
    page.goto("/logout")
    page.goto("/lab")
    expect(page.locator("#password_input")).to_be_visible()
    assert page.request.get("/api/contents").status == 403


def test_a_wrong_password_is_refused(page: Page, goal: Goal) -> None:
    page.goto("/lab")
    log_in(page, password_of(goal)[:-1])
    expect(page.locator(".message.error")).to_contain_text("Invalid credentials")
    assert page.request.get("/api/contents").status == 403
