"""The peers as functions: main.py and one engine for each library.

An engine has `load(directory)`, which returns `write(candidates, tokens)`: that many samples of
exactly that many tokens each after the prompt in the directory's prompt.json, as token counts.
Nothing here may import from outside this folder: a peer's environment holds its library alone.
"""
