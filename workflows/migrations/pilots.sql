-- What the tables of pilots, scoring and boards cannot say by themselves.

DO $$
DECLARE kept text;
BEGIN
  FOREACH kept IN ARRAY ARRAY['pilot_slip', 'pilot_deliverable', 'pilot_value', 'pilot_decision', 'pilot_status',
                              'evaluation_sheet', 'survey_answer'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()', kept || '_append_only', kept);
  END LOOP;
END $$;

-- A published scheme and a closed evaluation stay as they are.
CREATE FUNCTION forbid_settled_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a settled row of % is never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER scoring_scheme_immutable BEFORE UPDATE OR DELETE ON scoring_scheme
  FOR EACH ROW WHEN (OLD.status = 'published') EXECUTE FUNCTION forbid_settled_change();
CREATE TRIGGER evaluation_immutable BEFORE UPDATE OR DELETE ON evaluation
  FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION forbid_settled_change();

-- The boards' facts of a case are seen by whoever works for or supervises its leading body; what is asked of the settings
-- is asked once for a query, not for each of a hundred thousand rows.
DO $$
DECLARE board text;
BEGIN
  FOREACH board IN ARRAY ARRAY['board_case', 'board_task'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', board);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', board);
    EXECUTE format(
      'CREATE POLICY %I ON %I USING ((SELECT current_setting(''app.everything'', true) = ''on'')'
      ' OR body_id = ANY ((SELECT string_to_array(nullif(current_setting(''app.bodies'', true), ''''), '','')::uuid[])::uuid[]))',
      board || '_seen', board);
  END LOOP;
END $$;
