"""Two regions in memory, as a drill sees them: their APIs by a client that sends nothing, and their AWS."""

import threading
from collections.abc import Mapping
from typing import Any

from lib.disaster_recovery.drill.load import Response
from lib.disaster_recovery.drill.scenario import DrillTarget
from lib.disaster_recovery.settings import PRIMARY, SECONDARY, Settings

URLS = {PRIMARY: "http://primary", SECONDARY: "http://secondary"}


class Regions:
    """What both regions hold; faults are switched on by their names.

    Faults: ``unreplicated`` (the primary region's last payments never arrive), ``unfenced`` (the returned region
    takes payments), ``twice`` (another payment under a key), ``blind`` (the check sees no outage).
    """

    def __init__(self, settings: Settings, *faults: str) -> None:
        self.settings, self.faults = settings, set(faults)
        self.items: dict[str, dict[str, dict[str, Any]]] = {PRIMARY: {}, SECONDARY: {}}
        self.writer, self.epoch, self.database = settings.primary.region, 0, settings.primary.region
        self.cut_off, self.whole, self.lock = False, True, threading.Lock()
        self.told: list[tuple[str, str]] = []

    def drill_target(self) -> DrillTarget:
        """Return these regions as a place for a drill."""
        return DrillTarget(self.settings, FailoverOperations(self), URLS, self.cut, self.restore, 0.01)  # type: ignore[arg-type]

    def cut(self) -> None:
        self.cut_off = "blind" not in self.faults

    def restore(self) -> None:
        self.cut_off = False

    # --- the API

    def send(self, method: str, url: str, body: Mapping[str, Any] | None = None, key: str = "") -> Response:
        region_config = next(
            region_config for region_config in self.settings.region_configs if url.startswith(URLS[region_config.role])
        )
        if self.cut_off and region_config.role == PRIMARY:
            return Response(0, {"code": "NewConnectionError"})
        with self.lock:
            if "/health/" in url:
                return Response(
                    200 if self.whole and ("writer" not in url or self.writer == region_config.region) else 503, {}
                )
            unfenced = "unfenced" in self.faults and key.endswith("-fence")
            if self.writer != region_config.region and not unfenced:
                return Response(503, {"code": "region_passive"})
            return self._store(region_config.role, region_config.region, dict(body or {}), key)

    def _store(self, role: str, region: str, body: dict[str, Any], key: str) -> Response:
        again = key in self.items[role]
        item = {"payment_id": {"S": f"pay-{key}"}, "drill": body["drill"]}
        self.items[role].setdefault(key, item)
        if not (role == PRIMARY and "unreplicated" in self.faults):
            self.items[SECONDARY if role == PRIMARY else PRIMARY].setdefault(key, item)
        if "twice" in self.faults:
            self.items[role][key] = item | {"payment_id": {"S": f"pay-{key}-again"}}
        return Response(201, {"payment_id": f"pay-{key}", "region": region, "epoch": self.epoch}, again)

    def close(self) -> None:
        self.told.append(("closed", ""))

    # --- the steps

    def writer_of(self) -> tuple[str, int]:
        return self.writer, self.epoch

    def writer_apart(self, _side: Any) -> int:
        return 0

    def database_writer(self, _side: Any) -> str:
        return self.database

    def fail_over(self, to: Any) -> None:
        self.database = to.region

    def switch_over(self, to: Any, *, asked: Any) -> None:
        self.database = to.region

    def move_writer(self, to: Any, *, through: Any) -> int:
        with self.lock:
            self.writer, self.epoch = to.region, self.epoch + 1
            return self.epoch

    def pause(self, writing: Any, other: Any) -> int:
        with self.lock:
            self.writer, self.epoch = "nobody", self.epoch + 1
            return self.epoch

    def stored(self, region_config: Any, keys: Any) -> dict[str, Any]:
        with self.lock:
            return {key: self.items[region_config.role][key] for key in keys if key in self.items[region_config.role]}

    def others(self, region_config: Any, run: str, keys: Any) -> set[str]:
        return {key for key, item in self.items[region_config.role].items() if item["drill"] == run and key not in keys}


class FailoverOperations:
    """The regions as those of :mod:`lib.disaster_recovery.drill.operations`, whose ``writer`` is a method."""

    def __init__(self, regions: Regions) -> None:
        self._regions = regions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._regions, name)

    def writer(self, _side: Any) -> tuple[str, int]:
        return self._regions.writer_of()
