-- Rules the tables cannot say by themselves: append-only records, counters of change, row-level security.

CREATE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event
  FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
CREATE TRIGGER submission_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON submission
  FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
CREATE TRIGGER clock_fact_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON clock_fact
  FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();

-- A published definition is immutable: its files are never changed, its row only retires.
CREATE FUNCTION forbid_published_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM definition d WHERE d.id = OLD.definition_id AND d.status <> 'draft') THEN
    RAISE EXCEPTION 'files of a published definition are never changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER definition_file_immutable BEFORE UPDATE OR DELETE ON definition_file
  FOR EACH ROW EXECUTE FUNCTION forbid_published_change();

-- Counts changes of the registers that processes hold in memory.
CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO register_stamp (name, version) VALUES (TG_TABLE_NAME, 1)
    ON CONFLICT (name) DO UPDATE SET version = register_stamp.version + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER limit_rule_stamp AFTER INSERT OR UPDATE OR DELETE ON limit_rule
  FOR EACH STATEMENT EXECUTE FUNCTION count_change();
CREATE TRIGGER limit_setting_stamp AFTER INSERT OR UPDATE OR DELETE ON limit_setting
  FOR EACH STATEMENT EXECUTE FUNCTION count_change();
CREATE TRIGGER calendar_year_stamp AFTER INSERT OR UPDATE OR DELETE ON calendar_year
  FOR EACH STATEMENT EXECUTE FUNCTION count_change();

-- Second wall behind the permission function: who does not take part in a case does not see its rows.
-- Settings are made per transaction by registers.db; without them nothing is visible.
CREATE FUNCTION sees_case_row(enterprise uuid, bodies uuid[], opener uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT current_setting('app.everything', true) = 'on'
      OR enterprise = nullif(current_setting('app.enterprise', true), '')::uuid
      OR bodies && string_to_array(nullif(current_setting('app.bodies', true), ''), ',')::uuid[]
      OR (enterprise IS NULL AND opener = nullif(current_setting('app.user', true), '')::uuid)
$$;

ALTER TABLE cases ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases FORCE ROW LEVEL SECURITY;
CREATE POLICY cases_seen ON cases USING (sees_case_row(enterprise_id, body_ids, opened_by));

DO $$
DECLARE child text;
BEGIN
  FOREACH child IN ARRAY ARRAY['task', 'submission', 'draft', 'event', 'deadline', 'incident', 'matter',
                               'clock_fact', 'letter', 'case_file', 'clock_alarm'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', child);
    EXECUTE format(
      'CREATE POLICY %I ON %I USING (current_setting(''app.everything'', true) = ''on'''
      ' OR EXISTS (SELECT 1 FROM cases c WHERE c.id = case_id))', child || '_seen', child);
  END LOOP;
END $$;
