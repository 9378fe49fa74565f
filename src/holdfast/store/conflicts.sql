-- open --
-- One open conflict of a kind for a booking or a block; told again, only whom it is against is renewed.
-- `source` is the channel that took the time first, `target` the one of the booking or the block.
insert into conflicts (venue_id, kind, booking_id, block_id, against_ids, unit_ids, evidence, opened_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (kind, coalesce(booking_id, 0), coalesce(block_id, 0)) where closed_at is null
do update set against_ids = excluded.against_ids, unit_ids = excluded.unit_ids
   where (conflicts.against_ids, conflicts.unit_ids) is distinct from (excluded.against_ids, excluded.unit_ids)
returning *, (xmax = 0) as fresh,
  (select b.channel from bookings b where b.id = any(conflicts.against_ids) order by b.first_seen_at, b.id limit 1) as source,
  coalesce((select b.channel from bookings b where b.id = conflicts.booking_id),
           (select a.channel from blocks k join accounts a on a.id = k.account_id where k.id = conflicts.block_id)) as target

-- close --
-- Settled, and by what: a decision that came true is the better reason.
update conflicts
   set closed_at = $2, auto_at = null,
       resolution = coalesce((decision ->> 'act') || ' by ' || (decision ->> 'actor') || ': ' || (decision ->> 'reason'), $3)
 where id = any($1::bigint[]) and closed_at is null
returning *, decision ->> 'actor' as decided_by

-- renew --
-- Whom it is against may change while it is open.
update conflicts
   set against_ids = $2, unit_ids = $3,
       -- who came first was told of the others
       evidence = case when evidence ? 'first_by' then evidence || '{"first_by": "unknown"}' else evidence end
 where id = $1 and against_ids <> $2
returning *

-- by_id --
-- One, open or closed.
select * from conflicts where id = $1

-- about --
-- The open conflicts of some kinds about a booking.
select id, kind from conflicts where booking_id = $1 and kind = any($2::text[]) and closed_at is null

-- decide --
-- What was decided, and by whom. Whoever decides while a decision is under way changes nothing.
update conflicts set decision = $2, decided_at = $3, auto_at = null, snoozed_until = null
 where id = $1 and decision is null and closed_at is null
returning *

-- reopen --
-- The decision did not come true: a person must look again, and see why.
update conflicts
   set decision = null, decided_at = null, auto_at = null, snoozed_until = null,
       evidence = evidence || jsonb_build_object('reopened', coalesce(evidence -> 'reopened', '[]') || jsonb_build_array($2::jsonb))
 where id = $1 and decision is not null and closed_at is null
returning *

-- snooze --
-- Later; and nothing happens by itself meanwhile.
update conflicts set snoozed_until = $2, auto_at = null where id = $1 and closed_at is null
returning *

-- set_auto --
-- When the policy will act, or null: it will not.
update conflicts set auto_at = $2 where id = $1 and closed_at is null
returning *

-- resting_on --
-- Open decisions that need this booking to be cancelled.
select id, kind from conflicts
 where closed_at is null and decision is not null and decision -> 'cancels' @> to_jsonb($1::bigint)

-- cancelled_for --
-- The latest decision by which others were cancelled for booking $1: conflict, and who.
select id, decision -> 'cancels' as cancelled from conflicts
 where kind = 'double_booking' and closed_at is not null and jsonb_array_length(decision -> 'cancels') > 0
   and (booking_id = $1 or against_ids @> array[$1::bigint]) and not decision -> 'cancels' @> to_jsonb($1::bigint)
 order by id desc limit 1

-- kept --
-- What of these bookings is as it should be, of a kind, and what the bookings were like when that was said.
select decision -> 'kept' as kept from conflicts
 where kind = $2 and closed_at is not null and decision ->> 'act' in ('keep_both', 'accept')
   and (booking_id = any($1::bigint[]) or against_ids && $1::bigint[])

-- due --
-- What the clock has to say: a grace time is over, the time itself is over, a booking that was not found is shown again,
-- a decision that all its calls confirmed is not to be seen yet after $2. A read that is under way is waited for.
select c.id, c.venue_id, 'over' as matter from conflicts c join bookings b on b.id = c.booking_id
 where c.closed_at is null and upper(b.during) <= $1 and (c.venue_id is null or c.venue_id = any($3::bigint[]))
union all
select c.id, c.venue_id, 'auto' from conflicts c
 where c.closed_at is null and c.auto_at <= $1 and c.venue_id = any($3::bigint[])
union all
select c.id, c.venue_id, 'found' from conflicts c join bookings b on b.id = c.booking_id
 where c.closed_at is null and c.kind = 'not_found' and c.venue_id = any($3::bigint[])
   and b.read_at > c.opened_at
union all
select c.id, c.venue_id, 'unseen' from conflicts c
 where c.closed_at is null and jsonb_array_length(c.decision -> 'pushes') > 0 and c.venue_id = any($3::bigint[])
   and not exists (
     select from jsonb_array_elements_text(c.decision -> 'pushes') n join pushes p on p.id = n::bigint
      where p.settled_at is null or p.settled_at > $2)
   and not exists (
     select from jsonb_array_elements_text(c.decision -> 'cancels') n join bookings b on b.id = n::bigint
       join inbox i on i.account_id = b.account_id and i.ref = b.external_id and i.done_at is null)

-- unseen --
-- The bookings whose cancelling was confirmed by every call and is not to be seen: account, id, last read.
select b.id, b.account_id, b.external_id, b.read_at,
       (select max(p.settled_at) from jsonb_array_elements_text(c.decision -> 'pushes') n
          join pushes p on p.id = n::bigint) as settled_at
  from conflicts c
  cross join jsonb_array_elements_text(c.decision -> 'cancels') m
  join bookings b on b.id = m::bigint
 where c.id = $1 and c.closed_at is null and c.decision is not null
   and b.account_id is not null and b.status in ('held', 'pending', 'confirmed', 'seated', 'unknown')

-- witnesses --
-- Bookings as they were observed, each with the inbox row that told of it first.
select b.id, b.channel, a.name as account, l.name as listing, b.external_id as ref, b.status, b.made_at,
       b.first_seen_at, b.firm_at, coalesce(i.via, 'operator') as via, i.id as inbox_id,
       least(coalesce(i.received_at, b.first_seen_at), b.first_seen_at) as heard_at,
       case when k.news_at < b.first_seen_at then k.news_at end as blank_at
  from bookings b
  left join cursors k on k.account_id = b.account_id and k.task = 'bookings'
  left join accounts a on a.id = b.account_id
  left join listings l on l.id = b.listing_id
  left join lateral (
    select i.id, i.via, i.received_at from inbox i
     where i.account_id is not distinct from b.account_id and i.ref = b.external_id
       and i.received_at between b.first_seen_at - interval '1 day' and b.first_seen_at
     order by i.received_at desc, i.id limit 1) i on true
 where b.id = any($1::bigint[])

-- sold_there --
-- Whether booking $2's listing sold booking $1's time when that was decided on; null: it was not looked at.
select e.ended_at is null or e.ended_at > e.began_at from exposures e join bookings later on later.id = $2
 where e.booking_id = $1 and e.listing_id = later.listing_id order by e.id limit 1

-- closing --
-- The push that should have closed booking $2's listing for booking $1, with its tries.
select p.id as push_id, a.name as account, a.mode, l.name as listing, p.state, p.wished_at,
       tries.sent_at, p.settled_at as answered_at, tries.n as tries, tries.failure
  from bookings later
  join listings l on l.id = later.listing_id
  join blocks k on k.listing_id = l.id and k.because @> array[$1::bigint] and k.during && later.during
  join pushes p on p.block_id = k.id and p.call = 'place'
  join accounts a on a.id = p.account_id
  cross join lateral (
    select min(t.sent_at) as sent_at, count(*)::integer as n,
           (array_agg(t.failure order by t.number desc))[1] as failure
      from attempts t where t.push_id = p.id) tries
 where later.id = $2
 order by p.id limit 1

-- about_block --
-- The open conflicts of some kinds about a block of ours.
select id, kind from conflicts where block_id = $1 and kind = any($2::text[]) and closed_at is null
