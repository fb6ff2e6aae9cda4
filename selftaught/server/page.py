"""A page to try the program: one HTML file, one script, one style sheet, nothing from elsewhere."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI, Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
PARTS = {"/": ("page.html", "text/html"), "/page.js": ("page.js", "text/javascript"), "/page.css": ("page.css", "text/css")}


def add_routes(app: FastAPI) -> None:
    """Serve the page and its parts."""
    for path, (name, kind) in PARTS.items():
        text = files("selftaught.server").joinpath(name).read_text(encoding="utf-8")
        app.add_api_route(path, _sender(text, kind), methods=["GET"], include_in_schema=False)


def _sender(text: str, kind: str):  # type: ignore[no-untyped-def]  # FastAPI reads the endpoint's own types
    async def send() -> Response:
        return Response(text, media_type=kind, headers={"Content-Security-Policy": POLICY})

    return send
