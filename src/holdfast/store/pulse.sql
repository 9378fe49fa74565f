-- beats --
-- One short text for all that each topic's screens show first: it differs once something of it was committed. Newest
-- rows by their keys and open ones by their own indexes, so that it costs the same however much there is. Ids that
-- commit out of their order are seen, too, as long as they are among the newest.
select 'conflicts' as topic, md5(coalesce(string_agg(r::text, '' order by r.id), '')) as beat
  from ((select id, decided_at, snoozed_until, auto_at, closed_at from conflicts order by id desc limit 50)
        union all
        (select id, decided_at, snoozed_until, auto_at, closed_at from conflicts where closed_at is null
          order by kind, coalesce(booking_id, 0), coalesce(block_id, 0) limit 200)) r
union all
select 'bookings', md5(concat(string_agg(r::text, '' order by r.id), (select sum(journal_seq) from venues)))
  from (select id, version from bookings order by id desc limit 50) r
union all
select 'events', md5(coalesce(string_agg(r::text, '' order by r.id), ''))
  from ((select id, attempts, outcome, error, done_at from inbox order by id desc limit 50)
        union all
        (select id, attempts, outcome, error, done_at from inbox where done_at is null order by due_at, id limit 50)) r
union all
select 'pushes', md5(concat(string_agg(r::text, '' order by r.id), (select max(id) from attempts),
                            (select string_agg(s.at::text, '') from accounts a cross join lateral
                               (select max(p.settled_at) as at from pushes p where p.account_id = a.id) s)))
  from ((select id, state, attempts, outcome, due_at from pushes order by id desc limit 50)
        union all
        (select id, state, attempts, outcome, due_at from pushes
          where state in ('waiting', 'in_flight', 'unknown', 'shadow') order by wished_at, id limit 50)) r
union all
select 'accounts', md5(concat(count(*) filter (where active), max(updated_at), count(braked_at), max(braked_at),
                              string_agg(mode, '' order by id),
                              (select string_agg(k::text, '' order by account_id, direction) from breakers k
                                where opened_at is not null))) from accounts
union all
select 'sold', md5(concat(string_agg(r::text, '' order by r.id), (select concat(count(*), max(o.since))
                     from (select since from occupied limit 2000) o)))
  from ((select id, ended_at from exposures order by id desc limit 50)
        union all
        (select id, ended_at from exposures where ended_at is null order by booking_id, listing_id limit 50)) r
union all
select 'venue:' || name, journal_seq::text from venues where name = any($1::text[])
