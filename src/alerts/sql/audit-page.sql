-- Entries of the audit trail behind $1, in their order; $2 how many.
SELECT
  seq::float8 AS seq, alert_id, kind, actor, (extract(epoch FROM at) * 1000)::float8 AS at_ms, from_status, to_status,
  version, disposition, note, hash
FROM alert_actions
WHERE seq > $1
ORDER BY seq
LIMIT $2
