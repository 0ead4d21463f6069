-- The ledger's function anew: typed rows instead of documents, and fewer, cheaper statements. What it promises stays.

-- As a domain a list of words is read once by a connection; as a check of the table, with each insert.
CREATE DOMAIN quota_kind AS text;
ALTER TABLE quota_posting DROP CONSTRAINT ck_quota_posting_kind, ALTER COLUMN kind TYPE quota_kind;
ALTER DOMAIN quota_kind ADD CONSTRAINT quota_kind_check CHECK (VALUE IN (
  'opening', 'reduction', 'to_reserve', 'reduction_use', 'upper_grant', 'upper_debit', 'zone_transfer', 'reservation',
  'commitment', 'release', 'recovery', 'auction', 'replacement', 'reversal'));

-- Who may see a posting may make it. As a function this costs nothing where the program works for itself.
CREATE FUNCTION may_post(case_ uuid, enterprise uuid, zones text[]) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT AS $$
BEGIN
  RETURN enterprise = nullif(current_setting('app.enterprise', true), '')::uuid
    OR EXISTS (SELECT FROM cases c WHERE c.id = case_)
    OR EXISTS (SELECT FROM zone z WHERE z.code = ANY (zones)
       AND z.body_id = ANY (string_to_array(nullif(current_setting('app.bodies', true), ''), ',')::uuid[]));
END $$;
DROP POLICY quota_posting_seen ON quota_posting;
CREATE POLICY quota_posting_seen ON quota_posting FOR SELECT USING (
  current_setting('app.everything', true) = 'on'
  OR enterprise_id = nullif(current_setting('app.enterprise', true), '')::uuid
  OR EXISTS (SELECT 1 FROM cases c WHERE c.id = case_id)
  OR EXISTS (SELECT 1 FROM zone z WHERE z.code = ANY (zone_codes)
     AND z.body_id = ANY (string_to_array(nullif(current_setting('app.bodies', true), ''), ',')::uuid[])));
CREATE POLICY quota_posting_made ON quota_posting FOR INSERT WITH CHECK (
  current_setting('app.everything', true) = 'on' OR may_post(case_id, enterprise_id, zone_codes));

-- Takes the postings (a column each, and the instant of all), the accounts they touch (zone, factor, register, period),
-- the lines (of which posting, on which account, how much; those of one posting, factor and period follow each other),
-- and the shares that change. Returns null when everything was written, or what is short when nothing was.
-- Locks: shares, then accounts, each in the order given, until the commit. In the accounts: any one part of each without
-- waiting, or all parts of all in their order. So whoever waits holds only what comes before: nobody waits in a circle.
DROP FUNCTION quota_post;
CREATE FUNCTION quota_post(
  at timestamptz, keys uuid[], kinds text[], days date[], zone_sets text[], cases uuid[], enterprises uuid[],
  documents text[], rules text[], ratios numeric[], bases numeric[], reasons text[], actors uuid[], reversed uuid[],
  zones text[], factors text[], registers text[], periods text[],
  line_posting integer[], line_account integer[], line_amount numeric[],
  share_account integer[], share_owner uuid[], share_amount numeric[]
) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  parts CONSTANT integer := 8; -- so many draw on one balance before one of them waits
  ids bigint[] := '{}';
  nets numeric[] := array_fill(0::numeric, ARRAY[cardinality(zones)]);
  found_id bigint;
  place integer;
  opened integer;
  run numeric := 0;
  available numeric;
  asked numeric;
BEGIN
  -- Lines that follow each other sum to zero before another posting, factor or period may begin.
  FOR i IN 1..cardinality(line_account) LOOP
    place := line_account[i];
    IF run = 0 THEN
      opened := i;
    ELSIF line_posting[i] <> line_posting[opened] OR factors[place] <> factors[line_account[opened]]
       OR periods[place] <> periods[line_account[opened]] THEN
      EXIT;
    END IF;
    run := run + line_amount[i];
    nets[place] := nets[place] + line_amount[i];
  END LOOP;
  IF run <> 0 THEN
    RAISE EXCEPTION 'the lines of a posting do not sum to zero' USING ERRCODE = 'check_violation';
  END IF;
  FOR i IN 1..cardinality(zones) LOOP
    SELECT a.id INTO found_id FROM quota_account a
     WHERE a.zone_code = zones[i] AND a.factor = factors[i] AND a.register = registers[i] AND a.period = periods[i];
    IF found_id IS NULL THEN
      -- All registers of the zone and factor at once, so that this happens once; whoever is second waits here,
      -- holding nothing, and then finds them.
      WITH fresh AS (
        INSERT INTO quota_account (zone_code, factor, register, period)
          SELECT zones[i], factors[i], r.name, periods[i]
            FROM unnest(ARRAY['reduction', 'reserve', 'reserved', 'source', 'total', 'upper', 'used']) AS r(name)
          ON CONFLICT DO NOTHING RETURNING id, register)
      INSERT INTO quota_part (account_id, part, outside)
        SELECT fresh.id, n, fresh.register IN ('source', 'used') FROM fresh, generate_series(1, parts) AS n;
      SELECT a.id INTO STRICT found_id FROM quota_account a
       WHERE a.zone_code = zones[i] AND a.factor = factors[i] AND a.register = registers[i] AND a.period = periods[i];
    END IF;
    ids[i] := found_id;
  END LOOP;
  FOR i IN 1..cardinality(keys) LOOP
    INSERT INTO quota_posting (id, kind, on_date, zone_codes, case_id, enterprise_id, document, rule, ratio, base,
                               reason, actor_id, reverses, posted_at)
    VALUES (keys[i], kinds[i], days[i], zone_sets[i]::text[], cases[i], enterprises[i], documents[i], rules[i],
            ratios[i], bases[i], reasons[i], actors[i], reversed[i], at);
  END LOOP;
  INSERT INTO quota_entry (posting_id, account_id, amount, on_date)
  SELECT keys[l.posting], ids[l.account], l.amount, days[l.posting]
    FROM unnest(line_posting, line_account, line_amount) AS l(posting, account, amount);
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
  BEGIN
    -- The first part that nobody holds and that has enough; it cannot move while it is held.
    FOR i IN 1..cardinality(ids) LOOP
      UPDATE quota_part SET amount = amount + nets[i]
       WHERE ctid = (SELECT q.ctid FROM quota_part q
          WHERE q.account_id = ids[i] AND (q.amount + nets[i] >= 0 OR q.outside) LIMIT 1 FOR UPDATE SKIP LOCKED);
      IF NOT FOUND THEN
        RAISE EXCEPTION 'no such part' USING ERRCODE = 'OW002';
      END IF;
    END LOOP;
  EXCEPTION WHEN SQLSTATE 'OW002' THEN
    -- Nothing is held now, not even a part that had enough when it was looked for and no longer when it was got.
    -- Wait for all parts of each account, look what there is in all, and spread evenly what is left.
    FOR i IN 1..cardinality(ids) LOOP
      place := i;
      asked := nets[i];
      PERFORM FROM quota_part q WHERE q.account_id = ids[i] ORDER BY q.part FOR UPDATE;
      available := (SELECT sum(q.amount) FROM quota_part q WHERE q.account_id = ids[i]);
      IF available + asked < 0 AND registers[i] NOT IN ('source', 'used') THEN
        RAISE EXCEPTION 'short' USING ERRCODE = 'OW001';
      END IF;
      UPDATE quota_part q SET amount = trunc((available + asked) / parts, 6)
           + CASE WHEN q.part = 1 THEN available + asked - parts * trunc((available + asked) / parts, 6) ELSE 0 END
       WHERE q.account_id = ids[i];
    END LOOP;
  END;
  RETURN NULL;
EXCEPTION WHEN SQLSTATE 'OW001' THEN
  RETURN (SELECT jsonb_build_object('zone', z.code, 'factor', factors[place], 'register', registers[place],
                                    'zone_zh', z.name_zh, 'zone_en', z.name_en,
                                    'available', coalesce(available, 0)::text, 'asked', (-asked)::text)
            FROM zone z WHERE z.code = zones[place]);
END $$;

-- What the functions name is never somebody's temporary table.
DO $$ BEGIN
  EXECUTE 'ALTER FUNCTION quota_post SET search_path = ' || quote_ident(current_schema()) || ', pg_temp';
  EXECUTE 'ALTER FUNCTION may_post SET search_path = ' || quote_ident(current_schema()) || ', pg_temp';
END $$;
