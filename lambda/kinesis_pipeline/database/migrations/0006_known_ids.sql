-- no transaction
-- The ids of the events that are stored already, in portions that are kept one by one: nobody waits for it, and it may
-- begin again. Who sends one of them again meanwhile has taken its id at a later time than the row's; the row's is right.
DO $$
DECLARE
    first uuid := '00000000-0000-0000-0000-000000000000';
    last uuid;
BEGIN
    LOOP
        SELECT event_id INTO last FROM events WHERE event_id >= first ORDER BY event_id OFFSET 10000 LIMIT 1;
        INSERT INTO event_ids (event_id, stored_at)
        SELECT event_id, stored_at FROM events
        WHERE event_id BETWEEN first AND COALESCE(last, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        ON CONFLICT (event_id) DO UPDATE SET stored_at = excluded.stored_at
        WHERE event_ids.stored_at <> excluded.stored_at;
        COMMIT;
        EXIT WHEN last IS NULL;
        first := last;
    END LOOP;
END
$$;
