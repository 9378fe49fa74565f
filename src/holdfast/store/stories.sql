-- One booking's story: what was decided about it and about the blocks because of it.

-- entries --
-- the journal of the booking and of its blocks, oldest first, with what was asked of which listing; each half by an
-- index of its own, or a long journal would be read from end to end
with found as (
  select j.* from journal j where j.booking_id = $1 and j.venue_id = $2
  union all
  select j.* from blocks k join journal j on j.block_id = k.id
   where k.because @> array[$1::bigint] and j.venue_id = $2 and j.booking_id is distinct from $1)
select j.seq, j.at, j.kind, j.actor, j.block_id, j.push_id, j.inbox_id, j.data,
       l.name as listing, a.channel
  from found j
  left join blocks k on k.id = j.block_id
  left join listings l on l.id = k.listing_id
  left join accounts a on a.id = k.account_id
 order by j.seq
 limit $3

-- targets --
-- the blocks because of a booking, those that are over last; with the call under way, or the last one
select k.id, l.name as listing, a.name as account, a.channel,
       case when a.mode = 'live' and s.id is not null then 'paused' else a.mode end as mode, lower(k.during) as starts_at,
       upper(k.during) as ends_at, k.wants, k.state, k.external_id, k.expires_at, k.placed_at, k.closed_at, k.because,
       p.id as push, p.call, p.state as push_state, p.attempts, p.due_at, p.wished_at, p.settled_at, p.reason, p.error
  from blocks k
  join listings l on l.id = k.listing_id
  join accounts a on a.id = k.account_id
  left join pauses s on s.account_id = a.id and s.direction = 'pushes' and s.ended_at is null
  left join lateral (
    select * from pushes p where p.block_id = k.id
     order by p.state in ('in_flight', 'unknown', 'waiting', 'shadow') desc, p.id desc limit 1) p on true
 where k.because @> array[$1::bigint]
 order by k.closed_at is not null, k.id desc
 limit $2

-- tries --
-- every try of every call for these blocks and of this booking, oldest first
select t.push_id, t.number, t.sent_at, t.settled_at, t.outcome, t.failure, t.status, t.detail, p.call,
       p.block_id, l.name as listing, a.channel
  from attempts t
  join pushes p on p.id = t.push_id
  join accounts a on a.id = p.account_id
  left join blocks k on k.id = p.block_id
  left join listings l on l.id = k.listing_id
 where p.booking_id = $1 or p.block_id = any($2::bigint[])
 order by t.sent_at, t.id
 limit $3

-- deliveries --
-- what came in about this reference, newest first; no bodies
select i.id, i.via, i.raw_type, i.received_at, i.done_at, i.outcome, i.error, i.attempts
  from inbox i
 where i.account_id = $1 and i.ref = $2
 order by i.id desc
 limit $3

-- header --
-- where and by whom a booking was made; one without a venue is on nobody's clock
select b.venue_id, b.account_id, b.made_at, coalesce(v.timezone, 'UTC') as timezone
  from bookings b left join venues v on v.id = b.venue_id
 where b.id = $1
