-- Removes up to $3 keys of decisions made from $1 up to $2, and says how many.
WITH removed AS (
  DELETE FROM decision_keys
  WHERE record_key IN (
    SELECT record_key FROM decision_keys WHERE decided_at >= $1::timestamptz AND decided_at < $2::timestamptz LIMIT $3
  )
  RETURNING 1
)
SELECT count(*)::int AS removed FROM removed
