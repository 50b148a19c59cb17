"""What production asks for and no other environment does."""

from collections.abc import Mapping

ON_DUTY: Mapping[str, str] = {"ALARM_EMAIL": "team@example.com", "PLAIN_HTTP": "accepted"}
PRODUCTION: Mapping[str, str] = {"ENVIRONMENT": "production", **ON_DUTY}
