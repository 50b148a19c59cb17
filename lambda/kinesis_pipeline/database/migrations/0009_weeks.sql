-- All events, week by week. A part's key finds an event in it; that it is in no other part, event_ids says.
CREATE TABLE stored_events (LIKE events INCLUDING DEFAULTS) PARTITION BY RANGE (stored_at);
CREATE INDEX stored_events_by_source ON stored_events (source);
CREATE INDEX stored_events_by_customer ON stored_events (customer_id, occurred_at);
DROP TRIGGER new_events_only ON events;  -- each part has that of the whole
CREATE TRIGGER new_events_only BEFORE INSERT ON stored_events FOR EACH ROW EXECUTE FUNCTION event_is_new();
DO $$
DECLARE
    until text := (
        SELECT substring(pg_get_constraintdef(oid) FROM '''([^'']+)''')
        FROM pg_constraint WHERE conname = 'events_until' AND conrelid = 'events'::regclass
    );
BEGIN
    EXECUTE format('ALTER TABLE stored_events ATTACH PARTITION events FOR VALUES FROM (MINVALUE) TO (%L)', until);
END
$$;
ALTER TABLE events DROP CONSTRAINT events_until;
-- An event whose week nobody has made is stored all the same, here, and moved when there is its week. Without this
-- PostgreSQL would refuse it with the code for wrong data.
CREATE TABLE events_without_week (LIKE events INCLUDING DEFAULTS, PRIMARY KEY (event_id));
ALTER TABLE stored_events ATTACH PARTITION events_without_week DEFAULT;

-- stored_at is the database's own. An event that comes again is looked for in the week in which it was stored.
GRANT INSERT (event_id, event_type, source, occurred_at, customer_id, amount, currency, attributes, unmapped,
              shard_id, sequence_number, sub_sequence_number, arrived_at),
      SELECT (event_id, event_type, source, occurred_at, customer_id, amount, currency, attributes, unmapped, stored_at)
ON stored_events TO pipeline_consumer;
GRANT SELECT (event_id, stored_at) ON event_ids TO pipeline_consumer;
