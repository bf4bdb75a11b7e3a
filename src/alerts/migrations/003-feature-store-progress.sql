-- How far the counters in Redis had come when they were last looked at, one row for each of their key prefixes: what a loss is
-- noticed by that nobody lived through. Written every few seconds by each worker; grant INSERT, UPDATE and SELECT.

CREATE TABLE feature_store_progress (
  key_prefix  text PRIMARY KEY,
  -- milliseconds: when the data began, or were rebuilt
  epoch_ms    bigint NOT NULL,
  -- chunks that were counted since
  mark        bigint NOT NULL,
  seen_at     timestamptz NOT NULL DEFAULT now()
);
