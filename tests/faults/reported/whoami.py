"""A person with a token of which the Hub says what it may do."""

from __future__ import annotations

import json
from pathlib import Path

from tests.faults.network.outside import sources
from tests.faults.patient import Diagnosis, diagnose
from tests.faults.web import HUB, Page, serve_web


def with_token(token: dict[str, object], environ: dict[str, str], env: Path, folder: Path) -> Diagnosis:
    """What is said of somebody whose token the Hub describes so. `folder` holds their table of sources."""
    kept = Path(environ["HOME"]) / ".cache/huggingface/token"
    kept.parent.mkdir(parents=True)
    kept.write_text("hf_" + "ab" * 17)
    me = json.dumps({"name": "me", "auth": {"type": "access_token", "accessToken": token}}).encode()

    def hub(path: str) -> Page:
        return Page(200, {}, me) if "whoami" in path else HUB

    with serve_web(hub) as web:
        person = {**environ, **sources(folder, web.url), "HF_ENDPOINT": web.url, "TARGET": str(env)}
        return diagnose(person, "--area", "network,hub,packages", offline=False)
