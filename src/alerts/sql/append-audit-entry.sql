-- One entry at the end of the audit trail; the caller holds the lock of audit_head.
INSERT INTO alert_actions (
  seq, alert_key, alert_id, kind, actor, at, from_status, to_status, version, disposition, note, hash
) VALUES ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000), $7, $8, $9, $10, $11, $12)
