"""Run in the environment's interpreter: every route of the JupyterLab that our configuration makes, as JSON.

[{"pattern": regular expression of the path, "handler": class, "websocket": bool, "methods": [those it defines]}]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any


def main() -> None:
    from jupyterlab.labapp import LabApp

    app = LabApp.initialize_server(argv=["--ServerApp.port=0"])  # the real one has the port
    json.dump(list(routes(app.web_app.default_router)), sys.stdout)


def routes(router: Any) -> Iterator[dict[str, object]]:
    """Extensions hang routers of their own below the server's."""
    from tornado.web import RequestHandler
    from tornado.websocket import WebSocketHandler

    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from routes(rule.target)
        elif isinstance(rule.target, type) and issubclass(rule.target, RequestHandler):
            yield {
                "pattern": rule.matcher.regex.pattern,
                "handler": rule.target.__name__,
                "websocket": issubclass(rule.target, WebSocketHandler),
                "methods": [
                    name for name in RequestHandler.SUPPORTED_METHODS if defines(rule.target, name.lower())
                ],
            }


def defines(handler: type, method: str) -> bool:
    from tornado.web import RequestHandler

    return getattr(handler, method) is not getattr(RequestHandler, method)


if __name__ == "__main__":
    main()
