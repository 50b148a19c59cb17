-- no transaction
-- It reads all rows, and keeps nobody from writing: https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-NOTES
ALTER TABLE events VALIDATE CONSTRAINT events_until;
