CREATE TABLE events (
    event_id        uuid PRIMARY KEY,
    event_type      text NOT NULL,
    source          text NOT NULL,
    occurred_at     timestamptz NOT NULL,
    customer_id     text NOT NULL,
    amount          numeric(19, 4) NOT NULL,
    currency        char(3) NOT NULL,
    attributes      jsonb NOT NULL,
    shard_id        text NOT NULL,
    sequence_number text NOT NULL,
    arrived_at      timestamptz NOT NULL,
    stored_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX events_by_source ON events (source);
CREATE INDEX events_by_customer ON events (customer_id, occurred_at);
