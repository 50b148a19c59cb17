"""Which tables are read from end to end, and how many rows that takes."""

from collections.abc import Callable

READ = "SELECT relname, {} FROM pg_stat_user_tables"


def rows_read(run: Callable[[str], list[tuple[str, int]]], how: str = "seq_tup_read") -> dict[str, int]:
    """Return by table how many rows were read in its order, or by its indexes.

    Each server process keeps what it has counted for a second or more; it is told to publish it.
    https://www.postgresql.org/docs/17/monitoring-stats.html#MONITORING-STATS-FUNCTIONS

    Args:
        run: runs a statement by the connection whose work is counted.
        how: a column of ``pg_stat_user_tables``; by indexes it is ``idx_tup_fetch``.
    """
    run("SELECT 'published', pg_stat_force_next_flush() IS NULL")
    run("SELECT 'again', pg_stat_clear_snapshot() IS NULL")
    return dict(run(READ.format(f"COALESCE({how}, 0)")))
