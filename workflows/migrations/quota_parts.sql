-- The balance of an account lies in parts. Who draws on it takes from a part that nobody holds: a row is locked until
-- its transaction is on the disk, and several such waits go on at once. Only the sum means anything to a reader.
-- No part falls below zero, so neither does the sum.

INSERT INTO quota_part (account_id, part, outside, amount)
  SELECT a.id, n, a.register IN ('source', 'used'), CASE WHEN n = 1 THEN a.balance ELSE 0 END
    FROM quota_account a, generate_series(1, 8) AS n;

CREATE VIEW quota_balance AS SELECT account_id, sum(amount) AS balance FROM quota_part GROUP BY account_id;

-- As in revision 0003, with the same arguments and answers; the locks:
-- shares, then accounts, each in the order given, until the commit. In an account: any one part without waiting, or all
-- parts in their order. So whoever waits holds only what comes before, and nobody waits in a circle.
CREATE OR REPLACE FUNCTION quota_post(
  document jsonb, zones text[], factors text[], registers text[], periods text[], nets numeric[],
  line_posting uuid[], line_on date[], line_account integer[], line_amount numeric[],
  share_account integer[], share_owner uuid[], share_amount numeric[]
) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  parts CONSTANT integer := 8; -- so many draw on one balance before one of them waits
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
    -- The first part that nobody holds and that has enough.
    UPDATE quota_part SET amount = amount + asked
     WHERE (account_id, part) = (
       SELECT q.account_id, q.part FROM quota_part q
        WHERE q.account_id = ids[i] AND (q.amount + asked >= 0 OR q.outside) LIMIT 1 FOR UPDATE SKIP LOCKED);
    CONTINUE WHEN FOUND;
    -- No such part: wait for all of them, look what there is in all, and spread evenly what is left.
    PERFORM FROM quota_part q WHERE q.account_id = ids[i] ORDER BY q.part FOR UPDATE;
    available := (SELECT sum(q.amount) FROM quota_part q WHERE q.account_id = ids[i]);
    IF available + asked < 0 AND registers[i] NOT IN ('source', 'used') THEN
      RAISE EXCEPTION 'short' USING ERRCODE = 'OW001';
    END IF;
    UPDATE quota_part q SET amount = trunc((available + asked) / parts, 6)
         + CASE WHEN q.part = 1 THEN available + asked - parts * trunc((available + asked) / parts, 6) ELSE 0 END
     WHERE q.account_id = ids[i];
  END LOOP;
  RETURN NULL;
EXCEPTION WHEN SQLSTATE 'OW001' THEN
  RETURN (SELECT jsonb_build_object('zone', z.code, 'factor', factors[place], 'register', registers[place],
                                    'zone_zh', z.name_zh, 'zone_en', z.name_en,
                                    'available', coalesce(available, 0)::text, 'asked', (-asked)::text)
            FROM zone z WHERE z.code = zones[place]);
END $$;

-- What the function names is never somebody's temporary table.
DO $$ BEGIN
  EXECUTE 'ALTER FUNCTION quota_post SET search_path = ' || quote_ident(current_schema()) || ', pg_temp';
END $$;
