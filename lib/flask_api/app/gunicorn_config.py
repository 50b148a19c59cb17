"""How gunicorn serves the API: https://gunicorn.org/reference/settings/ has every name that is used here."""

import sys
from pathlib import Path

from gunicorn import glogging  # type: ignore[import-untyped]  # gunicorn has no types

from . import logs
from .settings import SettingError, Settings
from .worker import Worker

# pylint: disable=invalid-name  # the names are gunicorn's

try:
    chosen = Settings.read()
except SettingError as wrong:
    sys.exit(str(wrong))  # one sentence, no traceback


class Logger(glogging.Logger):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's messages as JSON like all others; the API itself writes the line for each request."""

    def setup(self, cfg: object) -> None:
        """Replace gunicorn's handlers."""
        super().setup(cfg)
        logs.configure(chosen.log_level)


bind = f"{chosen.host}:{chosen.port}"
workers = chosen.workers
threads = chosen.threads
worker_class = Worker
logger_class = Logger
loglevel = chosen.log_level
# Loaded once, before the workers are forked: a quicker start, and their memory is shared.
preload_app = True
# After SIGTERM: what was accepted is finished. The task's stopTimeout has to be longer.
graceful_timeout = 30
# Gunicorn's workers show that they live by touching a file, which on a disk may block.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # gunicorn's own advice for containers
control_socket_disable = True


def post_worker_init(worker: Worker) -> None:
    """Open the worker's own pool, and let readiness know when the worker has to stop."""
    shop = worker.wsgi.extensions["shop"]
    shop.health.draining = lambda: not worker.alive
    shop.health.stuck = lambda: getattr(worker, "stuck", False)
    shop.database.open()
    shop.hashes.prepare()
    shop.rehash.start()


def worker_exit(_server: object, worker: Worker) -> None:
    """Close the pool after the last request."""
    if worker.wsgi is not None:
        shop = worker.wsgi.extensions["shop"]
        shop.rehash.stop()
        shop.database.close()
