"""Programs that act in an environment: with foresight, with memory, with goals and skills of their own."""

from selftaught.programs.agent.core import Act, Agent
from selftaught.programs.agent.devils_advocate import DevilsAdvocate
from selftaught.programs.agent.environment import Environment, Observation, Restorable, register_environment
from selftaught.programs.agent.episode import Episode, Transition
from selftaught.programs.agent.look_ahead import LookAhead
from selftaught.programs.agent.own_goals import OwnGoals
from selftaught.programs.agent.policy_iteration import PolicyIteration
from selftaught.programs.agent.skills import Skills
from selftaught.programs.agent.structured_reflection import StructuredReflection
from selftaught.programs.agent.world import Rooms

__all__ = [
    "Act",
    "Agent",
    "DevilsAdvocate",
    "Environment",
    "Episode",
    "LookAhead",
    "Observation",
    "OwnGoals",
    "PolicyIteration",
    "Restorable",
    "Rooms",
    "Skills",
    "StructuredReflection",
    "Transition",
    "register_environment",
]
