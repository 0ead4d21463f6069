-- The one way into the quota ledger. The runtime role may call it and read; it may not write the tables itself.

-- Takes the postings ([{id, kind, on, document, rule, reason, case, enterprise, ratio, base, actor, reverses, at, zones}]),
-- their accounts (`keys`: zone, factor, register, period of each, in the order of these) with what they change by
-- in all (`nets`), the lines (`line_...`), and the shares that change.
-- Returns null when everything was written, or what is short when nothing was.
-- Locks: shares, then accounts, each in the order given, until the commit. The accounts come last because many
-- transactions want the same one: it is held for its update and the commit only.
CREATE FUNCTION quota_post(
  document jsonb, zones text[], factors text[], registers text[], periods text[], nets numeric[],
  line_posting uuid[], line_on date[], line_account integer[], line_amount numeric[],
  share_account integer[], share_owner uuid[], share_amount numeric[]
) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  ids bigint[] := '{}';
  found_id bigint;
  place integer;
  available numeric;
  asked numeric;
BEGIN
  FOR i IN 1..cardinality(zones) LOOP
    SELECT a.id INTO found_id FROM quota_account a
     WHERE a.zone_code = zones[i] AND a.factor = factors[i] AND a.register = registers[i] AND a.period = periods[i];
    IF found_id IS NULL THEN
      -- All registers of the zone and factor at once, so that this happens once; whoever is second waits here,
      -- holding nothing, and then finds them.
      INSERT INTO quota_account (zone_code, factor, register, period)
        SELECT zones[i], factors[i], r.name, periods[i]
          FROM unnest(ARRAY['reduction', 'reserve', 'reserved', 'source', 'total', 'upper', 'used']) AS r(name)
        ON CONFLICT DO NOTHING;
      SELECT a.id INTO STRICT found_id FROM quota_account a
       WHERE a.zone_code = zones[i] AND a.factor = factors[i] AND a.register = registers[i] AND a.period = periods[i];
    END IF;
    ids[i] := found_id;
  END LOOP;
  IF EXISTS (
    SELECT FROM unnest(line_posting, line_account, line_amount) AS l(posting, account, amount)
     GROUP BY l.posting, factors[l.account], periods[l.account] HAVING sum(l.amount::numeric(20, 6)) <> 0)
  OR EXISTS (
    SELECT FROM unnest(line_account, line_amount) AS l(account, amount)
     GROUP BY l.account HAVING sum(l.amount) <> nets[l.account]) THEN
    RAISE EXCEPTION 'the lines of a posting do not sum to zero' USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO quota_posting (id, kind, on_date, zone_codes, case_id, enterprise_id, document, rule, ratio, base,
                             reason, actor_id, reverses, posted_at)
  SELECT r.id, r.kind, r."on", r.zones, r."case", r.enterprise, r.document, r.rule, r.ratio, r.base, r.reason,
         r.actor, r.reverses, r.at
    FROM jsonb_to_recordset(document) AS r(id uuid, kind text, "on" date, zones text[], "case" uuid, enterprise uuid,
         document text, rule text, ratio numeric, base numeric, reason text, actor uuid, reverses uuid, at timestamptz);
  INSERT INTO quota_entry (posting_id, account_id, amount, on_date)
  SELECT l.posting, ids[l.account], l.amount, l.on_date
    FROM unnest(line_posting, line_on, line_account, line_amount) AS l(posting, on_date, account, amount);
  FOR i IN 1..cardinality(share_owner) LOOP
    place := share_account[i];
    asked := share_amount[i];
    IF asked > 0 THEN
      INSERT INTO quota_share AS s (account_id, owner, amount) VALUES (ids[place], share_owner[i], asked)
        ON CONFLICT (account_id, owner) DO UPDATE SET amount = s.amount + excluded.amount;
    ELSE
      UPDATE quota_share s SET amount = s.amount + asked
       WHERE s.account_id = ids[place] AND s.owner = share_owner[i] AND s.amount + asked >= 0;
      IF NOT FOUND THEN
        available := (SELECT s.amount FROM quota_share s WHERE s.account_id = ids[place] AND s.owner = share_owner[i]);
        RAISE EXCEPTION 'short' USING ERRCODE = 'OW001';
      END IF;
    END IF;
  END LOOP;
  FOR i IN 1..cardinality(ids) LOOP
    place := i;
    asked := nets[i];
    UPDATE quota_account a SET balance = a.balance + asked
     WHERE a.id = ids[i] AND (a.balance + asked >= 0 OR a.register IN ('source', 'used'));
    IF NOT FOUND THEN
      available := (SELECT a.balance FROM quota_account a WHERE a.id = ids[i]);
      RAISE EXCEPTION 'short' USING ERRCODE = 'OW001';
    END IF;
  END LOOP;
  RETURN NULL;
EXCEPTION WHEN SQLSTATE 'OW001' THEN
  RETURN (SELECT jsonb_build_object('zone', z.code, 'factor', factors[place], 'register', registers[place],
                                    'zone_zh', z.name_zh, 'zone_en', z.name_en,
                                    'available', coalesce(available, 0)::text, 'asked', (-asked)::text)
            FROM zone z WHERE z.code = zones[place]);
END $$;

CREATE TRIGGER quota_posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON quota_posting
  FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
CREATE TRIGGER quota_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON quota_entry
  FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();

-- A posting is seen by whoever sees its case, by its enterprise, and by the body of a zone it concerns.
ALTER TABLE quota_posting ENABLE ROW LEVEL SECURITY;
ALTER TABLE quota_posting FORCE ROW LEVEL SECURITY;
CREATE POLICY quota_posting_seen ON quota_posting USING (
  current_setting('app.everything', true) = 'on'
  OR enterprise_id = nullif(current_setting('app.enterprise', true), '')::uuid
  OR EXISTS (SELECT 1 FROM cases c WHERE c.id = case_id)
  OR EXISTS (SELECT 1 FROM zone z WHERE z.code = ANY (zone_codes)
     AND z.body_id = ANY (string_to_array(nullif(current_setting('app.bodies', true), ''), ',')::uuid[])));
