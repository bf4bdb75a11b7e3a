-- Decisions, alerts, the audit trail of what people did with them, and the offsets of the alert consumer.
--
-- *_key columns are sha256 of an id (32 bytes): ids of any length compare and index alike. Text that PostgreSQL cannot
-- hold (NUL, half surrogate pairs) is escaped by the store with U+001A and four hexadecimal digits.

-- One row for each decision that is kept, in one place over all months, so that the first decision for a transaction
-- stands: a unique index of a partitioned table would have to include the month. A real decision's record_key is its
-- transaction_key; a provisional one (the fallback for a refused message) has a key of its own and occupies no id.
CREATE TABLE decision_keys (
  record_key  bytea PRIMARY KEY CHECK (octet_length(record_key) = 32),
  decided_at  timestamptz NOT NULL
);
-- for the retention: rows arrive in order of decided_at, so a few pages of BRIN do
CREATE INDEX decision_keys_decided_at ON decision_keys USING brin (decided_at);

-- One partition a UTC month of decided_at (13 for a year: planning stays cheap, and a month is dropped in one step).
CREATE TABLE decisions (
  record_key      bytea NOT NULL,
  transaction_key bytea NOT NULL,
  customer_key    bytea NOT NULL,
  decided_at      timestamptz NOT NULL,
  occurred_at     timestamptz,
  provisional     boolean NOT NULL,
  decision_id     text NOT NULL,
  transaction_id  text NOT NULL,
  channel         text NOT NULL,
  customer_id     text NOT NULL,
  outcome         text NOT NULL,
  risk_score      integer NOT NULL,
  level           text NOT NULL,
  alert           boolean NOT NULL,
  -- UTF-8 JSON exactly as it was published
  bytes           bytea NOT NULL,
  PRIMARY KEY (record_key, decided_at)
) PARTITION BY RANGE (decided_at);

CREATE INDEX decisions_customer ON decisions (customer_key, decided_at DESC);
CREATE INDEX decisions_provisional ON decisions (transaction_key) WHERE provisional;

-- lz4 compresses 4 kB of JSON in a tenth of pglz's time; not every build has it
DO $$
BEGIN
  ALTER TABLE decisions ALTER COLUMN bytes SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END
$$;

-- Makes the partition of a month when it is missing. The new table is filled in before it is attached, so that writers of
-- other months do not wait (CREATE … PARTITION OF would lock them out).
CREATE FUNCTION ensure_decision_month(at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  first_day date := date_trunc('month', at AT TIME ZONE 'UTC')::date;
  next_month date := (first_day + interval '1 month')::date;
  partition text := 'decisions_' || to_char(first_day, 'YYYY_MM');
BEGIN
  IF to_regclass(quote_ident(partition)) IS NOT NULL THEN
    RETURN partition;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('vigil.ensure_decision_month'));
  BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE decisions INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION)', partition);
    EXECUTE format('ALTER TABLE decisions ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
      partition, first_day || ' 00:00:00+00', next_month || ' 00:00:00+00');
  EXCEPTION WHEN duplicate_table THEN
    -- whoever held the lock before has made it (the session's catalogue cache may not know yet, so asking is no use)
    NULL;
  END;
  RETURN partition;
END
$$;

CREATE TABLE alerts (
  alert_key       bytea PRIMARY KEY CHECK (octet_length(alert_key) = 32),
  alert_id        text NOT NULL,
  record_key      bytea NOT NULL,
  decision_id     text NOT NULL,
  transaction_id  text NOT NULL,
  channel         text NOT NULL,
  customer_key    bytea NOT NULL,
  customer_id     text NOT NULL,
  outcome         text NOT NULL,
  risk_score      integer NOT NULL,
  severity        text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  amount_minor    bigint,
  currency        text,
  type            text NOT NULL,
  -- JSON as text: jsonb refuses \u0000
  reasons         text NOT NULL,
  level           text NOT NULL,
  provisional     boolean NOT NULL,
  occurred_at     timestamptz NOT NULL,
  decided_at      timestamptz NOT NULL,
  created_at      timestamptz NOT NULL,
  status          text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'claimed', 'closed')),
  assignee        text,
  disposition     text CHECK (disposition IN ('confirmed_fraud', 'genuine', 'inconclusive')),
  note            text,
  version         integer NOT NULL DEFAULT 1 CHECK (version >= 1)
);
CREATE INDEX alerts_newest ON alerts (created_at DESC, alert_key DESC);
CREATE INDEX alerts_by_status ON alerts (status, created_at DESC, alert_key DESC);
CREATE INDEX alerts_by_customer ON alerts (customer_key, created_at DESC, alert_key DESC);
CREATE INDEX alerts_by_channel ON alerts (left(channel, 64), created_at DESC, alert_key DESC);
CREATE INDEX alerts_unfinished ON alerts (status) WHERE status <> 'closed';

-- Closed alerts are counted as they are closed (people's pace); open and claimed ones are few and counted when asked.
CREATE TABLE alert_totals (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  closed    bigint NOT NULL DEFAULT 0
);
INSERT INTO alert_totals DEFAULT VALUES;

-- Append-only and chained by sha256 (see audit-chain.ts). Grant the application's role INSERT and SELECT only.
CREATE TABLE alert_actions (
  seq          bigint PRIMARY KEY,
  alert_key    bytea NOT NULL,
  alert_id     text NOT NULL,
  kind         text NOT NULL,
  actor        text NOT NULL,
  at           timestamptz NOT NULL,
  from_status  text NOT NULL,
  to_status    text NOT NULL,
  version      integer NOT NULL,
  disposition  text,
  note         text,
  hash         bytea NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE INDEX alert_actions_of_alert ON alert_actions (alert_key, seq);

CREATE TABLE audit_head (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  seq       bigint NOT NULL,
  hash      bytea NOT NULL
);
INSERT INTO audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION refuse_change_of_audit_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER alert_actions_append_only BEFORE UPDATE OR DELETE ON alert_actions
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit_trail();
CREATE TRIGGER alert_actions_no_truncate BEFORE TRUNCATE ON alert_actions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_trail();

-- The alert consumer's place in each partition, written in the transaction of what it read.
CREATE TABLE consumer_offsets (
  topic        text NOT NULL,
  partition    integer NOT NULL,
  next_offset  bigint,
  updated_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition)
);
