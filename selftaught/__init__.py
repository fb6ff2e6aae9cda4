"""selftaught: language-model programs that improve themselves.

A task and a handful of examples -> a judge -> compared programs -> a tuned program -> an exported pipeline.
Names are loaded when they are first used: `import selftaught` alone loads neither DSPy nor LiteLLM nor NumPy.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

# LiteLLM otherwise asks a host for prices while it is being imported, which stalls a machine without network.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

__version__ = "0.1.0"

_WHERE = {
    "Budget": ("selftaught.budget", "Budget"),
    "Evaluation": ("selftaught.evaluation", "Evaluation"),
    "Predict": ("selftaught.programs", "Predict"),
    "Run": ("selftaught.run", "Run"),
    "catalogue": ("selftaught.registry", "catalogue"),
    "compare": ("selftaught.programs.diagnose", "compare"),
    "diagnose": ("selftaught.programs.diagnose", "diagnose"),
    "errors": ("selftaught.errors", None),
    "evaluate": ("selftaught.evaluation", "evaluate"),
    "export": ("selftaught.export", None),
    "judges": ("selftaught.programs.judge", None),
    "lm": ("selftaught.engines", "lm"),
    "load": ("selftaught.artifact", "load"),
    "novelty": ("selftaught.novelty", None),
    "optimizers": ("selftaught.optimizers", None),
    "programs": ("selftaught.programs", None),
    "save": ("selftaught.artifact", "save"),
    "serve": ("selftaught.server", "serve"),
    "signatures": ("selftaught.signatures", None),
    "synthesis": ("selftaught.programs.synthesis.public", None),
}

__all__ = ["__version__", *sorted(_WHERE)]

if TYPE_CHECKING:
    import selftaught.optimizers as optimizers
    import selftaught.programs.judge as judges
    import selftaught.programs.synthesis.public as synthesis
    from selftaught import errors, novelty, programs, signatures
    from selftaught.artifact import load, save
    from selftaught.budget import Budget
    from selftaught.engines import lm
    from selftaught.evaluation import Evaluation, evaluate
    from selftaught.export import export
    from selftaught.programs import Predict
    from selftaught.programs.diagnose import compare, diagnose
    from selftaught.registry import catalogue
    from selftaught.run import Run
    from selftaught.server import serve


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'selftaught' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    loaded = importlib.import_module(module)
    found = loaded if attribute is None else getattr(loaded, attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
