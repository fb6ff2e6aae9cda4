"""A real small model in this process: llama.cpp through xllamacpp, several slots, continuous batching, prompt cache."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from selftaught.engines.working import rejoined, worked
from selftaught.errors import CallError, ModelError, ModelFileError

PROMPT_CACHE_MIB = 512
"""Memory for prompt prefixes that no slot holds; the library would take up to 8 GiB."""

_servers: dict[tuple[str, int, int, int], LocalServer] = {}
_lock = threading.Lock()


def local_server(path: Path, *, slots: int | None = None, context: int = 2048, threads: int | None = None) -> LocalServer:
    """Return the server of a GGUF file; the same one for the same file and settings, so that weights load once.

    By default there are as many slots as processors, two to eight. More slots decode more answers together, but each has to
    read the prompt's shared prefix (instruction and demonstrations) for itself, which on few processors costs more.
    """
    processors = _processors()
    key = (str(path.resolve()), slots or min(max(processors, 2), 8), context, threads or processors)
    with _lock:
        if key not in _servers:
            _servers[key] = LocalServer(path, slots=key[1], context=context, threads=key[3])
        return _servers[key]


class LocalServer:
    """A GGUF model, loaded on the first call.

    Args:
        path: the weights.
        slots: how many sequences are decoded together; more calls wait their turn.
        context: tokens of one sequence, prompt and answer together.
        threads: processor threads.

    Raises:
        ModelError: xllamacpp is not installed.
        ModelFileError: the file is no GGUF model.
    """

    secrets: tuple[str, ...] = ()

    def __init__(self, path: Path, *, slots: int, context: int, threads: int) -> None:
        _check_gguf(path)
        self.model = path.stem
        self.path = path
        self.slots = slots
        self.context = context
        self.threads = threads
        self._pool = ThreadPoolExecutor(max_workers=slots, thread_name_prefix="selftaught-local")
        self._loading = threading.Lock()
        self._server: Any = None

    async def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer one body.

        Raises:
            CallError: the model refuses the request, such as a prompt longer than its context.
        """
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._pool, self._answer, {**body, "cache_prompt": True})
        if "choices" not in answer:
            problem = answer.get("error", answer)
            message = problem.get("message", problem) if isinstance(problem, dict) else problem
            raise CallError(f"{self.model}: {message}")
        return answer

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        server = self._loaded()
        try:
            asked = worked(body)
            answer = server.handle_chat_completions(asked or body)
            return rejoined(answer) if asked else answer
        except (RuntimeError, ValueError, TypeError) as error:
            raise CallError(f"{self.model}: {error}") from error

    def _loaded(self) -> Any:
        with self._loading:
            if self._server is None:
                self._server = self._load()
            return self._server

    def _load(self) -> Any:
        try:
            import xllamacpp
        except ImportError as error:
            raise ModelError("The local model needs xllamacpp. Install it with: pip install 'selftaught[local]'") from error
        params = xllamacpp.CommonParams()
        params.model.path = str(self.path)
        params.n_parallel = self.slots
        params.n_ctx = self.slots * self.context
        params.cpuparams.n_threads = self.threads
        params.cpuparams_batch.n_threads = self.threads
        params.warmup = False
        params.cache_ram_mib = PROMPT_CACHE_MIB
        params.verbosity = -1
        try:
            return xllamacpp.Server(params)
        except (RuntimeError, ValueError) as error:
            raise ModelFileError(f"{self.path} could not be loaded as a model: {error}") from error

    async def aclose(self) -> None:
        """Unload the model; the next call loads it again."""
        with self._loading:
            self._server = None


def _check_gguf(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelFileError(f"The model file {path} cannot be read: {error.strerror}.") from error
    if magic != b"GGUF":
        raise ModelFileError(f"{path} is no GGUF model: it starts with {magic!r}, not b'GGUF'.")


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
