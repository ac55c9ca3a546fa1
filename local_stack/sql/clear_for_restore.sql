-- Takes the product's tables away, those that belong to the ledger's owner, and leaves all else in the schema alone.
-- In the restoring transaction: until its COMMIT, everybody else sees what was there before.
SET LOCAL lock_timeout = '30s';
SELECT pg_advisory_xact_lock(:lock_key);
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('DROP %s IF EXISTS %s CASCADE',
                      CASE product.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
                      product.oid::regclass)
        FROM pg_class ledger
        JOIN pg_class product ON product.relowner = ledger.relowner AND product.relnamespace = ledger.relnamespace
        WHERE ledger.oid = to_regclass('schema_migrations') AND product.relkind IN ('r', 'p', 'v', 'm')
          AND NOT EXISTS (
              SELECT FROM pg_depend
              WHERE classid = 'pg_class'::regclass AND objid = product.oid AND deptype IN ('e', 'a')
          )
        ORDER BY product.relkind DESC
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
