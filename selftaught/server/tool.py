"""A program as one tool of the Model Context Protocol, with the task's types as its schema. Needs `mcp` (extra `mcp`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from selftaught import __version__
from selftaught.errors import SettingError
from selftaught.server.problems import Trouble, told
from selftaught.server.service import Service, Visit, to_json
from selftaught.server.work import Refusal, fields_of

if TYPE_CHECKING:
    from fastapi import FastAPI

PATH = "/mcp"
try:
    import mcp.types as types
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server
    from mcp.server.transport_security import TransportSecuritySettings
except ImportError:  # an optional library
    Server = None  # type: ignore[assignment,misc]


def tool_server(service: Service) -> Any:
    """Return an MCP server with the program as its one tool.

    Raises:
        SettingError: `mcp` is not installed.
    """
    if Server is None:
        raise SettingError("The Model Context Protocol needs mcp. Install it with: pip install 'selftaught[mcp]'")
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", service.name)[:64] or "program"
    tool = types.Tool(
        name=name, description=service.about, input_schema=service.forms.inputs.model_json_schema(),
        output_schema=service.forms.outputs.model_json_schema(),
    )  # fmt: skip

    async def list_tools(context: Any, params: Any) -> Any:
        return types.ListToolsResult(tools=[tool])

    async def call_tool(context: Any, params: Any) -> Any:
        if params.name != name:
            return _failed(Trouble(404, "not-found", f"There is no tool {params.name!r}. This server has {name!r}."), Visit())
        return await _called(service, params.arguments or {}, _visit(context), context)

    return Server(name, version=__version__, instructions=service.about, on_list_tools=list_tools, on_call_tool=call_tool)


async def _called(service: Service, arguments: dict[str, Any], visit: Visit, context: Any) -> Any:
    try:
        inputs, (place,) = fields_of(service, arguments), service.gate.take()
        answer = await service.answer(inputs, visit, place)
    except Refusal as error:
        return _failed(error.trouble, visit)
    except Exception as error:  # noqa: BLE001 - told to the caller as a failed tool call, and to the log
        return _failed(told(error, visit.id), visit)
    text = to_json(answer["outputs"])
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], structured_content=answer["outputs"])


def _failed(trouble: Trouble, visit: Visit) -> Any:
    visit.problem = trouble.kind
    return types.CallToolResult(content=[types.TextContent(type="text", text=trouble.detail)], is_error=True)


def _visit(context: Any) -> Visit:
    request = getattr(context, "request", None)
    return (request.scope.get("state") or {}).get("visit", Visit()) if request is not None else Visit()


async def serve_stdio(service: Service) -> None:
    """Serve on standard input and output until the client closes them.

    Raises:
        SettingError: `mcp` is not installed.
    """
    server = tool_server(service)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


def add_http(app: FastAPI, service: Service) -> None:
    """Serve the tool at `/mcp` of an application, behind its door.

    Raises:
        SettingError: `mcp` is not installed.
    """
    server = tool_server(service)
    checked_at_the_door = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    inner = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        transport_security=checked_at_the_door,
        max_request_body_size=service.settings.max_body,
    )
    app.router.routes.extend(inner.routes)
    app.state.running.append(server.session_manager.run)
