"""A headless Chromium for looking at a page, driven over two pipes: nothing but the standard library is needed.

The browser is the one named by ``TAP_BROWSER``, or one on the PATH, or the one that the npm package
``@sparticuz/chromium`` carries.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell")
UNPACK = "import('@sparticuz/chromium').then(m => m.default.executablePath()).then(p => console.log(p))"
# The package brings the libraries that a bare machine lacks, and unpacks them where it believes itself on Lambda.
LAMBDA = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x", "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--window-size=1340,1400",
)


class NoBrowser(AssertionError):
    """There is no browser: a page that nobody opened has not been tested."""


def _works(command: str, environ: Mapping[str, str]) -> bool:
    done = subprocess.run([command, "--version"], capture_output=True, env=environ, check=False)
    return done.returncode == 0


def find() -> tuple[str, dict[str, str]]:
    """Return a browser and the environment that it needs.

    Raises:
        NoBrowser: there is none.
    """
    environ = dict(os.environ)
    for name in filter(None, (environ.get("TAP_BROWSER"), *NAMES)):
        path = shutil.which(name)
        if path and _works(path, environ):
            return path, environ
    node = shutil.which("node") or str(ROOT / ".venv" / "bin" / "node")
    if (ROOT / "node_modules" / "@sparticuz" / "chromium").is_dir() and Path(node).exists():
        done = subprocess.run(
            [node, "-e", UNPACK], cwd=ROOT, env={**environ, **LAMBDA}, capture_output=True, text=True, check=False
        )
        path = done.stdout.strip()
        libraries = {**environ, "LD_LIBRARY_PATH": str(Path(tempfile.gettempdir()) / "al2023" / "lib")}
        for chosen in (environ, libraries):
            if path and _works(path, chosen):
                return path, chosen
    raise NoBrowser(
        "No browser to open report.html with: run scripts/test once (npm brings @sparticuz/chromium), install "
        "Chromium, or set TAP_BROWSER to one."
    )


class Page:
    """One page of a running browser."""

    def __init__(self, writing: int, reading: int) -> None:
        self._writing, self._reading, self._number, self._rest = writing, reading, 0, b""
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; events that come before it are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                found: dict[str, Any] = answer["result"]
                return found
            self.events.append(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            some = os.read(self._reading, 1 << 16)
            if not some:
                raise AssertionError("The browser has ended.")
            self._rest += some
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def wait(self, method: str) -> None:
        """Return when an event has come."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._read())

    def open(self, path: Path, scheme: str) -> None:
        """Open a file as somebody with a light or dark desktop sees it."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media="screen", features=features)
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.wait("Page.loadEventFired")

    def run(self, code: str) -> Any:
        """Return the value of an expression on the page; an exception there is one here."""
        found = self.call("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self, path: Path) -> Path:
        """Write a PNG of what is seen."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        return path

    def requests(self) -> list[str]:
        """Return every address that the page asked for."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def complaints(self) -> list[Any]:
        """Return what the browser complained about: exceptions, and what a policy forbade."""
        methods = ("Runtime.exceptionThrown", "Log.entryAdded")
        return [event["params"] for event in self.events if event.get("method") in methods]


@contextmanager
def browser() -> Iterator[Page]:
    """Run a browser and yield a page of it."""
    command, environ = find()
    to_browser, writing = os.pipe()
    reading, from_browser = os.pipe()

    def connect() -> None:
        os.dup2(to_browser, 63)
        os.dup2(from_browser, 64)
        os.dup2(63, 3)
        os.dup2(64, 4)

    with tempfile.TemporaryDirectory(prefix="tap-browser-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn  # the browser wants pipes 3 and 4
            [command, *FLAGS, f"--user-data-dir={folder}"],
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=connect,
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield Page(writing, reading)
        finally:
            os.close(writing)
            os.close(reading)
            process.terminate()
            process.wait(20)
