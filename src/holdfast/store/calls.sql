-- What goes out: every wanted call, and what stands behind it.

-- page --
-- newest first; an id never moves, so that paging neither repeats nor skips one
select p.id, v.name as venue, v.timezone, a.name as account, a.channel, a.mode, l.name as listing, p.call,
       p.state, p.outcome, p.error, p.reason, p.attempts, p.starts_at, p.wished_at, p.due_at, p.settled_at,
       p.block_id, p.booking_id
  from pushes p
  join venues v on v.id = p.venue_id
  join accounts a on a.id = p.account_id
  left join blocks k on k.id = p.block_id
  left join listings l on l.id = k.listing_id
 where ($1::text[] is null or p.state = any($1))
   and ($2::bool is null or (p.outcome is not distinct from 'dropped') = $2)
   and ($3::text is null or p.account_id = (select id from accounts where name = $3))
   and ($4::text is null or p.call = $4)
   and ($4::text is distinct from 'cancel' or p.booking_id is not null)
   and ($5::timestamptz is null or p.wished_at >= $5)
   and ($6::timestamptz is null or p.settled_at > $6)
   and ($7::text is null
        or $7 = case when p.state = 'in_flight' then 'sending' when p.state = 'shadow' then 'shadow'
                     when a.mode = 'paused' or exists (select from pauses s where s.account_id = a.id
                                                          and s.direction = 'pushes' and s.ended_at is null) then 'paused'
                     when p.state = 'unknown' then 'unknown'
                     when p.attempts > 0 then 'retrying' else 'queued' end)
   and ($8::bigint is null or p.id < $8)
 order by p.id desc
 limit $9

-- waiting --
-- what is not over, longest waiting first
select p.id, v.name as venue, v.timezone, a.name as account, a.channel, a.mode, l.name as listing, p.call,
       p.state, p.outcome, p.error, p.reason, p.attempts, p.starts_at, p.wished_at, p.due_at, p.settled_at,
       p.block_id, p.booking_id
  from pushes p
  join venues v on v.id = p.venue_id
  join accounts a on a.id = p.account_id
  left join blocks k on k.id = p.block_id
  left join listings l on l.id = k.listing_id
 where ($1::text[] is null or p.state = any($1))
   and ($2::bool is null or (p.outcome is not distinct from 'dropped') = $2)
   and ($3::text is null or p.account_id = (select id from accounts where name = $3))
   and ($4::text is null or p.call = $4)
   and ($4::text is distinct from 'cancel' or p.booking_id is not null)
   and ($5::timestamptz is null or p.wished_at >= $5)
   and p.state in ('waiting', 'in_flight', 'unknown', 'shadow')
   and ($6::timestamptz is null or p.settled_at > $6)
   and ($7::text is null
        or $7 = case when p.state = 'in_flight' then 'sending' when p.state = 'shadow' then 'shadow'
                     when a.mode = 'paused' or exists (select from pauses s where s.account_id = a.id
                                                          and s.direction = 'pushes' and s.ended_at is null) then 'paused'
                     when p.state = 'unknown' then 'unknown'
                     when p.attempts > 0 then 'retrying' else 'queued' end)
   and ($8::bigint is null or (p.wished_at, p.id) > (select c.wished_at, c.id from pushes c where c.id = $8))
 order by p.wished_at, p.id
 limit $9

-- count --
-- the same choice, counted only as far as it is told
select count(*) from (
  select from pushes p join accounts a on a.id = p.account_id
   where ($1::text[] is null or p.state = any($1))
     and ($2::bool is null or (p.outcome is not distinct from 'dropped') = $2)
     and ($3::text is null or p.account_id = (select id from accounts where name = $3))
     and ($4::text is null or p.call = $4)
     and ($4::text is distinct from 'cancel' or p.booking_id is not null)
     and ($5::timestamptz is null or p.wished_at >= $5)
     and ($6::timestamptz is null or p.settled_at > $6)
     and ($7::text is null
          or $7 = case when p.state = 'in_flight' then 'sending' when p.state = 'shadow' then 'shadow'
                       when a.mode = 'paused' or exists (select from pauses s where s.account_id = a.id
                                                            and s.direction = 'pushes' and s.ended_at is null) then 'paused'
                       when p.state = 'unknown' then 'unknown'
                       when p.attempts > 0 then 'retrying' else 'queued' end)
    limit $8) found

-- one --
-- everything about one, and whether the same was asked again since
select p.id, v.name as venue, v.timezone, a.name as account, a.channel, a.mode, l.name as listing, p.call,
       p.state, p.outcome, p.error, p.reason, p.attempts, p.starts_at, p.wished_at, p.due_at, p.settled_at,
       p.block_id, p.booking_id,
       coalesce(k.because, array[p.booking_id]) as because, k.wants, k.state as stands,
       coalesce(k.external_id, b.external_id) as external_id, upper(coalesce(k.during, b.during)) as ends_at, k.closed_at,
       (select max(n.id) from pushes n
         where n.id > p.id and (n.block_id = p.block_id or n.booking_id = p.booking_id)) as newer
  from pushes p
  join venues v on v.id = p.venue_id
  join accounts a on a.id = p.account_id
  left join blocks k on k.id = p.block_id
  left join listings l on l.id = k.listing_id
  left join bookings b on b.id = p.booking_id
 where p.id = $1

-- tries --
-- every try of one call, oldest first
select t.push_id, t.number, t.sent_at, t.settled_at, t.outcome, t.failure, t.status, t.detail, p.call,
       p.block_id, l.name as listing, a.channel
  from attempts t
  join pushes p on p.id = t.push_id
  join accounts a on a.id = p.account_id
  left join blocks k on k.id = p.block_id
  left join listings l on l.id = k.listing_id
 where t.push_id = $1
 order by t.number

-- effects --
-- what was decided because of a call, oldest first
select v.name as venue, j.seq, j.at, j.kind, j.actor, j.booking_id, j.block_id, j.push_id, j.inbox_id, j.data,
       l.name as listing, a.channel
  from journal j
  join venues v on v.id = j.venue_id
  left join blocks k on k.id = j.block_id
  left join listings l on l.id = k.listing_id
  left join accounts a on a.id = k.account_id
 where j.push_id = $1
 order by j.at, j.venue_id, j.seq
 limit $2
