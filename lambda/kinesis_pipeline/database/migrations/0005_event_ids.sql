-- Which events are stored, and when. The table of events comes in weeks, each of which can go as a whole, and PostgreSQL
-- has no unique index over several of them: what makes an event one row is this table. Whoever inserts an event takes its
-- id here first; who finds it taken inserts nothing.
-- https://www.postgresql.org/docs/17/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-LIMITATIONS
CREATE TABLE event_ids (
    event_id  uuid PRIMARY KEY,
    stored_at timestamptz NOT NULL
);
CREATE INDEX event_ids_by_time ON event_ids (stored_at);  -- ids go when their weeks have gone

-- As its owner: whoever inserts events needs no right to these ids, and cannot forget one.
CREATE FUNCTION event_is_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.event_ids (event_id, stored_at) VALUES (NEW.event_id, NEW.stored_at)
    ON CONFLICT (event_id) DO NOTHING;
    RETURN CASE WHEN FOUND THEN NEW END;
END
$$;
CREATE TRIGGER new_events_only BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION event_is_new();
