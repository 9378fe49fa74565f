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
-- Who is shown as being in conflict, or is meant to be there beside another.
select booking_id, against_ids from conflicts where closed_at is null or decision ->> 'act' = 'keep_both'

-- direct --
-- What was booked at the venue itself, and the units that can be: those of venues without a pool.
select u.name as unit, b.external_id, b.during
  from units u
  left join bookings b on b.channel = 'direct' and u.id = any(b.unit_ids)
                      and b.status in ('held', 'pending', 'confirmed', 'seated', 'unknown')
 where not exists (select from listings l where l.venue_id = u.venue_id and l.takes = 'one')

-- given --
-- What each booking has been given.
select b.channel, b.external_id, a.unit_id, a.during
  from allocations a join bookings b on b.id = a.booking_id

-- losers --
-- Who is shown as without the units he booked.
select b.channel, b.external_id from conflicts c join bookings b on b.id = c.booking_id
 where c.closed_at is null and c.kind in ('double_booking', 'too_small')

-- unnamed --
-- Holds of ours on pools whose answer was lost: they may stand until they must have lapsed.
select a.channel, l.name, k.during
  from blocks k join listings l on l.id = k.listing_id join accounts a on a.id = k.account_id
 where k.closed_at is null
   and (k.state = 'held' and k.external_id is null or k.id in (select block_id from unseen))

-- kept --
-- Blocks that are given back only when it is known what became of one that should stand in their place.
select a.channel, k.external_id from kept join blocks k on k.id = kept.block_id join accounts a on a.id = k.account_id

-- pauses --
-- The least time between two bookings of a unit, where there is one.
select name, (setup_minutes + cleanup_minutes)::float8 as minutes from units where setup_minutes + cleanup_minutes > 0

-- dead --
-- Calls that were given up.
select count(*) from pushes where state = 'dead'

-- see --
-- Of this session only. `unseen`: a hold on a pool whose answer was lost can be seen by no call, and is waited for
-- until it must have lapsed. Of one that a store which went back looks for, no try is known. `kept`: what is given back only after that.
create temporary view unseen as
select p.id, p.block_id, b.listing_id, b.during, b.wants
  from pushes p join blocks b on b.id = p.block_id join listings l on l.id = b.listing_id
 where p.call = 'place' and p.state = 'unknown' and p.absent_reads > 0 and l.takes = 'one'
   and coalesce((select min(t.sent_at) from attempts t where t.push_id = p.id), p.wished_at) > now() - interval '8 minutes';
create temporary view kept as
select p.id, p.block_id
  from pushes p join blocks b on b.id = p.block_id
 where p.call = 'release' and p.state = 'waiting'
   and exists (select from unseen u where u.listing_id = b.listing_id and u.during && b.during and u.wants <> 'nothing')

-- waiting --
-- What has still to be done, and about what.
select 'inbox' as what, count(*) as n, left(string_agg(distinct ref, ', '), 400) as about
  from inbox where done_at is null
union all
select 'pushes', count(*), left(string_agg(concat_ws(' ', p.call, p.state, l.name, b.during, b.external_id,
         (select string_agg(external_id, ' ') from bookings where id = any(b.because))), ', '), 400)
  from pushes p left join blocks b on b.id = p.block_id left join listings l on l.id = b.listing_id
 where p.state in ('waiting', 'in_flight', 'unknown')
   and p.id not in (select id from unseen union all select id from kept)
union all
select 'probes', count(*), '' from probes

-- inbox --
-- Webhooks by the hash of what was sent, byte for byte.
select a.channel, encode(sha256(i.body), 'hex') as digest, count(*) as count,
       bool_or(i.delivery_id is not null) as numbered
  from inbox i join accounts a on a.id = i.account_id
 where i.via = 'webhook' and i.body is not null
 group by 1, 2

-- erased --
-- Webhooks whose bodies went with their guests.
select a.channel, count(*) as count
  from inbox i join accounts a on a.id = i.account_id
 where i.via = 'webhook' and i.body is null
 group by 1

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

-- cancels --
-- Guests' bookings that were to end: who asked, the bookings of the decided conflicts that name it, and whether it and all
-- that stay at their channels were read after the decision.
select b.channel, b.external_id as ref, asked.actor,
       array(select array[o.channel, o.external_id]
               from journal d join conflicts c on c.id = (d.data::jsonb ->> 'conflict')::bigint
               join bookings o on o.id = c.booking_id or o.id = any(c.against_ids)
              where d.kind = 'conflict.decided'
                and d.data::jsonb -> 'calls' @> jsonb_build_array(
                      jsonb_build_object('call', 'cancel', 'ref', b.external_id))) as about,
       coalesce((select count(*) from jsonb_array_elements(p.decision -> 'reads') r
                  where (r ->> 'read_at')::timestamptz >= (p.decision ->> 'decided_at')::timestamptz), 0)
         > (select count(*) from jsonb_array_elements_text(p.decision -> 'stays') s
              join bookings t on t.id = s::bigint and t.account_id is not null) as read_after
  from pushes p join bookings b on b.id = p.booking_id
  join journal asked on asked.push_id = p.id and asked.kind = 'booking.cancel_asked'
 where p.call = 'cancel'

-- shown --
-- Double bookings that are shown just now.
select id, booking_id, against_ids from conflicts
 where closed_at is null and kind = 'double_booking' and booking_id is not null

-- contacts --
-- Whose e-mail the blocks of each listing are booked for.
select l.name, a.channel, v.house_contact ->> 'email' as email
  from listings l join venues v on v.id = l.venue_id join accounts a on a.id = l.account_id

-- counts --
-- For the summary.
select (select count(*) from attempts where outcome = 'unknown') as unknown,
       (select count(*) from attempts) as attempts,
       (select count(*) from conflicts) as conflicts,
       (select count(*) from bookings) as bookings,
       (select count(*) from inbox where via = 'webhook') as webhooks

-- exposures --
-- When taken time was sold elsewhere as well; what is not over counts until now.
select b.channel as source, b.external_id as ref, a.channel as target, e.began_at, e.basis = 'provider' as theirs,
       coalesce(e.ended_at, now()) as ended_at
  from exposures e join bookings b on b.id = e.booking_id
  join listings l on l.id = e.listing_id join accounts a on a.id = l.account_id

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
select 'pushes', count(*)
  from pushes
 where (state in ('in_flight', 'unknown') or (state = 'waiting' and due_at <= now()))
   and id not in (select id from unseen union all select id from kept)
