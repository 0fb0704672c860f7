"""A person at a browser: real Chromium, real JupyterLab, real kernel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bootstrap.lab import server as lab
from doctor.goal import Goal
from tests.lab_env import a_person, make_environment, make_goal, password_of, processes_of, set_up
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
CELLS = (
    "import sys, torch\nprint('interpreter', sys.executable)\nprint('sum', torch.ones(2, 3).sum().item())",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);",
    "import subprocess\nsaid = subprocess.run(['ffmpeg', '-version'], capture_output=True, text=True, check=True)\n"
    "print('with', said.stdout.split()[0], 'from', said.args[0])",
)


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
    assert until(lambda: run_all(page), 90), "the cells never started"
    output = page.locator(".jp-Cell-outputArea")
    expect(output.nth(0)).to_contain_text(f"interpreter {goal.interpreter}", timeout=90_000)
    expect(output.nth(0)).to_contain_text("sum 6.0")
    expect(output.nth(1).locator("img")).to_be_visible(timeout=90_000)
    expect(output.nth(2)).to_contain_text("with ffmpeg from ffmpeg", timeout=60_000)
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
