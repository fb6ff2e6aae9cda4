"""Which model judges, and which answers? A model that judges its own answers likes them too well."""

from __future__ import annotations

import re
import warnings
from typing import Any

import dspy

from selftaught.errors import SelfJudgedWarning


def models_of(module: Any) -> set[str]:
    """Return the names of the models that a module's steps call; a model stands for itself, a module without steps for none."""
    if not hasattr(module, "predictors"):
        return {module.model} if getattr(module, "model", None) else set()
    used = [getattr(step, "lm", None) or dspy.settings.lm for step in module.predictors()]
    return {lm.model for lm in used if getattr(lm, "model", None)}


def same_model(one: Any, other: Any) -> bool:
    """Return whether two models, by object or name, are the same; where they run (a provider, a URL, a folder) does not count."""
    names = [_short(model if isinstance(model, str) else getattr(model, "model", "")) for model in (one, other)]
    return bool(names[0]) and names[0] == names[1]


def shared_models(judge: Any, other: Any) -> list[str]:
    """Return the models of a judge that also serve another module (or that are named in a set of names)."""
    others = other if isinstance(other, set) else models_of(other)
    return sorted(mine for mine in models_of(judge) if any(same_model(mine, theirs) for theirs in others))


def self_judged(judge: Any, other: Any) -> str:
    """Return what to say of a judge whose model writes the answers; an empty text where it does not."""
    shared = shared_models(judge, other)
    if not shared:
        return ""
    return (
        f"The model {shared[0]} judges answers that it writes itself. It may prefer its own; use another model as judge, "
        "or measure the preference with labelled answers that name their `source`."
    )


def warn_if_same(judge: Any, program: Any) -> None:
    """Warn where the judge's model is also the one that answers, or that proposes candidates to an optimizer.

    Args:
        judge: a judge, or a metric made of one; anything else is no judge and gives no warning.
        program: what is judged or tuned. The configured model counts too: an optimizer proposes with it.
    """
    judge = getattr(judge, "judge", judge)
    if not hasattr(judge, "trusted"):
        return
    text = self_judged(judge, models_of(program) | models_of(dspy.settings.lm))
    if text:
        warnings.warn(text, SelfJudgedWarning, stacklevel=3)


def _short(name: str) -> str:
    return re.split(r"[/#]", name)[-1].lower().removesuffix(".gguf")
