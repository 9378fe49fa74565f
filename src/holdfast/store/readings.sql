-- lanes --
-- Which of these accounts have what due in which lane. Paused ones are left out, and those that answer nothing. What is
-- due far later than it could be planned was planned by a clock that was wrong.
with able as (
  select a.id from accounts a
   where a.id = any($2::bigint[]) and a.active and a.mode <> 'paused'
     and not exists (select from pauses s
                      where s.account_id = a.id and s.direction = 'intake' and s.ended_at is null)
     and not exists (select from breakers b
                      where b.account_id = a.id and b.direction = 'in' and b.retry_at > $1))
select distinct r.account_id, case
         when r.task = 'bookings' or (r.task = 'past' and r.complete_at is null) then 'bookings'
         when r.task = 'offers' and lower(r.during) < $1 + interval '2 days' then 'offers'
         else 'background' end as lane
  from able join readings r on r.account_id = able.id
 where (r.due_at <= $1 or r.due_at > $1 + make_interval(secs => 600 + 2 * r.every_seconds))
   and (r.lease_until is null or r.lease_until < clock_timestamp())
union
select able.id, 'probes' from able
 where exists (select from probes p join listings l on l.id = p.listing_id
                where l.account_id = able.id and p.due_at <= $1
                  and (p.lease_until is null or p.lease_until < clock_timestamp()))
union
select able.id, 'background' from able join cursors c on c.account_id = able.id
 where c.task = 'audit' and c.next_due_at <= $1 and (c.lease_until is null or c.lease_until < clock_timestamp())

-- claim --
-- The reading of an account's lane that is latest by its own measure, for 30 seconds unless it is kept. What a clock that
-- was wrong put off comes first.
with due as (
  select r.id from readings r join accounts a on a.id = r.account_id
   where r.account_id = $2 and (r.due_at <= $1 or r.due_at > $1 + make_interval(secs => 600 + 2 * r.every_seconds))
     and a.active and a.mode <> 'paused'
     and (r.lease_until is null or r.lease_until < clock_timestamp())
     and case $3::text
           when 'bookings' then r.task = 'bookings' or (r.task = 'past' and r.complete_at is null)
           when 'offers' then r.task = 'offers' and lower(r.during) < $1 + interval '2 days'
           else (r.task = 'past' and r.complete_at is not null)
             or (r.task = 'offers' and lower(r.during) >= $1 + interval '2 days') end
     and not exists (select from pauses s
                      where s.account_id = a.id and s.direction = 'intake' and s.ended_at is null)
     and not exists (select from breakers b
                      where b.account_id = a.id and b.direction = 'in' and b.retry_at > $1)
   order by r.due_at > $1 desc, extract(epoch from $1 - r.due_at) / r.every_seconds desc,
            abs(extract(epoch from lower(r.during) - $1)) nulls first, r.id
   limit 1
   for update of r skip locked)
update readings r set lease_until = clock_timestamp() + interval '30 seconds', leased_by = $4, started_at = $1
  from due where r.id = due.id
returning r.*

-- keep --
-- Still being read, by the one who claimed it then.
update readings set lease_until = clock_timestamp() + interval '30 seconds'
 where id = $1 and started_at = $2 and lease_until is not null

-- give_back --
-- Not read: the next who looks may.
update readings set lease_until = null where id = $1 and started_at = $2

-- put_off --
-- Not read, for lack of budget ($4 false) or because it failed. Who lost the lease meanwhile changes nothing.
update readings
   set due_at = $3, lease_until = null, error = case when $4 then $5 else error end,
       failures = failures + case when $4 then 1 else 0 end
 where id = $1 and started_at = $2

-- still_ours --
-- Whether it is still ours until this transaction ends: who lost the lease meanwhile changes nothing.
select exists (select from readings where id = $1 and started_at = $2 for update)

-- settle --
-- A page was read: where it goes on, and when.
update readings
   set due_at = $3, lease_until = null, page = $4, pass_began_at = $5, memo = $6, read_at = $2,
       complete_at = coalesce($7, complete_at), cost = coalesce($8, cost), every_seconds = $9, failures = 0, error = null
 where id = $1 and started_at = $2
returning id

-- see --
-- How many of these rows a pass had not seen.
with new as (
  insert into pass_rows (reading_id, ref_hash) select distinct $1::bigint, hashtextextended(ref, 0)
    from unnest($2::text[]) as page(ref)
  on conflict do nothing returning 1)
select count(*) from new

-- seen --
-- Tells two passes over the same rows from others, in whatever order they came.
select count(*) || ':' || coalesce(sum(ref_hash::numeric), 0) from pass_rows where reading_id = $1

-- forget_pass --
-- The next begins anew.
delete from pass_rows where reading_id = $1

-- list --
-- A list showed these of ours and of guests that are live; which of them no list had shown before.
insert into listed (account_id, ref, at)
select $1, ref, $3 from unnest($2::text[]) as page(ref)
 where exists (select from bookings b where b.account_id = $1 and b.external_id = ref
                  and b.status in ('held', 'pending', 'confirmed', 'seated', 'unknown'))
    or exists (select from blocks k where k.account_id = $1 and k.external_id = ref and k.closed_at is null)
 order by ref
on conflict (account_id, ref) do update set at = greatest(listed.at, excluded.at)
returning xmax = 0 as new

-- listed_since --
-- What some list has shown since.
select ref from listed where account_id = $1 and at >= $2

-- forget_listed --
-- What no list has shown for days is settled otherwise.
delete from listed where at < $1

-- asked --
-- What no list has shown since was asked after: not again before that much later. Nothing: it was so already.
update cursors set asked_at = $2::timestamptz
 where account_id = $1 and task = 'bookings' and (asked_at is null or asked_at < $2::timestamptz - $3::interval)
returning id

-- seed --
-- What is to be read of an account, as far as it is not there yet.
insert into readings (account_id, task, listing_id, place, during, due_at, cost, every_seconds)
select $1, $2, listing_id, place, during, $3, cost, every
  from unnest($4::bigint[], $5::text[], $6::tstzrange[], $7::int[], $8::float8[])
       as wanted(listing_id, place, during, cost, every)
on conflict (account_id, task, listing_id, place) do update
  set during = excluded.during where readings.during is distinct from excluded.during

-- unseed --
-- What is no longer to be read.
delete from readings
 where account_id = $1 and task = any($2::text[])
   and (coalesce(listing_id, 0), place) not in (
     select coalesce(listing_id, 0), place from unnest($3::bigint[], $4::text[]) as wanted(listing_id, place))
   and (lease_until is null or lease_until < clock_timestamp())

-- begin_past --
-- A list has more pages than one: a pass over all of them goes on in a reading of its own.
insert into readings (account_id, task, place, due_at, page, pass_began_at, memo, complete_at, cost)
values ($1, 'past', $2, $3, $4, $5, $6, $7, 2)
on conflict (account_id, task, listing_id, place) do nothing
returning id

-- end_past --
-- A list has one page again.
delete from readings where account_id = $1 and task = 'past' and place = $2

-- has_past --
-- Whether a list has more pages than one.
select exists (select from readings where account_id = $1 and task = 'past' and place = $2)

-- remember --
-- What a pass taught about a list's order.
update readings set memo = memo || $4 where account_id = $1 and task = $2 and place = $3

-- hurry --
-- Read sooner.
update readings set due_at = least(due_at, $3) where account_id = $1 and task = any($2::text[])

-- costs --
-- What one complete reading of an account takes, and how near it lies.
select task, during, cost, memo ->> 'order' as learned from readings where account_id = $1

-- sum_up --
-- How an account's readings stand. Everything up to the horizon counts ($3); what is read beyond it will count tomorrow.
with mine as (
  select r.*, case when r.task = 'bookings' then coalesce(
                     (select p.complete_at from readings p
                       where p.account_id = r.account_id and p.task = 'past' and p.place = r.place),
                     case when exists (select from readings p where p.account_id = r.account_id
                                          and p.task = 'past' and p.place = r.place) then null else r.complete_at end)
                   else r.complete_at end as whole_at,
         -- in a list without an order news may be on any page: only a pass over all of them tells of it
         case when r.during is not null then r.complete_at
              when r.memo ->> 'order' = 'none' then coalesce(
                (select p.complete_at from readings p
                  where p.account_id = r.account_id and p.task = 'past' and p.place = r.place), r.read_at)
              else r.read_at end as told_at,
         coalesce(lower(r.during) < $3, true) as counts,
         coalesce(lower(r.during) < $4, true) as is_near
    from readings r
   where r.account_id = $1 and (r.task = $2 or (r.task = 'past' and $2 = 'bookings'))),
summed as (
  select min(due_at) as due,
         case when bool_and(whole_at is not null) filter (where task = $2 and counts)
              then min(whole_at) filter (where task = $2 and counts) end as complete,
         case when bool_and(told_at is not null) filter (where task = $2 and is_near)
              then min(told_at) filter (where task = $2 and is_near) end as news,
         max(failures) as failures,
         (array_agg(error order by started_at desc) filter (where error is not null))[1] as error
    from mine)
update cursors c
   set next_due_at = coalesce(s.due, c.next_due_at), last_complete_at = s.complete, news_at = s.news,
       failures = coalesce(s.failures, 0), error = s.error, period_seconds = $5, news_seconds = $6
  from summed s
 where c.account_id = $1 and c.task = $2
returning c.last_complete_at, c.asked_at

-- read_since --
-- Since when all bookings and offers of an account were read; null: some never was.
select case when count(last_complete_at) = 2 then min(last_complete_at) end
  from cursors where account_id = $1 and task in ('bookings', 'offers')

-- look --
-- These offers were read completely; what was read of this time before says no more.
with older as (
  delete from looks where listing_id = $1 and during <@ $2::tstzrange and during <> $2::tstzrange and read_at <= $3)
insert into looks (listing_id, during, read_at) values ($1, $2, $3)
on conflict (listing_id, during) do update set read_at = greatest(looks.read_at, excluded.read_at)

-- forget_looks --
-- What is past.
delete from looks where upper(during) < $1
