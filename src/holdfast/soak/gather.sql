-- versions --
-- Of every booking.
select id, version from bookings

-- grants --
-- All that is given just now.
select unit_id, booking_id, during from allocations

-- bookings --
-- As the checker of the end state wants them.
select id, channel, external_id, status, during from bookings

-- clashes --
-- Who is shown as being in conflict.
select booking_id, against_ids from conflicts where closed_at is null

-- dead --
-- Calls that were given up.
select count(*) from pushes where state = 'dead'

-- waiting --
-- What has still to be done.
select 'inbox' as what, count(*) as n from inbox where done_at is null
union all
select 'pushes', count(*) from pushes where state in ('waiting', 'in_flight', 'unknown')
union all
select 'probes', count(*) from probes

-- inbox --
-- Webhooks by the hash of what was sent, byte for byte.
select a.channel, encode(sha256(i.body), 'hex') as digest, count(*) as count,
       bool_or(i.delivery_id is not null) as numbered
  from inbox i join accounts a on a.id = i.account_id
 where i.via = 'webhook' and i.body is not null
 group by 1, 2

-- placed --
-- Tries to place a block, written before the call was made.
select a.channel, count(*) as count
  from attempts t join pushes p on p.id = t.push_id join accounts a on a.id = p.account_id
 where p.call = 'place' group by 1

-- blocks --
-- All there ever were.
select b.id, a.channel, b.state, b.external_id from blocks b join accounts a on a.id = b.account_id

-- told --
-- What the journal says of bookings, in order.
select venue_id, seq, at, kind, booking_id, data from journal
 where booking_id is not null and kind like 'booking.%' order by venue_id, seq

-- venues --
-- Each has a journal of its own.
select id, name from venues

-- counts --
-- For the summary.
select (select count(*) from attempts where outcome = 'unknown') as unknown,
       (select count(*) from attempts) as attempts,
       (select count(*) from conflicts) as conflicts,
       (select count(*) from bookings) as bookings,
       (select count(*) from inbox where via = 'webhook') as webhooks

-- exposures --
-- Seconds for which taken time was sold elsewhere as well; those that are not over count until now.
select b.channel, e.began_at, e.basis = 'provider' as theirs,
       extract(epoch from coalesce(e.ended_at, now()) - e.began_at)::float8 as seconds
  from exposures e join bookings b on b.id = e.booking_id

-- story --
-- All that the journal has about the bookings with these references, and about blocks because of them.
select j.at, j.kind, j.actor, j.booking_id, j.block_id, j.data
  from journal j
 where j.booking_id in (select id from bookings where external_id = any($1::text[]))
    or j.block_id in (select b.id from blocks b
                       where b.because && array(select id from bookings where external_id = any($1::text[]))
                          or b.external_id = any($1::text[]) or b.last_ref = any($1::text[]))
 order by j.at, j.seq

-- backlog --
-- What waits to be read, a row for each booking: how risky it is to wait, and whether somebody has it in hand.
select i.account_id, i.ref, count(*) as told, max(i.id) as last_id,
       (array_agg(lower(b.during)))[1] as starts_at, (array_agg(upper(b.during)))[1] as ends_at,
       bool_or(i.lease_until > clock_timestamp()) as in_hand
  from inbox i left join bookings b on b.account_id = i.account_id and b.external_id = i.ref
 where i.done_at is null and i.ref is not null
   and not exists (select from blocks k where k.account_id = i.account_id and i.ref in (k.external_id, k.last_ref))
 group by 1, 2

-- drained --
-- When the last row of each was done, and whether its reading had to be put off.
select id, done_at, attempts from inbox where id = any($1::bigint[])

-- refs --
-- Every booking that webhooks told of.
select distinct account_id, ref from inbox where via = 'webhook' and ref is not null

-- busy --
-- What could be done at once. A call that its channel refused may wait for minutes: that is rest as well.
select 'inbox' as what, count(*) as n from inbox where done_at is null
union all
select 'pushes', count(*) from pushes where state in ('in_flight', 'unknown') or (state = 'waiting' and due_at <= now())
