-- What was done with one alert ($1 key), oldest first.
SELECT
  seq::float8 AS seq, alert_id, kind, actor, (extract(epoch FROM at) * 1000)::float8 AS at_ms, from_status, to_status,
  version, disposition, note, hash
FROM alert_actions
WHERE alert_key = $1
ORDER BY seq
