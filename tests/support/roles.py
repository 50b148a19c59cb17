"""What an application's role may do in PostgreSQL, each right on its own, as the catalogue says; what it may not."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection, identifier, literal

from lib.local_cloud.names import HOST
from lib.local_cloud.servers.postgres import Postgres
from tests.support import functions
from tests.support.database import verified

DENIED = "42501"
# Who may not use a schema does not find what is in it: insufficient privilege, undefined table, undefined function.
# https://www.postgresql.org/docs/17/errcodes-appendix.html
REFUSED = frozenset({DENIED, "42P01", "42883"})
# https://www.postgresql.org/docs/17/ddl-priv.html: rights on the database, its schemas, tables, columns and functions.
RIGHTS = """
SELECT privilege_type, 'DATABASE ' || quote_ident(datname), NULL
FROM pg_database, aclexplode(datacl) WHERE grantee = to_regrole(:role) AND datname = current_database()
UNION ALL
SELECT privilege_type, 'SCHEMA ' || quote_ident(nspname), NULL
FROM pg_namespace, aclexplode(nspacl) WHERE grantee = to_regrole(:role)
UNION ALL
SELECT privilege_type, CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || oid::regclass, NULL
FROM pg_class, aclexplode(relacl) WHERE grantee = to_regrole(:role)
UNION ALL
SELECT privilege_type, 'TABLE ' || attrelid::regclass, quote_ident(attname)
FROM pg_attribute, aclexplode(attacl) WHERE grantee = to_regrole(:role)
UNION ALL
SELECT privilege_type, 'FUNCTION ' || oid::regprocedure, NULL
FROM pg_proc, aclexplode(proacl) WHERE grantee = to_regrole(:role)
ORDER BY 2, 3, 1
"""
# What everybody may do in the database because nobody has taken it away; NULL is what PostgreSQL grants by itself.
PUBLIC = """
SELECT 'DATABASE ' || datname || ' ' || privilege_type
FROM pg_database, aclexplode(COALESCE(datacl, acldefault('d', datdba)))
WHERE grantee = 0 AND datname = current_database()
UNION ALL
SELECT 'SCHEMA ' || nspname || ' ' || privilege_type
FROM pg_namespace, aclexplode(COALESCE(nspacl, acldefault('n', nspowner))) WHERE grantee = 0 AND nspname = 'public'
UNION ALL
SELECT 'TABLE ' || oid::regclass || ' ' || privilege_type
FROM pg_class, aclexplode(relacl) WHERE grantee = 0 AND relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'FUNCTION ' || p.oid::regprocedure || ' ' || privilege_type
FROM pg_proc p, aclexplode(COALESCE(proacl, acldefault('f', proowner)))
WHERE grantee = 0 AND pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'COLUMN ' || attrelid::regclass || '.' || attname || ' ' || privilege_type
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid, aclexplode(attacl)
WHERE grantee = 0 AND relnamespace = 'public'::regnamespace
"""


def sign_in(server: Postgres, user: str, database: str) -> Connection:
    """Return a connection as a role that is in ``rds_iam``, with a token."""
    client = functions.session().client("rds")
    token = client.generate_db_auth_token(DBHostname=HOST, Port=server.port, DBUsername=user)
    return Connection(
        user, password=token, host=HOST, port=server.port, database=database, ssl_context=verified(server)
    )


@dataclass(frozen=True)
class Right:
    """One right of a role."""

    role: str
    privilege: str
    place: str
    column: str | None

    def __str__(self) -> str:
        columns = f" ({self.column})" if self.column else ""
        return f"{self.privilege}{columns} ON {self.place}"

    @contextmanager
    def taken(self, owner: Connection) -> Iterator[None]:
        """Take it away for a while."""
        owner.run(f"REVOKE {self} FROM {identifier(self.role)}")
        try:
            yield
        finally:
            owner.run(f"GRANT {self} TO {identifier(self.role)}")


def rights(owner: Connection, role: str) -> list[Right]:
    """Return every right that was granted to the role itself, in a database of its owner's."""
    return [Right(role, *row) for row in owner.run(RIGHTS, role=role)]


def public(owner: Connection) -> list[str]:
    """Return the rights that every role has in the database."""
    return [text for (text,) in owner.run(PUBLIC)]


def unneeded(owner: Connection, role: str, refused: Callable[[], bool]) -> list[str]:
    """Return the rights of the role that the application does without.

    Args:
        owner: a connection of the owner's of everything.
        role: the application's.
        refused: does all that the application does, and tells whether PostgreSQL refused any of it for want of a right.
    """
    assert not refused(), "it is refused with all of its rights"
    found = []
    for right in rights(owner, role):
        with right.taken(owner):
            if not refused():
                found.append(str(right))
    assert not refused()
    return found


class Refusals:
    """Listens to what a function's Database hears from the server, whatever the function makes of it."""

    def __init__(self, database: Any) -> None:
        self._database, self.codes = database, list[str]()
        self._judge = database._judge  # pylint: disable=protected-access  # every error of the server's passes here

    def __enter__(self) -> "Refusals":
        self._database._judge = self._listen  # pylint: disable=protected-access
        return self

    def __exit__(self, *_error: object) -> None:
        del self._database._judge  # pylint: disable=protected-access

    @property
    def any(self) -> bool:
        """Whether a right was missing."""
        return not REFUSED.isdisjoint(self.codes)

    def _listen(self, error: Any, *others: Any, **more: Any) -> Any:
        detail = error.args[0] if error.args and isinstance(error.args[0], Mapping) else {}
        self.codes.append(getattr(error, "sqlstate", None) or str(detail.get("C", "")))
        return self._judge(error, *others, **more)


def forbidden(table: str, column: str, master: str) -> list[str]:
    """Return statements that no application's role may run, for one of its tables."""
    return [
        f"DROP TABLE {table}",
        f"ALTER TABLE {table} ADD COLUMN more text",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} OWNER TO CURRENT_USER",
        f"TRUNCATE {table}",
        f"CREATE INDEX ON {table} ({column})",
        f"CREATE TRIGGER more AFTER INSERT ON {table} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        f"COPY {table} TO PROGRAM 'cat'",
        f"COPY {table} FROM '/etc/passwd'",
        "CREATE TABLE more (n int)",
        "CREATE TEMPORARY TABLE more (n int)",
        "CREATE SCHEMA more",
        "CREATE FUNCTION public.more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE ROLE more",
        f"ALTER ROLE {identifier(master)} PASSWORD 'more'",
        f"GRANT {identifier(master)} TO CURRENT_USER",
        f"SET ROLE {identifier(master)}",
        f"SET SESSION AUTHORIZATION {identifier(master)}",
        "SET ROLE rds_superuser",
        "SET session_replication_role = replica",
        "ALTER DATABASE {database} SET work_mem = '1GB'",
        "ALTER DATABASE {database} RENAME TO more",
        "SELECT * FROM pg_authid",
        "SELECT * FROM pg_stat_file('PG_VERSION')",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user",
        "SELECT * FROM schema_migrations",
        "DELETE FROM schema_migrations",
        "SELECT * FROM other.secrets",
    ]


def allowed(connection: Connection, owner: Connection, statements: list[str]) -> list[str]:
    """Return those of the statements that PostgreSQL does not refuse for want of a right; they are undone.

    Args:
        connection: the application's role.
        owner: makes the schema ``other``, which is somebody else's, for that time.
        statements: what to try.
    """
    ((database,),) = owner.run("SELECT current_database()")
    owner.run("CREATE SCHEMA other; CREATE TABLE other.secrets (n int)")
    found = []
    try:
        for statement in statements:
            connection.run("BEGIN")
            try:
                connection.run(statement.replace("{database}", identifier(database)))
                found.append(statement)
            except DatabaseError as error:
                if error.args[0]["C"] != DENIED:
                    found.append(f"{statement} ({error.args[0]['C']} {error.args[0]['M']})")
            finally:
                connection.run("ROLLBACK")
    finally:
        owner.run("DROP SCHEMA other CASCADE")
    return found


def passed_on(connection: Connection, owner: Connection, *tables: str) -> list[str]:
    """Return the rights on the tables that the role could give everybody; PostgreSQL only warns where it could not."""
    for table in tables:
        with suppress(DatabaseError):
            connection.run(f"GRANT ALL ON {table} TO PUBLIC")
    return public(owner)


def attributes(owner: Connection, role: str) -> dict[str, Any]:
    """Return what the role is, by itself and by the roles that it is a member of."""
    ((*flags, members),) = owner.run(
        "SELECT rolcanlogin, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls, "
        "(SELECT array_agg(roleid::regrole::text) FROM pg_auth_members WHERE member = r.oid) "
        f"FROM pg_roles r WHERE rolname = {literal(role)}"
    )
    return {"login": flags[0], "powers": flags[1], "member of": members}
