-- Each amount of the ledger is held once, where it can fall short: in parts for reductions, reserve and upper-level
-- reserve, in shares for what is reserved and permitted. What lies outside cannot fall short; it is counted from entries.
-- What a column must fulfil is a domain: a connection reads it once, a check of the table is read with each statement.

DO $$ BEGIN
  IF EXISTS (SELECT FROM quota_account a
      LEFT JOIN (SELECT account_id, sum(amount) AS amount FROM quota_part GROUP BY 1) p ON p.account_id = a.id
      LEFT JOIN (SELECT account_id, sum(amount) AS amount FROM quota_share GROUP BY 1) s ON s.account_id = a.id
      LEFT JOIN (SELECT account_id, sum(amount) AS amount FROM quota_entry GROUP BY 1) e ON e.account_id = a.id
      WHERE coalesce(p.amount, 0) <> coalesce(e.amount, 0)
         OR a.register IN ('reserved', 'total') AND coalesce(s.amount, 0) <> coalesce(e.amount, 0)) THEN
    RAISE EXCEPTION 'the quota ledger does not add up: run "onewindow registers check" with the release before this one';
  END IF;
END $$;

DROP VIEW quota_balance;
DELETE FROM quota_part p USING quota_account a
 WHERE a.id = p.account_id AND a.register NOT IN ('reduction', 'reserve', 'upper');
ALTER TABLE quota_part DROP CONSTRAINT ck_quota_part_not_negative, DROP COLUMN outside;

-- First the types, then what they ask for: in this order no table is written anew.
CREATE DOMAIN quota_not_negative AS numeric(20, 6);
CREATE DOMAIN quota_not_zero AS numeric(20, 6);
CREATE DOMAIN quota_at_least_one AS numeric(8, 4);
ALTER TABLE quota_part ALTER COLUMN amount TYPE quota_not_negative;
ALTER TABLE quota_share DROP CONSTRAINT ck_quota_share_not_negative, ALTER COLUMN amount TYPE quota_not_negative;
ALTER TABLE quota_entry DROP CONSTRAINT ck_quota_entry_amount, ALTER COLUMN amount TYPE quota_not_zero;
ALTER TABLE quota_posting DROP CONSTRAINT ck_quota_posting_ratio, ALTER COLUMN ratio TYPE quota_at_least_one;
ALTER DOMAIN quota_not_negative ADD CONSTRAINT quota_not_negative_check CHECK (VALUE >= 0);
ALTER DOMAIN quota_not_zero ADD CONSTRAINT quota_not_zero_check CHECK (VALUE <> 0);
ALTER DOMAIN quota_at_least_one ADD CONSTRAINT quota_at_least_one_check CHECK (VALUE >= 1);

-- The function, the only writer, sees to these two: it writes an entry right after its posting, and nothing deletes one.
ALTER TABLE quota_posting DROP CONSTRAINT ck_quota_posting_reverses;
ALTER TABLE quota_entry DROP CONSTRAINT fk_quota_entry_posting_id;

CREATE VIEW quota_balance AS
SELECT a.id AS account_id, coalesce(
  CASE WHEN a.register IN ('reserved', 'total')
       THEN (SELECT sum(s.amount) FROM quota_share s WHERE s.account_id = a.id)
       WHEN a.register IN ('source', 'used')
       THEN (SELECT sum(e.amount) FROM quota_entry e WHERE e.account_id = a.id)
       ELSE (SELECT sum(p.amount) FROM quota_part p WHERE p.account_id = a.id) END, 0) AS balance
  FROM quota_account a;

-- As in revision 0020, with the same arguments and answers. An account of shares changes by its shares and nothing else.
CREATE OR REPLACE FUNCTION quota_post(
  at timestamptz, keys uuid[], kinds text[], days date[], zone_sets text[], cases uuid[], enterprises uuid[],
  documents text[], rules text[], ratios numeric[], bases numeric[], reasons text[], actors uuid[], reversed uuid[],
  zones text[], factors text[], registers text[], periods text[],
  line_posting integer[], line_account integer[], line_amount numeric[],
  share_account integer[], share_owner uuid[], share_amount numeric[]
) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  parts CONSTANT integer := 8; -- so many draw on one balance before one of them waits
  parted CONSTANT text[] := '{reduction,reserve,upper}';
  shared CONSTANT text[] := '{reserved,total}';
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
      INSERT INTO quota_part (account_id, part)
        SELECT fresh.id, n FROM fresh, generate_series(1, parts) AS n WHERE fresh.register = ANY (parted);
      SELECT a.id INTO STRICT found_id FROM quota_account a
       WHERE a.zone_code = zones[i] AND a.factor = factors[i] AND a.register = registers[i] AND a.period = periods[i];
    END IF;
    ids[i] := found_id;
  END LOOP;
  FOR i IN 1..cardinality(keys) LOOP
    IF (kinds[i] = 'reversal') <> (reversed[i] IS NOT NULL) THEN
      RAISE EXCEPTION 'a reversal, and nothing else, names what it reverses' USING ERRCODE = 'check_violation';
    END IF;
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
    IF registers[place] <> ALL (shared) THEN
      RAISE EXCEPTION 'an account without shares' USING ERRCODE = 'check_violation';
    END IF;
    nets[place] := nets[place] - asked;
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
    IF registers[i] = ANY (shared) AND nets[i] <> 0 THEN
      RAISE EXCEPTION 'the shares do not make up what the lines say' USING ERRCODE = 'check_violation';
    END IF;
  END LOOP;
  BEGIN
    -- The first part that nobody holds and that has enough; it cannot move while it is held.
    FOR i IN 1..cardinality(ids) LOOP
      CONTINUE WHEN registers[i] <> ALL (parted);
      UPDATE quota_part SET amount = amount + nets[i]
       WHERE ctid = (SELECT q.ctid FROM quota_part q
          WHERE q.account_id = ids[i] AND q.amount + nets[i] >= 0 LIMIT 1 FOR UPDATE SKIP LOCKED);
      IF NOT FOUND THEN
        RAISE EXCEPTION 'no such part' USING ERRCODE = 'OW002';
      END IF;
    END LOOP;
  EXCEPTION WHEN SQLSTATE 'OW002' THEN
    -- Nothing is held now, not even a part that had enough when it was looked for and no longer when it was got.
    -- Wait for all parts of each account, look what there is in all, and spread evenly what is left.
    FOR i IN 1..cardinality(ids) LOOP
      CONTINUE WHEN registers[i] <> ALL (parted);
      place := i;
      asked := nets[i];
      PERFORM FROM quota_part q WHERE q.account_id = ids[i] ORDER BY q.part FOR UPDATE;
      available := (SELECT sum(q.amount) FROM quota_part q WHERE q.account_id = ids[i]);
      IF available + asked < 0 THEN
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

-- What the function names is never somebody's temporary table.
DO $$ BEGIN
  EXECUTE 'ALTER FUNCTION quota_post SET search_path = ' || quote_ident(current_schema()) || ', pg_temp';
END $$;
