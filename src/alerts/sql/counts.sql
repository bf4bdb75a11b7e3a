-- Open and claimed alerts through their small partial index; closed ones from the running total.
SELECT
  count(*) FILTER (WHERE status = 'open')::float8 AS open,
  count(*) FILTER (WHERE status = 'claimed')::float8 AS claimed,
  (SELECT closed::float8 FROM alert_totals) AS closed
FROM alerts
WHERE status <> 'closed'
