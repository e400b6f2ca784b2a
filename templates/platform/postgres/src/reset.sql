-- Removes what the login has made in its schema, but for what belongs to extensions, or goes with its table.
DO $do$
DECLARE
    statement TEXT;
    statements TEXT[];
BEGIN
    SELECT array_agg(made.statement ORDER BY made.turn) INTO statements
    FROM (
        SELECT CASE WHEN relkind IN ('v', 'm') THEN 1 ELSE 2 END AS turn,
               format('DROP %s IF EXISTS %s CASCADE',
                      CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                                   WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                      oid::regclass) AS statement,
               'pg_class'::regclass AS catalogue, oid, relowner AS owner
        FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL
        SELECT 3, format('DROP ROUTINE IF EXISTS %s CASCADE', oid::regprocedure),
               'pg_proc'::regclass, oid, proowner
        FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace
        UNION ALL
        SELECT 4, format('DROP TYPE IF EXISTS %s CASCADE', oid::regtype),
               'pg_type'::regclass, oid, typowner
        FROM pg_type
        WHERE typnamespace = current_schema()::regnamespace
            AND (typtype IN ('d', 'e', 'r')
                 OR typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c'))
    ) AS made
    WHERE pg_get_userbyid(made.owner) = current_user
        -- A table in partitions belongs to its own key as well.
        AND NOT EXISTS (SELECT FROM pg_depend
                        WHERE classid = made.catalogue AND objid = made.oid AND refobjid <> made.oid
                            AND deptype IN ('a', 'e', 'i'));
    FOREACH statement IN ARRAY coalesce(statements, '{}') LOOP
        EXECUTE statement;
    END LOOP;
END
$do$;
