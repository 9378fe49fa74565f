-- weight --
-- What there is: bookings, tries of calls, reads a minute that would be made if nothing happened, bytes in tables.
select (select count(*) from bookings) as bookings, (select count(*) from attempts) as calls,
       (select coalesce(sum(60.0 * cost / every_seconds), 0) from readings)::float8 as planned,
       (select sum(pg_total_relation_size(oid)) from pg_class
         where relnamespace = 'public'::regnamespace and relkind = 'r')::bigint as table_bytes
