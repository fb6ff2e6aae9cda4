"""Programs whose roles talk with each other; the task's outputs are read off what they said."""

from selftaught.programs.dialogue.core import Conversing, Dialogue, Talk, Turn
from selftaught.programs.dialogue.instruct_flow import InstructFlow
from selftaught.programs.dialogue.self_talk import SelfTalk
from selftaught.programs.dialogue.treeinstruct import TreeInstruct
from selftaught.programs.dialogue.tutor import Tutor
from selftaught.programs.dialogue.workflow import Workflow

__all__ = ["Conversing", "Dialogue", "InstructFlow", "SelfTalk", "Talk", "TreeInstruct", "Turn", "Tutor", "Workflow"]
