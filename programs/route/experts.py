"""Ready-made experts: names, and how each works. A text is an instruction added to the task's; an empty one is the plain task."""

from __future__ import annotations

STRATEGIES = {
    "plain": "",
    "step by step": "Reason step by step from what is given to the answer.",
    "least to most": "Split the problem into smaller questions. Answer them from the easiest on, using earlier answers, then the whole.",
    "program": "Reason as a program would: name each quantity as a variable, compute line by line with exact values, then read off the answer.",
}
"""Ways of reasoning (SMART)."""

SUITED = {
    "plain": "a simple question whose answer is known at once",
    "step by step": "a question that takes a few steps of thought",
    "least to most": "a long problem with several parts that build on one another",
    "program": "a problem with many numbers to calculate with",
}
"""What each of these suits."""

SPECIALITIES = {
    "knowledge": "Answer as somebody who knows facts well: recall what is known of the subject, and claim nothing that is not.",
    "reasoning": "Answer as a logician: state what follows from what is given, and rule out what does not.",
    "math": "Answer as a mathematician: set up the quantities, calculate exactly, and check the result.",
    "coding": "Answer as a programmer: say exactly what the code does or must do, and mind the edge cases.",
}
"""The four domains of Self-MoE."""

DOMAINS = {
    "knowledge": "questions about people, places, history, nature, books: facts of the world",
    "reasoning": "puzzles, and what follows from statements that are given",
    "math": "numbers, amounts, equations, calculation",
    "coding": "source code and programs",
}
"""What each of these is for."""

SKILLS = {
    "math": "Solve it with mathematics: calculate exactly and check the result.",
    "code": "Solve it as a programmer: think of the code, its inputs and what it returns.",
    "reasoning": "Solve it by reasoning over what is given, one step after another.",
    "other": "",
}
"""The categories of Transformer-squared; what belongs to none is answered by the plain task."""

CATEGORIES = {
    "math": "numbers, amounts, equations, calculation",
    "code": "source code and programs",
    "reasoning": "puzzles, and what follows from statements that are given",
    "other": "everything else, such as facts, writing and talk",
}
"""What belongs to each of these."""
