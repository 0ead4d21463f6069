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

-- The boards' facts of a case are seen by whoever sees the case.
ALTER TABLE board_case ENABLE ROW LEVEL SECURITY;
ALTER TABLE board_case FORCE ROW LEVEL SECURITY;
CREATE POLICY board_case_seen ON board_case USING (sees_case_row(enterprise_id, body_ids, opened_by));
ALTER TABLE board_task ENABLE ROW LEVEL SECURITY;
ALTER TABLE board_task FORCE ROW LEVEL SECURITY;
CREATE POLICY board_task_seen ON board_task USING (
  current_setting('app.everything', true) = 'on' OR EXISTS (SELECT 1 FROM board_case c WHERE c.case_id = board_task.case_id));
