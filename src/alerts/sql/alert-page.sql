-- A page of alerts, newest first. $1 status, $2 customer key, $3 channel (null = any), $4 and $5 the place behind which it
-- starts (null = the newest), $6 how many
SELECT
  alert_key, alert_id, decision_id, transaction_id, channel, customer_id, outcome, risk_score, severity,
  amount_minor::text, currency, type, reasons, level, provisional, status, assignee, disposition, note, version,
  (extract(epoch FROM occurred_at) * 1000)::float8 AS occurred_ms,
  (extract(epoch FROM decided_at) * 1000)::float8 AS decided_ms,
  (extract(epoch FROM created_at) * 1000)::float8 AS created_ms
FROM alerts
WHERE ($1::text IS NULL OR status = $1)
  AND ($2::bytea IS NULL OR customer_key = $2)
  AND ($3::text IS NULL OR (left(channel, 64) = left($3, 64) AND channel = $3))
  AND ($4::float8 IS NULL OR (created_at, alert_key) < (to_timestamp($4::float8 / 1000), $5::bytea))
ORDER BY created_at DESC, alert_key DESC
LIMIT $6
