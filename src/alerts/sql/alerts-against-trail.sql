-- Alerts whose state is not what their last action in the audit trail left, among the $2 behind the key $1; and the last key
-- of those. One statement is one snapshot: an action that is being written shows in both or in neither.
WITH page AS (
  SELECT * FROM alerts WHERE alert_key > $1 ORDER BY alert_key LIMIT $2
), compared AS (
  SELECT page.alert_key, page.alert_id, coalesce(last.seq, 0)::float8 AS seq,
    (page.version, page.status, page.disposition, page.note)
      IS DISTINCT FROM (coalesce(last.version, 1), coalesce(last.to_status, 'open'), last.disposition, last.note)
    OR (page.status = 'open' AND page.assignee IS NOT NULL)
    OR (page.status = 'claimed' AND page.assignee IS DISTINCT FROM last.actor) AS differs
  FROM page LEFT JOIN LATERAL (
    SELECT * FROM alert_actions WHERE alert_actions.alert_key = page.alert_key ORDER BY seq DESC LIMIT 1
  ) AS last ON true
)
SELECT
  (SELECT alert_key FROM compared ORDER BY alert_key DESC LIMIT 1) AS last_key,
  (SELECT alert_id FROM compared WHERE differs ORDER BY alert_key LIMIT 1) AS alert_id,
  (SELECT seq FROM compared WHERE differs ORDER BY alert_key LIMIT 1) AS seq
