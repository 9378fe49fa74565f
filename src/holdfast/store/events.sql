-- The event log: every row of the inbox, whatever became of it.

-- page --
-- newest first, without bodies; an id never moves, so that paging neither repeats nor skips one
select i.id, a.name as account, a.channel, i.via, i.ref, i.raw_type, i.delivery_id, i.received_at, i.due_at,
       i.lease_until, i.done_at, i.outcome, i.error, i.attempts, octet_length(i.body) as size,
       b.id as booking_id, k.id as block_id
  from inbox i
  left join accounts a on a.id = i.account_id
  left join bookings b on b.account_id = i.account_id and b.external_id = i.ref
  left join blocks k on k.account_id = i.account_id and k.external_id = i.ref
 where ($1::text is null or i.account_id = (select id from accounts where name = $1))
   and ($2::text is null or i.via = $2)
   and ($3::text is null
        or $3 = 'open' and i.done_at is null
        or $3 = 'waiting' and i.done_at is null and i.error is null
        or $3 = 'retrying' and i.error is not null
        or $3 = 'failed' and (i.error is not null or i.outcome = 'broken')
        or $3 in ('pending', 'processing', 'paused', 'tried') and i.done_at is null
           and $3 = case when i.lease_until > now() then 'processing'
                         when exists (select from pauses s where s.account_id = i.account_id
                                         and s.direction = 'intake' and s.ended_at is null) then 'paused'
                         when i.attempts > 0 then 'tried' else 'pending' end
        or $3 not in ('open', 'waiting', 'retrying', 'failed', 'pending', 'processing', 'paused', 'tried') and i.outcome = $3)
   and ($4::text is null or i.raw_type = $4)
   and ($5::text is null or i.ref = $5)
   and ($6::timestamptz is null or i.received_at >= $6)
   and ($7::timestamptz is null or i.received_at < $7)
   and ($8::int is null or i.attempts >= $8)
   and ($9::bigint is null or i.id < $9)
 order by i.id desc
 limit $10

-- count --
-- the same choice, counted only as far as it is told
select count(*) from (
  select from inbox i
   where ($1::text is null or i.account_id = (select id from accounts where name = $1))
     and ($2::text is null or i.via = $2)
     and ($3::text is null
          or $3 = 'open' and i.done_at is null
          or $3 = 'waiting' and i.done_at is null and i.error is null
          or $3 = 'retrying' and i.error is not null
          or $3 = 'failed' and (i.error is not null or i.outcome = 'broken')
          or $3 in ('pending', 'processing', 'paused', 'tried') and i.done_at is null
           and $3 = case when i.lease_until > now() then 'processing'
                         when exists (select from pauses s where s.account_id = i.account_id
                                         and s.direction = 'intake' and s.ended_at is null) then 'paused'
                         when i.attempts > 0 then 'tried' else 'pending' end
        or $3 not in ('open', 'waiting', 'retrying', 'failed', 'pending', 'processing', 'paused', 'tried') and i.outcome = $3)
     and ($4::text is null or i.raw_type = $4)
     and ($5::text is null or i.ref = $5)
     and ($6::timestamptz is null or i.received_at >= $6)
     and ($7::timestamptz is null or i.received_at < $7)
     and ($8::int is null or i.attempts >= $8)
   limit $9) found

-- one --
-- everything about one, and which came before it about the same thing
select i.id, a.name as account, a.channel, i.via, i.ref, i.raw_type, i.delivery_id, i.received_at, i.due_at,
       i.lease_until, i.done_at, i.outcome, i.error, i.attempts, octet_length(i.body) as size,
       b.id as booking_id, k.id as block_id, i.headers::text as headers, i.body,
       (select max(p.id) from inbox p
         where p.account_id = i.account_id and p.ref = i.ref and p.id < i.id) as previous_id,
       coalesce(v.timezone, 'UTC') as timezone
  from inbox i
  left join accounts a on a.id = i.account_id
  left join bookings b on b.account_id = i.account_id and b.external_id = i.ref
  left join blocks k on k.account_id = i.account_id and k.external_id = i.ref
  left join venues v on v.id = coalesce(b.venue_id, k.venue_id)
 where i.id = $1

-- effects --
-- what was decided because of an event, oldest first
select v.name as venue, j.seq, j.at, j.kind, j.actor, j.booking_id, j.block_id, j.push_id, j.inbox_id, j.data,
       l.name as listing, a.channel
  from journal j
  join venues v on v.id = j.venue_id
  left join blocks k on k.id = j.block_id
  left join listings l on l.id = k.listing_id
  left join accounts a on a.id = k.account_id
 where j.inbox_id = $1
 order by j.at, j.venue_id, j.seq
 limit $2

-- accounts --
-- whose events there may be
select name from accounts order by name
