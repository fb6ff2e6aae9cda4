"""The page is self-contained, and shows what a model says as text."""

import re
import shutil
import subprocess
from importlib.resources import files

import pytest

from selftaught.server.page import PARTS
from tests.server.hosting import asking, hosted

NAMES = [name for name, _ in PARTS.values()]


def text_of(name):
    return files("selftaught.server").joinpath(name).read_text(encoding="utf-8")


async def test_it_is_served_under_a_strict_policy():
    async with asking(hosted()) as client:
        for path, (name, kind) in PARTS.items():
            found = await client.get(path)
            assert found.text == text_of(name)
            assert found.headers["content-type"].startswith(kind)
            policy = found.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "*" not in policy
            assert found.headers["x-content-type-options"] == "nosniff"
            assert found.headers["x-frame-options"] == "DENY"


async def test_it_can_be_left_out():
    async with asking(hosted(page=False)) as client:
        assert [(await client.get(path)).status_code for path in PARTS] == [404, 404, 404]


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_nothing_from_elsewhere_and_has_no_inline_code(name):
    text = text_of(name)
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\(", text)
    if name.endswith(".html"):
        assert not re.search(r"<script>|<style|\son\w+=|style=|javascript:", text)


def test_the_script_writes_text_and_never_markup():
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|setAttribute|localStorage",
        text_of("page.js"),
    )


FAKE = r"""
const made = [];
class Node {
  constructor(kind) { this.kind = kind; this.children = []; this.listeners = {}; this.value = ""; this.textContent = ""; made.push(this); }
  append(...inside) { this.children.push(...inside); }
  replaceChildren(...inside) { this.children = inside; }
  addEventListener(name, what) { this.listeners[name] = what; }
  get shown() { return this.textContent + this.children.map((one) => (typeof one === "string" ? one : one.shown)).join("|"); }
}
const byId = {};
globalThis.document = { createElement: (kind) => new Node(kind), getElementById: (id) => (byId[id] ||= new Node(id)) };
const sent = [];
const stream = (text) => new Response(text).body;
globalThis.fetch = async (url, options = {}) => {
  sent.push([url, options.body || "", options.headers || {}]);
  if (url === "openapi.json") return { status: 200, json: async () => API };
  return { ok: true, body: stream(EVENTS) };
};
"""
AFTER = r"""
(async () => {
  await new Promise((done) => setTimeout(done, 20));
  const kinds = fields.map((one) => one.label.children.at(-1).kind);
  fields.forEach((one) => { const made = one.label.children.at(-1); if (VALUES[one.name] !== undefined) Object.assign(made, VALUES[one.name]); });
  await ask();
  console.log(JSON.stringify({ kinds, sent: sent.at(-1)[1], steps: byId.steps.shown, answer: byId.answer.shown, said: byId.said.shown,
    markup: made.filter((one) => one.kind === "img" || one.kind === "script").length }));
})();
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run the page's script")
async def test_the_script_makes_the_inputs_of_the_task_and_shows_steps_and_answer(tmp_path):
    import json

    import selftaught as st
    from selftaught.testing.samples import SURVEY_INPUT, Survey

    service = hosted(st.programs.SelfRefine(Survey))
    async with asking(service) as client:
        api = (await client.get("/openapi.json")).text
        told = (await client.post("/v1/stream", json=SURVEY_INPUT)).text
    told = told.replace('"town": "Ulm"', '"town": "<img src=x onerror=alert(1)>"')
    values = {"text": {"value": SURVEY_INPUT["text"]}, "tags": {"value": json.dumps(SURVEY_INPUT["tags"])}}
    script = tmp_path / "page.cjs"
    head = f"const API = {api}; const EVENTS = {json.dumps(told)}; const VALUES = {json.dumps(values)};\n"
    script.write_text(head + FAKE + text_of("page.js").replace('"use strict";', "") + AFTER)
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kinds"] == ["textarea", "textarea"]
    assert json.loads(found["sent"]) == SURVEY_INPUT
    assert [name in found["steps"] for name in ("generate", "critic", "revise")] == [True] * 3
    assert "<img src=x" in found["answer"]
    assert found["markup"] == 0
    assert "3 calls" in found["said"]
