-- Keeps the decisions whose identity is new and answers their places in the batch.
--   $1 record keys, $2 transaction keys, $3 customer keys: 32 bytes each, one behind the other
--   $4 decided, $5 occurred (ms), $6 provisional, $7 decision id, $8 transaction id, $9 channel, $10 customer id,
--   $11 outcome, $12 risk score, $13 level, $14 alert
--   $15 the decisions' bytes one behind the other, $16 where each starts (from 1), $17 its length
-- Binary parameters instead of bytea[]: an array would travel as hexadecimal text, twice as long.
-- Keys are inserted in their order: two consumers that meet wait for each other instead of deadlocking.
WITH input AS MATERIALIZED (
  SELECT
    n::int AS n,
    substring($1::bytea FROM (n::int - 1) * 32 + 1 FOR 32) AS record_key,
    substring($2::bytea FROM (n::int - 1) * 32 + 1 FOR 32) AS transaction_key,
    substring($3::bytea FROM (n::int - 1) * 32 + 1 FOR 32) AS customer_key,
    to_timestamp(decided_ms / 1000) AS decided_at,
    to_timestamp(occurred_ms / 1000) AS occurred_at,
    provisional, decision_id, transaction_id, channel, customer_id, outcome, risk_score, level, alert,
    starts_at, length
  FROM unnest(
    $4::float8[], $5::float8[], $6::boolean[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::text[], $12::int[], $13::text[], $14::boolean[], $16::int[], $17::int[]
  ) WITH ORDINALITY AS item (
    decided_ms, occurred_ms, provisional, decision_id, transaction_id, channel, customer_id,
    outcome, risk_score, level, alert, starts_at, length, n
  )
), fresh AS (
  INSERT INTO decision_keys (record_key, decided_at)
  SELECT record_key, decided_at FROM input ORDER BY record_key
  ON CONFLICT (record_key) DO NOTHING
  RETURNING record_key
), kept AS (
  INSERT INTO decisions (
    record_key, transaction_key, customer_key, decided_at, occurred_at, provisional, decision_id, transaction_id,
    channel, customer_id, outcome, risk_score, level, alert, bytes
  )
  SELECT
    record_key, transaction_key, customer_key, decided_at, occurred_at, provisional, decision_id, transaction_id,
    channel, customer_id, outcome, risk_score, level, alert, substring($15::bytea FROM starts_at FOR length)
  FROM input JOIN fresh USING (record_key)
)
SELECT n FROM input JOIN fresh USING (record_key) ORDER BY n
