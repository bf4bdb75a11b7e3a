-- The decision that stands under each of some keys ($1, in their order): the real one, else the newest fallback that its
-- channel got. As decision-in-force.sql, once for each key: no index on the id alone, which every decision would have to pay for.
SELECT found.bytes
FROM unnest($1::bytea[]) WITH ORDINALITY AS asked (transaction_key, n)
CROSS JOIN LATERAL (
  SELECT bytes FROM (
    SELECT d.bytes, d.provisional, d.decided_at, d.occurred_at, d.record_key
    FROM decision_keys k JOIN decisions d ON d.record_key = k.record_key AND d.decided_at = k.decided_at
    WHERE k.record_key = asked.transaction_key
    UNION ALL
    SELECT d.bytes, d.provisional, d.decided_at, d.occurred_at, d.record_key
    FROM decisions d WHERE d.transaction_key = asked.transaction_key AND d.provisional
  ) AS candidate
  ORDER BY provisional, decided_at DESC, occurred_at DESC NULLS LAST, record_key DESC
  LIMIT 1
) AS found
ORDER BY asked.n
