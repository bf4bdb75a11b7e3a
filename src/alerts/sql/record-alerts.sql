-- Adds the alerts that are new; one for a decision, however often it is delivered.
--   $1 alert keys, $2 record keys, $3 customer keys: 32 bytes each, one behind the other; $4 created (ms), for all
WITH input AS (
  SELECT
    substring($1::bytea FROM (n::int - 1) * 32 + 1 FOR 32) AS alert_key,
    substring($2::bytea FROM (n::int - 1) * 32 + 1 FOR 32) AS record_key,
    substring($3::bytea FROM (n::int - 1) * 32 + 1 FOR 32) AS customer_key,
    item.*
  FROM unnest(
    $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::int[], $12::text[],
    $13::bigint[], $14::text[], $15::text[], $16::text[], $17::text[], $18::boolean[], $19::float8[], $20::float8[]
  ) WITH ORDINALITY AS item (
    alert_id, decision_id, transaction_id, channel, customer_id, outcome, risk_score, severity,
    amount_minor, currency, type, reasons, level, provisional, occurred_ms, decided_ms, n
  )
)
INSERT INTO alerts (
  alert_key, record_key, customer_key, alert_id, decision_id, transaction_id, channel, customer_id, outcome, risk_score,
  severity, amount_minor, currency, type, reasons, level, provisional, occurred_at, decided_at, created_at
)
SELECT
  alert_key, record_key, customer_key, alert_id, decision_id, transaction_id, channel, customer_id, outcome, risk_score,
  severity, amount_minor, currency, type, reasons, level, provisional,
  to_timestamp(occurred_ms / 1000), to_timestamp(decided_ms / 1000), to_timestamp($4::float8 / 1000)
FROM input
ORDER BY alert_key
ON CONFLICT (alert_key) DO NOTHING
