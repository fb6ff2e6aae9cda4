"""The quickstart's own report: one page that leads to the report of each task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment

from selftaught.run import write_atomically


def write_story(path: Path, summary: dict[str, Any]) -> None:
    """Write the page."""
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(PAGE)
    write_atomically(path, page.render(summary=summary, percent=_percent))


def _percent(found: dict[str, Any]) -> str:
    if found["score"] is None:
        return f"undetermined (n={found['n']})"
    low, high = found["interval"]
    return f"{found['score']:.0%} ({low:.0%} to {high:.0%}, n={found['n']})".replace("%", " %")


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>selftaught quickstart</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; } th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8886; vertical-align: top; }
.yes { color: #0a7d55; font-weight: 600; } .no { color: #b0561d; font-weight: 600; }
small { opacity: .75; }
</style></head><body>
<h1>selftaught quickstart</h1>
<p>{{ summary.tasks|length }} tasks, eight solved examples each to learn from (eight more kept back to confirm), model {{ summary.model }}: {{ summary.calls.total }} calls
({{ summary.calls.task }} task, {{ summary.calls.judge }} judge, {{ summary.calls.optimizer }} optimizer), {{ summary.seconds }} s.</p>
<h2>Tuned against a self-judged metric, proved by hidden labels</h2>
<table><thead><tr><th>Task</th><th>Guarded agreement, before and after</th><th>Gold accuracy, before and after</th><th>Result</th></tr></thead><tbody>
{% for name, task in summary.tasks.items() %}
<tr><td><a href="{{ name }}/report.html">{{ name }}</a></td>
<td>{{ percent(task.baseline) }}<br>{{ percent(task.tuned) }}</td>
<td>{{ percent(task.baseline.gold) }}<br><strong>{{ percent(task.tuned.gold) }}</strong></td>
<td><span class="{{ 'yes' if task.confirmed else 'no' }}">{{ 'confirmed' if task.confirmed else 'not confirmed' }}</span><br><small>{{ task.reason }}</small></td></tr>
{% endfor %}
</tbody></table>
<p>Both columns are measured on examples that no candidate was selected on. The optimizer never saw the gold labels of the unlabelled inputs.</p>
<h2>The judge that was {{ 'refused' if summary.judge.gate != 'passed' else 'accepted' }}</h2>
<p>A checklist judge on the same small model: agreement with labels {{ percent({'score': summary.judge.accuracy, 'interval': summary.judge.interval, 'n': summary.judge.n}) }},
chance {{ '%d %%' % (100 * summary.judge.chance) }}. {{ 'It carries no information beyond chance, so it is ' ~ summary.judge.gate ~ '.' if summary.judge.gate != 'passed' else 'It passed the gate.' }}</p>
<h2>The guards at work</h2>
<table><thead><tr><th>A program that …</th><th>Raw agreement of its samples</th><th>After the guards</th></tr></thead><tbody>
{% for name, parts in summary.guards.items() %}
<tr><td>{{ name }}</td><td>{{ 'undetermined' if parts.raw is none else '%d %%' % (100 * parts.raw) }}</td><td>{{ 'undetermined' if parts.guarded is none else '%d %%' % (100 * parts.guarded) }}</td></tr>
{% endfor %}
</tbody></table>
<h2>The saved program</h2>
<p>Loaded again and asked something new ({{ summary.answer.task }}): <code>{{ summary.answer.input }}</code> → <code>{{ summary.answer.output }}</code></p>
</body></html>
"""
