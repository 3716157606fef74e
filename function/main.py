"""The function that Google Cloud calls: entry point `tinycopy`.

Importing this module loads no student. functions-framework imports it in gunicorn's master and
then forks the workers; a thread or a Translator made here would be missing there. So loading
starts in the worker, right after the fork, and otherwise with the first request.
"""

import os

from flask import Request, Response

from tinycopy import patience
from tinycopy.router import respond
from tinycopy.routes import ROUTES
from tinycopy.service import Service
from tinycopy.settings import read_settings

SERVICE = Service(read_settings(os.environ), ROUTES)
patience.install(SERVICE.settings.request_seconds)
os.register_at_fork(after_in_child=SERVICE.loader.start)


def tinycopy(request: Request) -> Response:
    """Answers one HTTP request."""
    return respond(SERVICE, request)
