-- Is there an alert that nobody has closed, of a decision made from $1 up to $2?
SELECT 1 FROM alerts WHERE status <> 'closed' AND decided_at >= $1::timestamptz AND decided_at < $2::timestamptz LIMIT 1
