-- The one way into the quota ledger. The runtime role may call it and read; it may not write the tables itself.

-- Takes an array of postings: {id, kind, on, document, rule, reason, case, enterprise, ratio, base, actor, reverses,
-- at, zones, lines: [[zone, factor, register, period, amount, owner or null], ...]}. Returns null when all of them
-- were made, or what is short when none was. Locks: the accounts, in the order of their ids, until the commit.
CREATE FUNCTION quota_post(postings jsonb) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
  wanted integer;
  found integer;
  short jsonb;
BEGIN
  FOR attempt IN 1..2 LOOP
    SELECT count(DISTINCT (line->>0, line->>1, line->>2, line->>3)) INTO wanted
      FROM jsonb_path_query(postings, '$[*].lines[*]') AS line;
    SELECT count(*) INTO found FROM (
      SELECT a.id FROM quota_account a
       WHERE (a.zone_code, a.factor, a.register, a.period) IN (
         SELECT line->>0, line->>1, line->>2, line->>3 FROM jsonb_path_query(postings, '$[*].lines[*]') AS line)
       ORDER BY a.id FOR UPDATE) locked;
    EXIT WHEN found = wanted;
    INSERT INTO quota_account (zone_code, factor, register, period)
      SELECT DISTINCT line->>0, line->>1, line->>2, line->>3 FROM jsonb_path_query(postings, '$[*].lines[*]') AS line
       ORDER BY 1, 2, 3, 4
      ON CONFLICT DO NOTHING;
  END LOOP;

  WITH l AS MATERIALIZED (
    SELECT (p.posting->>'id')::uuid AS posting_id, (p.posting->>'on')::date AS on_date,
           row_number() OVER (ORDER BY p.n, x.n) AS n, a.id AS account_id, a.factor, a.period,
           (x.line->>4)::numeric(20, 6) AS amount, (x.line->>5)::uuid AS owner
      FROM jsonb_array_elements(postings) WITH ORDINALITY AS p(posting, n)
     CROSS JOIN jsonb_array_elements(p.posting->'lines') WITH ORDINALITY AS x(line, n)
      JOIN quota_account a ON a.zone_code = x.line->>0 AND a.factor = x.line->>1 AND a.register = x.line->>2
                          AND a.period = x.line->>3
  ), net AS (
    SELECT account_id, sum(amount) AS amount FROM l GROUP BY account_id
  ), part AS (
    SELECT account_id, owner, sum(amount) AS amount FROM l WHERE owner IS NOT NULL GROUP BY account_id, owner
  ), lacking AS MATERIALIZED (
    SELECT a.id AS account_id, a.balance AS available, -n.amount AS asked
      FROM net n JOIN quota_account a ON a.id = n.account_id
     WHERE a.balance + n.amount < 0 AND a.register NOT IN ('source', 'used')
    UNION ALL
    SELECT q.account_id, coalesce(s.amount, 0), -q.amount
      FROM part q LEFT JOIN quota_share s ON s.account_id = q.account_id AND s.owner = q.owner
     WHERE coalesce(s.amount, 0) + q.amount < 0
    UNION ALL
    -- An unbalanced posting is a fault of the program, not a shortage: the division makes it fail loudly.
    SELECT min(account_id), 0, 1 / (sum(amount) - sum(amount)) FROM l GROUP BY posting_id, factor, period
    HAVING sum(amount) <> 0
  ), balances AS (
    UPDATE quota_account a SET balance = a.balance + n.amount FROM net n
     WHERE a.id = n.account_id AND NOT EXISTS (SELECT FROM lacking)
    RETURNING a.id, a.balance - n.amount AS before
  ), written AS (
    INSERT INTO quota_posting (id, kind, on_date, zone_codes, case_id, enterprise_id, document, rule, ratio, base,
                               reason, actor_id, reverses, posted_at)
    SELECT r.id, r.kind, r."on", r.zones, r."case", r.enterprise, r.document, r.rule, r.ratio, r.base, r.reason,
           r.actor, r.reverses, r.at
      FROM jsonb_to_recordset(postings) AS r(id uuid, kind text, "on" date, zones text[], "case" uuid, enterprise uuid,
           document text, rule text, ratio numeric, base numeric, reason text, actor uuid, reverses uuid, at timestamptz)
     WHERE NOT EXISTS (SELECT FROM lacking)
  ), lines AS (
    INSERT INTO quota_entry (posting_id, account_id, amount, balance, on_date)
    SELECT l.posting_id, l.account_id, l.amount,
           b.before + sum(l.amount) OVER (PARTITION BY l.account_id ORDER BY l.n), l.on_date
      FROM l JOIN balances b ON b.id = l.account_id ORDER BY l.n
  ), less AS (
    UPDATE quota_share s SET amount = s.amount + q.amount FROM part q
     WHERE s.account_id = q.account_id AND s.owner = q.owner AND q.amount < 0 AND NOT EXISTS (SELECT FROM lacking)
  ), more AS (
    INSERT INTO quota_share (account_id, owner, amount)
    SELECT account_id, owner, amount FROM part WHERE amount > 0 AND NOT EXISTS (SELECT FROM lacking)
    ON CONFLICT (account_id, owner) DO UPDATE SET amount = quota_share.amount + excluded.amount
  )
  SELECT jsonb_build_object('zone', a.zone_code, 'factor', a.factor, 'register', a.register, 'period', a.period,
                            'zone_zh', z.name_zh, 'zone_en', z.name_en,
                            'available', lacking.available::text, 'asked', lacking.asked::text)
    INTO short
    FROM lacking JOIN quota_account a ON a.id = lacking.account_id JOIN zone z ON z.code = a.zone_code
   ORDER BY a.id LIMIT 1;
  RETURN short;
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
