"""From a request to an answer: routing, CORS, problems as HTTP, and one log entry for each.

This is the one place where errors become HTTP.
"""

import re
import time

from flask import Request, Response
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule

from tinycopy import logs, patience
from tinycopy.body import discard, json_response
from tinycopy.completions import openai_error
from tinycopy.errors import Internal, Problem, UnknownPath, WrongMethod
from tinycopy.logs import Severity
from tinycopy.routes import ROUTES
from tinycopy.service import Call, Route, Service

URL_MAP = Map(
    [
        Rule(
            r.path.replace("{", "<").replace("}", ">"),
            methods=[r.method],
            endpoint=r,
            merge_slashes=False,
        )
        for r in ROUTES
    ],
    strict_slashes=True,
    merge_slashes=False,
)
METHODS = {
    route.path: ("GET", "HEAD", "OPTIONS") if route.method == "GET" else (route.method, "OPTIONS")
    for route in ROUTES
}
OPENAI_PATHS = frozenset(route.path for route in ROUTES if route.openai)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Origin",
}


def respond(service: Service, request: Request) -> Response:
    """The answer to a request, whatever happens on the way."""
    start = time.perf_counter()
    service.loader.start()
    call = Call(request)
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _REQUEST_ID.fullmatch(given) else call.id
    try:
        response = _answer(service, call)
    except Problem as problem:
        call.log["problem"] = problem.slug
        response = _problem(call, problem, request_id)
    except Exception as error:  # ours to log, not the caller's to read
        logs.write_exception("uncaught error", error, request_id=request_id)
        response = _problem(call, Internal("The log has it under the request id."), request_id)
    if not discard(request):
        patience.hang_up()
    response.headers.extend(HEADERS | _cors(service, request))
    response.headers["X-Request-Id"] = request_id
    _log(service, call, response, request_id, 1000 * (time.perf_counter() - start))
    return response


def _answer(service: Service, call: Call) -> Response:
    if call.request.method == "OPTIONS":
        return _options(call.request)
    return _route(call.request).handler(service, call)


def _route(request: Request) -> Route:
    """The route of a request. Raises UnknownPath or WrongMethod."""
    urls = URL_MAP.bind_to_environ(request.environ)
    try:
        route, _ = urls.match(request.path, method=request.method)
    except (NotFound, RequestRedirect):
        raise UnknownPath("GET /docs lists the paths") from None
    except MethodNotAllowed:
        allowed = _allowed(request)
        raise WrongMethod(f"use {' or '.join(allowed)}", allowed=allowed) from None
    assert isinstance(route, Route)
    return route


def _known(request: Request) -> str | None:
    """The path of the table that a request is for, whatever its method; None for any other."""
    urls = URL_MAP.bind_to_environ(request.environ)
    for method in urls.allowed_methods(request.path):
        route, _ = urls.match(request.path, method=method)
        assert isinstance(route, Route)
        return route.path
    return None


def _allowed(request: Request) -> tuple[str, ...]:
    """The methods that the path of a request takes; none if it is not in the table."""
    return METHODS.get(_known(request) or "", ())


def _options(request: Request) -> Response:
    """The answer to OPTIONS, a browser's preflight included: what the path allows."""
    allowed = _allowed(request)
    if not allowed:
        raise UnknownPath("GET /docs lists the paths")
    return Response(status=204, headers={"Allow": ", ".join(allowed)})


def _cors(service: Service, request: Request) -> dict[str, str]:
    """The headers that let a page of an allowed origin read the answer; none for any other."""
    allowed = service.settings.cors_origins
    origin = request.headers.get("Origin", "")
    if not origin or not ("*" in allowed or origin in allowed):
        return {}
    headers = {
        "Access-Control-Allow-Origin": "*" if "*" in allowed else origin,
        "Access-Control-Expose-Headers": "X-Request-Id, Retry-After",
    }
    if request.method == "OPTIONS":
        headers |= {
            "Access-Control-Allow-Methods": ", ".join(_allowed(request)),
            "Access-Control-Allow-Headers": "Content-Type, X-Request-Id, Authorization",
            "Access-Control-Max-Age": "3600",
        }
    return headers


def _problem(call: Call, problem: Problem, request_id: str) -> Response:
    if call.request.path in OPENAI_PATHS:
        status, body = openai_error(problem)
        response = json_response(body, status)
    else:
        body = problem.details(f"urn:tinycopy:request:{request_id}")
        response = json_response(body, problem.status, "application/problem+json")
    response.headers.extend(problem.headers)
    return response


def _log(service: Service, call: Call, response: Response, request_id: str, ms: float) -> None:
    status = response.status_code
    severity = Severity.ERROR if status >= 500 else Severity.INFO
    serving = service.loader.now()
    entry = {
        "request_id": request_id,
        "method": call.request.method,
        "path": _known(call.request),
        "status": status,
        "ms": round(ms, 1),
        "release": serving.digest if serving else None,
        **call.log,
        **logs.trace(call.request.headers, service.settings.google_cloud_project),
    }
    logs.write(severity, f"{call.request.method} answered {status}", **entry)
