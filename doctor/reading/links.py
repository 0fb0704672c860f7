"""The addresses on a page of an index."""

from __future__ import annotations

from html.parser import HTMLParser


class Links(HTMLParser):
    """The addresses of a page of PEP 503."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]
