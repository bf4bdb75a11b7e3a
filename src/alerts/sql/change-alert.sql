-- What an action made of an alert ($1 key); the caller holds its row's lock and has compared the version.
UPDATE alerts SET status = $2, assignee = $3, disposition = $4, note = $5, version = $6 WHERE alert_key = $1
