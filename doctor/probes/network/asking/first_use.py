"""Hosts that libraries fetch from at their first use: no setting names them, and no mirror of packages or models helps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from doctor.probes.listing import names_in
from doctor.probes.network.asking.question import Question

GITHUB, RAW = "https://github.com/", "https://raw.githubusercontent.com/"
OF_PROGRAMS = {"pip install git+https": GITHUB}
OF_LIBRARIES = {
    "tiktoken": "https://openaipublic.blob.core.windows.net/",
    "openai-whisper": "https://openaipublic.azureedge.net/",
    "nltk": RAW,
    "spacy": GITHUB,
    "easyocr": GITHUB,
    "ultralytics": GITHUB,
    "keras": "https://storage.googleapis.com/",
}
# Until its release 2 it took each dataset and each metric from there, as a script; no endpoint of the Hub helps.
OLD_DATASETS = "datasets 1"


def first_use(site: Path, bundle: str) -> Iterator[Question]:
    """One question for each host, in the name of all that need it."""
    names = {
        name.partition("-")[0].replace("_", "-").lower()
        for name in names_in(site)
        if name.endswith(".dist-info")
    }
    needed: dict[str, list[str]] = {}
    if any(name.startswith(("datasets-1.", "datasets-0.")) for name in names_in(site)):
        needed[RAW] = [OLD_DATASETS]
    for who, url in (*OF_PROGRAMS.items(), *OF_LIBRARIES.items()):
        if who in names or who in OF_PROGRAMS:
            needed.setdefault(url, []).append(who)
    for url, users in needed.items():
        yield Question(kind="first-use", url=url, name=", ".join(users), bundle=bundle)
