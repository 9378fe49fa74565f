-- What the judgement of how fresh accounts are rests on, and what is not known. Nothing here writes but `limited` and what begins with `unread_` or is `unread`.

-- evidence --
-- Everything about each account in use, at $1; of its provider's silence only as long as it was called since $2. Until
-- readings are planned list by list, a cursor's own times and the account's periods stand for them. While a part of a
-- reading is read, or was a moment ago, no other part of it counts as overdue.
select a.name, a.channel, a.created_at as made_at,
       case when a.mode = 'paused' then 'paused'
            when s.id is not null then 'intake paused by ' || s.actor else '' end as paused,
       shut.opened_at as unanswered_at,
       coalesce(b.error like 'unauthorised:%', false) or coalesce(o.error like 'unauthorised:%', false)
         or exists (select from readings r where r.account_id = a.id and r.error like 'unauthorised:%') as refused,
       w.beat_at, held.told, held.since, held.until,
       b.id is not null as reads_bookings, o.id is not null as reads_offers,
       coalesce(b.news_at, b.last_complete_at) as bookings_news_at,
       coalesce(b.news_seconds, a.poll_seconds)::float as bookings_news_seconds,
       b.last_complete_at as bookings_complete_at,
       coalesce(b.period_seconds, a.poll_seconds)::float as bookings_period_seconds,
       case when lists.amount > 0 then lists.next_at
            when b.lease_until > clock_timestamp() then null else b.next_due_at end as bookings_next_at,
       lists.amount as lists, lists.complete as lists_read,
       near.amount as stretches, near.complete as stretches_read,
       coalesce(o.news_at, o.last_complete_at) as offers_news_at,
       coalesce(o.news_seconds, a.offers_seconds)::float as offers_news_seconds
  from accounts a
  cross join (select coalesce(max(beat_at) filter (where beat_at <= $1::timestamptz + interval '5 seconds'),
                              max(beat_at)) as beat_at from workers) w
  left join cursors b on b.account_id = a.id and b.task = 'bookings'
  left join cursors o on o.account_id = a.id and o.task = 'offers'
  left join pauses s on s.account_id = a.id and s.direction = 'intake' and s.ended_at is null
  left join breakers shut on shut.account_id = a.id and shut.direction = 'in' and shut.retry_at > $2
  left join lateral (select m.told, m.since, m.until from limits m
                      where m.account_id = a.id and m.until > $1 order by m.told desc limit 1) held on true
  cross join lateral (
    select count(*) as amount, count(r.complete_at) as complete,
           case when bool_or(r.lease_until > clock_timestamp()) or max(r.read_at) > $1 - interval '30 seconds'
                then null else min(r.due_at) end as next_at
      from readings r where r.account_id = a.id and r.task = 'bookings') lists
  cross join lateral (
    select count(*) as amount, count(r.complete_at) as complete
      from readings r
     where r.account_id = a.id and r.task = 'offers' and lower(r.during) < $1 + interval '2 days') near
 where a.active
 order by a.channel, a.name

-- unreadables --
-- What was shown as a booking and could not be read, unless all was read since, or it was read by its id.
select a.name as account, u.ref, u.field, u.first_at, u.seen_at
  from unreadables u
  join accounts a on a.id = u.account_id
  left join cursors c on c.account_id = a.id and c.task = 'bookings'
 where a.active and (c.last_complete_at is null or c.last_complete_at <= u.seen_at)
   and not exists (select from bookings b
                    where b.account_id = u.account_id and b.external_id = u.ref and b.read_at > u.seen_at)
 order by u.first_at, a.name, u.ref
 limit 20

-- unknown --
-- Bookings whose time was never read on another listing, from $1 on: those that lie in what is read, and those beyond.
select coalesce(array_agg(distinct e.booking_id) filter (where lower(e.during) < read.until), '{}') as within,
       coalesce(array_agg(distinct e.booking_id) filter (where lower(e.during) >= read.until), '{}') as beyond
  from exposures e
  join listings l on l.id = e.listing_id
  join accounts a on a.id = l.account_id
  cross join lateral (select $1::timestamptz + make_interval(days => a.horizon_days) as until) read
 where e.ended_at is null and e.why = 'beyond_horizon' and upper(e.during) > $1
   and l.active and a.active and a.mode <> 'paused'

-- limited --
-- No calls go until then; $2: its provider said so.
insert into limits (account_id, told, since, until)
select id, $2, $3, $4 from accounts where name = $1
on conflict (account_id, told) do update
   set since = case when limits.until < excluded.since then excluded.since else limits.since end,
       until = greatest(limits.until, excluded.until)

-- told_until --
-- Until when its provider asked this account for no calls.
select max(m.until) from limits m join accounts a on a.id = m.account_id where a.name = $1 and m.told

-- unread --
-- It was shown again, and could not be read again.
insert into unreadables (account_id, ref, field, first_at, seen_at) values ($1, $2, $3, $4, $4)
on conflict (account_id, ref) do update set field = excluded.field, seen_at = excluded.seen_at

-- unread_of_some --
-- They were shown again, and of these fields could not be read again.
insert into unreadables (account_id, ref, field, first_at, seen_at)
select $1, told.ref, told.field, $4::timestamptz, $4::timestamptz from unnest($2::text[], $3::text[]) as told (ref, field)
on conflict (account_id, ref) do update set field = excluded.field, seen_at = excluded.seen_at
