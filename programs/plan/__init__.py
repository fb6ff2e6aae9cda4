"""Programs that make a plan first and then carry it out."""

from selftaught.programs.plan.co_think import CoThink
from selftaught.programs.plan.core import PlanThenExecute
from selftaught.programs.plan.discover import Discover
from selftaught.programs.plan.planner import Planner
from selftaught.programs.plan.self_planning import SelfPlanning

__all__ = ["CoThink", "Discover", "PlanThenExecute", "Planner", "SelfPlanning"]
