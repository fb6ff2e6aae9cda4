"""Ways of thinking that a plan can be made from. Our own; the papers have lists of 25 to 39."""

SEEDS = (
    "Say in your own words what is asked.",
    "List what is known and what is to be found.",
    "Cut the problem into smaller ones and solve each.",
    "Solve a simpler case first, then the whole.",
    "Work backwards from what is wanted.",
    "Think of a similar problem and how it is solved.",
    "Draw up a table, a list or a formula.",
    "Go through all cases one by one.",
    "Ask what could go wrong, and which conditions are hidden.",
    "Look at the question from another side.",
    "Weigh the evidence for and against each answer.",
    "Order the events in time, or the causes before their effects.",
    "Check the meaning of every important word.",
    "Do the calculation in small steps, and write each result down.",
    "Estimate the answer first, and compare in the end.",
    "Test the answer against every condition.",
)
