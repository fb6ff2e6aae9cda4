"""A folder that builds an image which serves the program: Dockerfile, compose file, .dockerignore, the artifact.

The image runs as a user without rights, on a read-only disk, behind keys, and holds no secret: the provider's key and the file of the
server's keys are given when it is started. Only what `.dockerignore` names can get into it.
"""

from __future__ import annotations

import dspy

from selftaught import __version__
from selftaught.export.writing import artifact_bytes

BASE = "python:3.12.11-slim-bookworm"
"""The base image, by its full version. Pin it by digest too where you can: `docker pull` shows it."""
USER = 10001
PORT = 8000


def to_container(program: dspy.Module) -> dict[str, str | bytes]:
    """Return the files of the folder.

    Raises:
        ArtifactError: the program cannot be saved.
    """
    facts = {"base": BASE, "user": USER, "port": PORT, "version": __version__}
    texts = {
        "Dockerfile": DOCKERFILE,
        "compose.yaml": COMPOSE,
        ".dockerignore": IGNORED,
        "README.txt": README,
        "wheels/.keep": "",
    }
    filled = {name: _filled(text, facts) for name, text in texts.items()}
    return {**filled, "program.st": artifact_bytes(program)}


def _filled(text: str, facts: dict[str, object]) -> str:
    for name, value in facts.items():
        text = text.replace(f"<{name}>", str(value))
    return text


DOCKERFILE = """\
# Serves program.st with selftaught. Build: docker compose build. Start: see README.txt.
FROM <base> AS packages
COPY wheels/ /wheels/
RUN python -m venv /venv \\
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --find-links /wheels "selftaught[serve]==<version>"

FROM <base>
ENV PATH=/venv/bin:$PATH HOME=/tmp DSPY_CACHEDIR=/tmp/dspy PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN groupadd --gid <user> app && useradd --uid <user> --gid <user> --no-create-home --shell /usr/sbin/nologin app
COPY --from=packages /venv /venv
COPY --chmod=0444 program.st /app/program.st
WORKDIR /app
USER <user>:<user>
EXPOSE <port>
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \\
 CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:<port>/healthz', timeout=4)"]
ENTRYPOINT ["selftaught", "serve", "/app/program.st", "--host", "0.0.0.0", "--port", "<port>"]
CMD ["--keys", "/run/secrets/server_keys"]
"""

COMPOSE = """\
services:
  program:
    build: .
    image: selftaught-program
    command: ["--keys", "/run/secrets/server_keys", "--model", "${SELFTAUGHT_MODEL:?name a model, such as openai/gpt-4o-mini}"]
    # Taken from the shell that starts it, when they are set there; nothing is written down here.
    environment:
      - OPENAI_API_KEY
      - ANTHROPIC_API_KEY
    secrets:
      - server_keys
    ports:
      - "127.0.0.1:<port>:<port>"
    read_only: true
    tmpfs:
      - /tmp
    cap_drop:
      - ALL
    security_opt:
      - no-new-privileges:true
    mem_limit: 2g
    pids_limit: 256
    restart: unless-stopped
secrets:
  server_keys:
    file: ./keys.txt
"""

IGNORED = """\
# Nothing gets into the image but these.
*
!program.st
!wheels
!wheels/*.whl
!wheels/.keep
"""

README = """\
An image that serves program.st with selftaught <version>.

1. Where selftaught <version> is on no package index that you use, put its wheel into wheels/.
2. Make a key for callers; it is printed once, and keys.txt holds its hash only:
     selftaught serve --new-key me --keys keys.txt
3. Build and start, with the key of your provider in the environment of this shell:
     export SELFTAUGHT_MODEL=openai/gpt-4o-mini OPENAI_API_KEY=...
     docker compose up --build
4. Ask: http://127.0.0.1:<port>/ has a page to try it, /openapi.json describes the routes.

keys.txt does not get into the image: .dockerignore lets nothing in that it does not name.
"""
