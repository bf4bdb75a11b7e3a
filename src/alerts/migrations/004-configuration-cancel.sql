-- What is scheduled can be cancelled without taking anything out of force.
ALTER TABLE config_steps DROP CONSTRAINT config_steps_kind_check;
ALTER TABLE config_steps ADD CONSTRAINT config_steps_kind_check
  CHECK (kind IN ('activate', 'roll-back', 'folder', 'cancel'));
