-- The table of before becomes the first part of the events: what is stored until a Monday in four to five weeks. The code
-- of before goes on with it until then. PostgreSQL believes a constraint that was looked at, and reads nothing when the
-- table becomes a part. https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-ATTACH-PARTITION
DO $$
BEGIN
    EXECUTE format(
        'ALTER TABLE events ADD CONSTRAINT events_until CHECK (stored_at < %L) NOT VALID',
        (date_trunc('week', now() AT TIME ZONE 'UTC') + interval '5 weeks') AT TIME ZONE 'UTC'
    );
END
$$;
