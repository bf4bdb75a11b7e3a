-- The newest decisions in force of a customer ($1 key, $2 how many), over all channels and months. A fallback whose
-- transaction was decided later is left out.
SELECT d.bytes
FROM decisions d
WHERE d.customer_key = $1
  AND NOT (d.provisional AND EXISTS (SELECT 1 FROM decision_keys k WHERE k.record_key = d.transaction_key))
ORDER BY d.decided_at DESC, d.occurred_at DESC NULLS LAST, d.record_key DESC
LIMIT $2
