"""Putting the function into Google Cloud: zip, upload, revision, smoke test, traffic, rollback.

Not covered here: what runs there (function/), what exists there (terraform/), how a release is
published (distill/).
"""
