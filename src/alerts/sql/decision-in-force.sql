-- The decision that stands for a transaction ($1 its key): the real one, else the newest fallback that its channel got.
-- The key's row names the month, so that one partition is read.
SELECT bytes FROM (
  SELECT d.bytes, d.provisional, d.decided_at, d.occurred_at, d.record_key
  FROM decision_keys k JOIN decisions d ON d.record_key = k.record_key AND d.decided_at = k.decided_at
  WHERE k.record_key = $1
  UNION ALL
  SELECT d.bytes, d.provisional, d.decided_at, d.occurred_at, d.record_key
  FROM decisions d WHERE d.transaction_key = $1 AND d.provisional
) AS found
ORDER BY provisional, decided_at DESC, occurred_at DESC NULLS LAST, record_key DESC
LIMIT 1
