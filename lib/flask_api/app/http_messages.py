"""What the server reads and answers by itself: requests as far as they have come, and problems instead of text."""

import time
from http import HTTPStatus

from waitress.adjustments import Adjustments  # type: ignore[import-untyped]  # waitress has no types
from waitress.parser import HTTPRequestParser  # type: ignore[import-untyped]  # waitress has no types
from waitress.task import ErrorTask, WSGITask  # type: ignore[import-untyped]  # waitress has no types

from . import limits, problems, request_log
from .problems import RETRY_AFTER, Refusal

TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
TOO_LONG = Refusal(413, f"The body is longer than {limits.BODY_BYTES} bytes.")
URL_TOO_LONG = Refusal(414, f"The first line is longer than {limits.HEADER_BYTES} bytes.")
NOT_HTTP = Refusal(400, "The request is not HTTP/1.1 as RFC 9112 describes it.")
CUT_OFF = Refusal(400, "The request ends before it is complete.")
TOO_SLOW = Refusal(408, f"A request has to be complete within {limits.REQUEST_SECONDS} s, its headers sooner.")
OVERLOADED = Refusal(
    503, "The server has more requests than it can answer: try again in a moment.", headers=RETRY_AFTER
)
# What waitress finds by itself, by the status that it gives.
FOUND = {
    413: TOO_LONG,
    431: Refusal(431, f"First line and headers are longer than {limits.HEADER_BYTES} bytes."),
    500: Refusal(500, "This is a defect of the server; its log tells more under the request_id."),
    501: Refusal(501, "The only Transfer-Encoding that is understood is 'chunked'."),
}


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """One request, as far as it has come."""

    error: object  # waitress's, a Refusal, or None
    path = command = ""
    last = False  # whether the connection ends with it
    queued = 0.0  # of time.monotonic(): since when it waits for a thread

    def __init__(self, adjustments: Adjustments) -> None:
        super().__init__(adjustments)
        self.began = time.perf_counter()

    def received(self, data: bytes) -> int:
        """Take what has come; return how much of it belongs to this request."""
        before = self.header_plus
        consumed: int = super().received(data)
        if self.error is None and self.headers_finished:
            chunks = len(self.body_rcv) if self.chunked else 0
            if max(self.content_length, chunks) > limits.BODY_BYTES:
                self.error, self.completed = TOO_LONG, True
        elif getattr(self.error, "code", 0) == TOO_LARGE and b"\n" not in before + data:
            self.error = URL_TOO_LONG
        if self.error is not None or self.body_rcv is None:
            self.expect_continue = False  # there is nothing to go on with
        return consumed


class Answer(WSGITask):  # type: ignore[misc]  # waitress has no types
    """What the application answers."""

    def execute(self) -> None:
        """Ask the application; tell the client when this was the last one, as it is while the server stops."""
        if self.channel.server.stopping or self.request.last:
            self.set_close_on_finish()
        super().execute()


class Problem(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """What the server answers by itself, in the form of the API's other refusals."""

    def execute(self) -> None:
        """Answer, and write the request's line in the log."""
        request, error = self.request, self.request.error
        refusal = error if isinstance(error, Refusal) else FOUND.get(getattr(error, "code", 0), NOT_HTTP)
        given = request.headers.get
        name = request_log.request_id(given("X_AMZN_TRACE_ID", ""), given("X_REQUEST_ID", ""))
        body = refusal.body(name)
        self.status = f"{refusal.status} {HTTPStatus(refusal.status).phrase}"
        self.response_headers += [("Content-Type", problems.MEDIA_TYPE), (request_log.ID_HEADER, name)]
        self.response_headers += refusal.headers.items()
        if refusal is not OVERLOADED or self.channel.server.stopping:
            self.set_close_on_finish()  # where the next request would begin is not known
            self.channel.lingers = True
        self.content_length = len(body)
        self.write(b"" if request.command == "HEAD" else body)
        request_log.write(request.command, None, refusal.status, request.began, name)
