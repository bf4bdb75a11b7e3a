-- One alert by its key. The caller appends FOR UPDATE when it is going to change it.
SELECT
  alert_key, alert_id, decision_id, transaction_id, channel, customer_id, outcome, risk_score, severity,
  amount_minor::text, currency, type, reasons, level, provisional, status, assignee, disposition, note, version,
  (extract(epoch FROM occurred_at) * 1000)::float8 AS occurred_ms,
  (extract(epoch FROM decided_at) * 1000)::float8 AS decided_ms,
  (extract(epoch FROM created_at) * 1000)::float8 AS created_ms
FROM alerts
WHERE alert_key = $1
