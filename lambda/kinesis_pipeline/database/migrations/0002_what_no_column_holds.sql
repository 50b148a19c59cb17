-- Without a rewrite of the table: https://www.postgresql.org/docs/17/ddl-alter.html#DDL-ALTER-ADDING-A-COLUMN
ALTER TABLE events
    ADD COLUMN unmapped jsonb NOT NULL DEFAULT '{}',            -- fields of the event that no other column holds
    ADD COLUMN sub_sequence_number integer NOT NULL DEFAULT 0;  -- which of the events in its record
