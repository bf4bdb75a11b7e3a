-- The versions of the configuration that workers share, who approved them, and what came into force when. Only ever added to:
-- grant the application's role INSERT and SELECT (and DELETE on config_files: texts of versions that workers took from
-- their own folders are kept for the newest alone, or a list of 20 MB that changes each minute would fill the disk).

CREATE TABLE config_versions (
  hash         text PRIMARY KEY,
  author       text NOT NULL,
  proposed_at  timestamptz NOT NULL,
  from_folder  boolean NOT NULL
);
CREATE INDEX config_versions_from_folders ON config_versions (proposed_at) WHERE from_folder;

CREATE TABLE config_files (
  hash  text NOT NULL REFERENCES config_versions,
  -- inside the configuration folder: rules/mule.yaml
  name  text NOT NULL,
  -- UTF-8, exactly what the hash was made of
  content bytea NOT NULL,
  PRIMARY KEY (hash, name)
);

CREATE TABLE config_approvals (
  seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hash         text NOT NULL REFERENCES config_versions,
  approver     text NOT NULL,
  approved_at  timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL
);
CREATE INDEX config_approvals_of_hash ON config_approvals (hash);

CREATE TABLE config_steps (
  seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind     text NOT NULL CHECK (kind IN ('activate', 'roll-back', 'folder')),
  hash     text NOT NULL REFERENCES config_versions,
  actor    text NOT NULL,
  at       timestamptz NOT NULL,
  due_at   timestamptz NOT NULL
);

CREATE FUNCTION refuse_change_of_config_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the history of the configuration is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER config_versions_append_only BEFORE UPDATE OR DELETE ON config_versions
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_config_history();
CREATE TRIGGER config_approvals_append_only BEFORE UPDATE OR DELETE ON config_approvals
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_config_history();
CREATE TRIGGER config_steps_append_only BEFORE UPDATE OR DELETE ON config_steps
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_config_history();
