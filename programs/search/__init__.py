"""Programs that search among answers."""

from selftaught.programs.search.best_of import BestOf

__all__ = ["BestOf"]
