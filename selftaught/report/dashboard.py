"""A tuning run as an Optuna study, for optuna-dashboard: one trial a candidate, its scores as they came in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from selftaught.errors import RunError
from selftaught.report.journal import Journal, Proposed, read
from selftaught.run import Run


def write_study(run: Run, storage: str | Path, name: str | None = None) -> int:
    """Write the candidates of a run into an Optuna storage; return how many.

    Args:
        run: finished or not.
        storage: a file for SQLite, or an Optuna storage URL. Open it with `optuna-dashboard sqlite:///FILE`.
        name: of the study; the run's folder by default. A study of this name is written anew.

    Raises:
        RunError: the storage cannot be written.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = str(storage) if "://" in str(storage) else f"sqlite:///{Path(storage).resolve()}"
    chosen, journal = name or run.folder.resolve().name, read(run)
    try:
        if chosen in {one.study_name for one in optuna.get_all_study_summaries(url)}:
            optuna.delete_study(study_name=chosen, storage=url)
        study = optuna.create_study(study_name=chosen, storage=url, direction="maximize")
        origins = optuna.distributions.CategoricalDistribution(tuple({one.origin: None for one in journal.candidates.values()}))
        for key, candidate in journal.candidates.items():
            study.add_trial(_trial(journal, key, candidate, origins))
    except Exception as error:
        raise RunError(f"The study cannot be written to {url}: {error}") from error
    return len(journal.candidates)


def _trial(journal: Journal, key: str, candidate: Proposed, origins: Any) -> Any:
    import optuna

    told = [point for point in journal.trials if point.key == key]
    steps = {point.measured.rows: point.measured.score for point in told if point.measured.score is not None}
    score = journal.standings[key].score if key in journal.standings else None
    state = optuna.trial.TrialState.COMPLETE if score is not None else optuna.trial.TrialState.FAIL
    about = {name: one["instruction"] for name, one in candidate.tunings.items() if one["instruction"] is not None}
    demos = {f"{name} demonstrations": len(one["demos"]) for name, one in candidate.tunings.items() if one["demos"] is not None}
    costs = {name: value for name, value in journal.objectives.get(key, {}).items() if value is not None}
    return optuna.trial.create_trial(
        state=state, value=score, params={"origin": candidate.origin},
        distributions={"origin": origins}, intermediate_values=steps,
        user_attrs={"label": candidate.label, "parent": candidate.parent or "", "chosen": candidate.chosen, **about, **demos, **costs},
    )  # fmt: skip
