"""The page of a served program in a real headless Chromium: fields from the task, steps as they happen, text that stays text.

`make test-browser` installs what it needs but the browser itself (Debian: `apt-get install chromium`).
"""

import asyncio
import contextlib
import json
import shutil
import time

import pytest

import selftaught as st
from selftaught.server.keys import digest_of
from selftaught.testing.samples import SURVEY_ANSWER, Shout, Survey, obliging
from tests.cli.stub import serving
from tests.cli.test_serve import Process

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed: make test-browser")
pytest.importorskip("fastapi", reason="needs the extra `serve`")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
    pytest.mark.xdist_group("browser"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
EVIL = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
KEY = "a-key-of-alice"


@contextlib.asynccontextmanager
async def browsing(url):
    """Give a page that is open at a URL, and what its console and the network complained of."""
    complaints = []
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(url) else None)
        await page.goto(url)
        yield page, complaints
        await browser.close()


@contextlib.contextmanager
def served(program, folder, script=obliging, *options):
    """Serve a program as a process."""
    saved = st.save(program, folder / "program.st")
    more = ("--model", "stub", "--adapter", "compact", *options)
    with serving(script) as (url, _), Process(saved, "--api-base", url, *more) as server:
        yield server


async def test_a_task_is_a_form_and_its_answer_is_shown(tmp_path):
    with served(st.Predict(Survey), tmp_path) as server:
        async with browsing(server.url) as (page, complaints):
            await page.wait_for_selector("#ask:enabled")
            labels = await page.locator("#fields label").all_inner_texts()
            assert [label.split("\n")[0].strip() for label in labels] == ["text", "tags"]
            await page.fill("textarea[name=text]", "Ulm is nice.")
            await page.fill("textarea[name=tags]", "town")
            await page.click("#ask")
            await page.wait_for_selector("#said.problem")
            assert "JSON" in await page.inner_text("#said")
            await page.fill("textarea[name=tags]", '["town", "south"]')
            await page.click("#ask")
            await page.wait_for_selector("#answer dl")
            names = await page.locator("#answer dt").all_inner_texts()
            values = await page.locator("#answer dd").all_inner_texts()
        found = dict(zip(names, values, strict=True))
    assert found["mood"] == "good"
    assert json.loads(found["place"]) == SURVEY_ANSWER["place"]
    assert complaints == []


async def test_steps_are_shown_as_they_happen(tmp_path):
    def slow(messages, **settings):
        time.sleep(0.5)
        return {"shouted": "TREE", "problems": ["too quiet"], "acceptable": False}

    with served(st.programs.SelfRefine(Shout), tmp_path, slow) as server:
        async with browsing(server.url) as (page, complaints):
            await page.fill("textarea[name=word]", "tree")
            await page.click("#ask")
            await page.wait_for_selector("#steps li:nth-child(1)")
            assert await page.locator("#answer dl").count() == 0
            assert await page.is_disabled("#ask")
            await page.wait_for_selector("#answer dl")
            assert await page.locator("#steps li").count() == 3
            assert "3 calls" in await page.inner_text("#said")
    assert complaints == []


async def test_what_a_model_says_stays_text(tmp_path):
    with served(st.Predict(Shout), tmp_path, lambda messages, **settings: {"shouted": EVIL}) as server:
        async with browsing(server.url) as (page, complaints):
            await page.fill("textarea[name=word]", EVIL)
            await page.click("#ask")
            await page.wait_for_selector("#answer dd")
            assert await page.inner_text("#answer dd") == EVIL
            assert await page.locator("#answer img, #answer script").count() == 0
            await asyncio.sleep(0.2)
            assert await page.title() != "owned"
    assert complaints == []


async def test_stop_ends_the_work(tmp_path):
    def endless(messages, **settings):
        time.sleep(5)
        return {"shouted": "LATE"}

    with served(st.Predict(Shout), tmp_path, endless, "--drain", "1") as server:
        async with browsing(server.url) as (page, _):
            await page.fill("textarea[name=word]", "tree")
            await page.click("#ask")
            await page.wait_for_selector("#stop:enabled")
            await page.click("#stop")
            await page.wait_for_selector("#ask:enabled")
            assert await page.inner_text("#said") == "Stopped."


async def test_a_key_is_asked_for_and_kept_in_the_page(tmp_path):
    keys = tmp_path / "keys.txt"
    keys.write_text(f"alice {digest_of(KEY)}\n")
    with served(st.Predict(Shout), tmp_path, obliging, "--keys", keys) as server:
        async with browsing(server.url) as (page, _):
            await page.wait_for_selector("#key", state="visible")
            await page.fill("#key", "wrong")
            await page.press("#key", "Enter")
            await page.fill("#key", KEY)
            await page.press("#key", "Enter")
            await page.fill("textarea[name=word]", "tree")
            await page.dispatch_event("#key", "change")  # what was typed is not lost where the key is set again
            await page.click("#ask")
            await page.wait_for_selector("#answer dd")
            assert await page.inner_text("#answer dd") == "TREE"
            assert await page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0
            assert KEY not in page.url
