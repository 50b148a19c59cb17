"""Every code that the API answers with; docs/systems/disaster-recovery.md says what callers do about each."""

from problems import SHARED, ProblemType

RETRY_SECONDS, FAILOVER_SECONDS = 1, 5

REGION_PASSIVE = ProblemType("region_passive", 503, "Another region writes", FAILOVER_SECONDS)
WRITER_MALFORMED = ProblemType("writer_malformed", 503, "Nothing says which region writes", FAILOVER_SECONDS)
TABLE_BUSY = ProblemType("table_busy", 503, "The table refuses for the moment", RETRY_SECONDS)
TABLE_UNAVAILABLE = ProblemType("table_unavailable", 503, "The table does not answer", RETRY_SECONDS)
KEYS_UNAVAILABLE = ProblemType("keys_unavailable", 503, "The idempotency key cannot be hashed", RETRY_SECONDS)
OUTCOME_UNKNOWN = ProblemType("outcome_unknown", 503, "It is not known whether the payment was made", RETRY_SECONDS)

_OWN = (REGION_PASSIVE, WRITER_MALFORMED, TABLE_BUSY, TABLE_UNAVAILABLE, KEYS_UNAVAILABLE, OUTCOME_UNKNOWN)
CODES = {each.code: each for each in (*SHARED, *_OWN)}
