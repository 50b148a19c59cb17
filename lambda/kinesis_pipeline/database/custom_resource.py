"""The answer of a custom resource: CloudFormation gets one in time, whatever the work does, and can read it.

Without an answer it waits until the resource's own time is over, and then rolls back what may have succeeded.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

import json
import time
import urllib.request
from threading import Lock, Timer
from types import TracebackType
from typing import Self

from aws_lambda_powertools import Logger
from json_types import JsonObject

LARGEST_BYTES = 4096  # of an answer
# Of the function's time, kept back for the answer alone: the work may not have ended, but something is said.
ANSWER_SECONDS = 30.0
TRY_SECONDS, PAUSE_SECONDS = 5.0, 1.0
logger = Logger()


class Answer:
    """The one answer to a request of CloudFormation's; used as a context, in which the work is done.

    Args:
        event: the request.
        seconds: what is left of the function's time.
    """

    def __init__(self, event: JsonObject, seconds: float) -> None:
        self._event, self._end = event, time.monotonic() + seconds
        self._lock, self._given = Lock(), False
        self._late = Timer(max(0.0, seconds - ANSWER_SECONDS), self._give_late)
        self._late.daemon = True

    def __enter__(self) -> Self:
        self._late.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._late.cancel()

    def _give_late(self) -> None:
        try:
            self.give("FAILED", "The function's time is nearly over: see its log. What it does may still succeed.", {})
        except OSError:  # whoever does the work tries again
            logger.exception("not answered")

    def give(self, status: str, reason: str, data: JsonObject) -> None:
        """Answer, unless there is an answer already; again while it is not taken and there is time.

        Args:
            status: ``SUCCESS`` or ``FAILED``.
            reason: for people; cut where it is too long.
            data: what ``Fn::GetAtt`` finds.

        Raises:
            OSError: nobody takes the answer.
        """
        with self._lock:
            if self._given:
                return
            self._put(self._document(status, reason, data))
            self._given = True
            logger.info("answered", extra={"status": status, "reason": reason})

    def _document(self, status: str, reason: str, data: JsonObject) -> bytes:
        body = {
            "Status": status,
            "Reason": reason,
            "PhysicalResourceId": self._event.get("PhysicalResourceId", "database-schema"),
            "StackId": self._event["StackId"],
            "RequestId": self._event["RequestId"],
            "LogicalResourceId": self._event["LogicalResourceId"],
            "Data": data,
        }
        while (excess := len(document := json.dumps(body).encode()) - LARGEST_BYTES) > 0 and body["Reason"]:
            body["Reason"] = body["Reason"][: -max(1, excess // 12)]  # a character takes twelve bytes at the most
        return document

    def _put(self, document: bytes) -> None:
        request = urllib.request.Request(  # noqa: S310 - the URL is CloudFormation's own, signed by it
            self._event["ResponseURL"], data=document, method="PUT", headers={"Content-Type": ""}
        )
        while True:
            try:
                with urllib.request.urlopen(request, timeout=TRY_SECONDS):  # noqa: S310  # the same URL
                    return
            except OSError as error:
                status = getattr(error, "code", 500)  # of an HTTPError; otherwise there was no answer
                if status < 500 or time.monotonic() + PAUSE_SECONDS + TRY_SECONDS > self._end:
                    raise
                logger.warning("not answered yet", extra={"cause": type(error).__name__})
            time.sleep(PAUSE_SECONDS)
