"""Making one file of Python of a program: what it needs is followed, frozen, named, and written down.

`sources` reads modules, `names` what a piece of them uses, `reach` follows it; `frozen`, `types` and `prompts` write a program's
state as source; `edits`, `write` and `page` put the file together; `provided` says what stands in for libraries, `runtime` is that.
"""
