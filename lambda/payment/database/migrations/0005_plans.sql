-- PostgreSQL keeps a statement's plan for as long as a connection lives. On a table that was empty, or small when it was
-- last analyzed, the cheapest plan reads all rows, and it is still in use when there are thousands: until autovacuum's
-- next visit, once a minute at most. Each statement of the API has an index for what it needs.
-- https://www.postgresql.org/docs/17/sql-prepare.html
-- https://www.postgresql.org/docs/17/runtime-config-query.html#GUC-ENABLE-SEQSCAN
ALTER ROLE payment_api SET enable_seqscan = off;
