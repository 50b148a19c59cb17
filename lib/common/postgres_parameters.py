"""The parameters of every PostgreSQL that a stack declares: TLS for everyone, and a log without what callers send.

RDS exports the server's log to CloudWatch, where more people read than in the database. What is not said here about the
log would bring values into it: the parameters of a slow statement or of one that failed, the key of a row that is there
already (DETAIL), the text of a statement that failed.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.Query_Logging.html
https://www.postgresql.org/docs/17/runtime-config-logging.html
"""

from collections.abc import Mapping

TLS: Mapping[str, str] = {"rds.force_ssl": "1", "ssl_min_protocol_version": "TLSv1.2"}
LOG: Mapping[str, str] = {
    "log_min_duration_statement": "1000",  # milliseconds
    "log_lock_waits": "1",
    "log_statement": "ddl",  # every change of the schema
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
PARAMETERS: Mapping[str, str] = {**TLS, **LOG}
