"""The HTTP application: its routes, typed from the task."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from selftaught import __version__
from selftaught.server import page
from selftaught.server.chat import ChatRequest, chunks, completion, inputs_of, models
from selftaught.server.door import OPENAI, Door, problem_response
from selftaught.server.metrics import CONTENT_TYPE
from selftaught.server.problems import Trouble, misfit, refused
from selftaught.server.schemas import Problem
from selftaught.server.service import Service, Visit, to_json
from selftaught.server.work import Refusal, answers, one, plain, stream, while_there

STREAM = "text/event-stream"
UNBUFFERED = {"X-Accel-Buffering": "no"}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        401: "No key of this server.", 413: "Too large.", 422: "The inputs do not fit the task.", 429: "The budget is spent.",
        502: "The model's answer was of no use.", 503: "Overloaded, or the model cannot be reached; ask again.", 504: "No answer in time.",
    }.items()
}  # fmt: skip


def make_app(service: Service, *, host: str = "127.0.0.1") -> FastAPI:
    """Return the application, for any ASGI server.

    Args:
        service: the program.
        host: where it will listen; decides which Host headers are answered, see `ServerSettings.allowed_hosts`.
    """
    about = f"{service.about}\n\nA program of selftaught: {type(service.program).__name__}."
    app = FastAPI(
        title=service.name, description=about, version=__version__, docs_url=None, redoc_url=None, lifespan=_lifespan,
        openapi_url="/openapi.json", generate_unique_id_function=lambda route: route.name,
    )  # fmt: skip
    _work_routes(app, service)
    _chat_routes(app, service)
    _watch_routes(app, service)
    if service.settings.page:
        page.add_routes(app)
    app.state.running = []
    for kind in (Refusal, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _told)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=service.settings.hosts(host), www_redirect=False)
    paths = [route.path for route in app.routes if hasattr(route, "path")]
    app.add_middleware(Door, service=service, routes=[*paths, "/mcp"])
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Hold what was added to `app.state.running` while the server runs."""
    async with contextlib.AsyncExitStack() as stack:
        for enter in app.state.running:
            await stack.enter_async_context(enter())
        yield


def _typed(endpoint: Callable[..., Any], body: Any) -> Callable[..., Any]:
    """Give an endpoint the type of its body, which is made at run time."""
    endpoint.__annotations__["body"] = body
    return endpoint


def _work_routes(app: FastAPI, service: Service) -> None:
    async def predict(request: Request, body: Any) -> Response:
        """Answer one input."""
        return _json(await one(service, plain(body), _visit(request), request))

    async def batch(request: Request, body: Any) -> Response:
        """Answer several inputs; a row that fails has a problem in place of its answer."""
        return _json(await while_there(request, answers(service, body.rows, _visit(request))))

    async def streamed(request: Request, body: Any) -> Response:
        """Answer one input; tell each step as it ends (event `step`), then the answer (`prediction`) or why not (`problem`)."""
        return StreamingResponse(stream(service, plain(body), _visit(request)), media_type=STREAM, headers=UNBUFFERED)

    common: dict[str, Any] = {"methods": ["POST"], "responses": PROBLEMS, "tags": ["program"], "dependencies": _secured(service)}
    forms = service.forms
    app.add_api_route("/v1/predict", _typed(predict, forms.inputs), **_gives(common, forms.answer))
    app.add_api_route("/v1/batch", _typed(batch, forms.rows), **_gives(common, forms.answers))
    events = {200: {"content": {STREAM: {}}, "description": "Server-sent events."}}
    app.add_api_route(
        "/v1/stream",
        _typed(streamed, forms.inputs),
        **{**common, "responses": {**PROBLEMS, **events}},  # type: ignore[misc]
        response_class=StreamingResponse,
    )


def _chat_routes(app: FastAPI, service: Service) -> None:
    async def chat(request: Request, body: ChatRequest) -> Response:
        """Answer in OpenAI's form: the last user message is the single text input, or JSON of the inputs."""
        answer = await one(service, inputs_of(service, body), _visit(request), request)
        if body.stream:
            return StreamingResponse(chunks(service, body, answer), media_type=STREAM, headers=UNBUFFERED)
        return _json(completion(service, body, answer))

    def known_models() -> Response:
        """Tell the program's name as a model."""
        return _json(models(service))

    secured = _secured(service)
    app.add_api_route(OPENAI, chat, methods=["POST"], responses=PROBLEMS, tags=["openai"], dependencies=secured)
    app.add_api_route("/v1/models", known_models, methods=["GET"], tags=["openai"], dependencies=secured)


def _watch_routes(app: FastAPI, service: Service) -> None:
    async def alive() -> Response:
        """Tell that the process answers."""
        return _json({"status": "ok"})

    async def ready() -> Response:
        """Tell whether requests are taken on: not while the server is being stopped."""
        return _json({"status": "draining" if service.gate.closing else "ready"}, 503 if service.gate.closing else 200)

    async def metrics() -> Response:
        """Tell the counters, in Prometheus' text format."""
        gate = service.gate
        return Response(service.metrics.text(gate.running, gate.taken - gate.running), media_type=CONTENT_TYPE)

    for path, endpoint in (("/healthz", alive), ("/readyz", ready)):
        app.add_api_route(path, endpoint, methods=["GET"], tags=["watch"])
    app.add_api_route(
        "/metrics", metrics, methods=["GET"], tags=["watch"], dependencies=_secured(service), response_class=Response
    )


def _secured(service: Service) -> list[Any]:
    """Show in OpenAPI that a key is needed; the door checks it."""
    return [Depends(HTTPBearer(auto_error=False, description="A key of this server."))] if service.keys else []


def _gives(common: dict[str, Any], model: Any) -> dict[str, Any]:
    return {**common, "responses": {**PROBLEMS, 200: {"model": model}}}


def _visit(request: Request) -> Visit:
    return request.scope["state"]["visit"]


def _json(data: Any, status: int = 200) -> Response:
    return Response(to_json(data), status, media_type="application/json")


async def _told(request: Request, error: Exception) -> Response:
    """Tell a request that was refused before any work."""
    return problem_response(_trouble(error), request.url.path, _visit(request))


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, Refusal):
        return error.trouble
    if isinstance(error, RequestValidationError):
        return misfit(list(error.errors()))
    assert isinstance(error, HTTPException)
    words = {404: "not-found", 405: "method-not-allowed"}
    return refused(error.status_code, words.get(error.status_code, "bad-request"), str(error.detail), **dict(error.headers or {}))
