-- What the operations page shows beside the accounts: all from Postgres, all within a bounded stretch of time.

-- tries --
-- calls of each account since $1, how many the channel failed, and how many since $2 went out of the budgets
select a.name as account, count(t.id) as tries,
       count(t.id) filter (where t.failure in ('not_sent', 'unknown', 'limited', 'unauthorised', 'broken')) as failed,
       count(t.id) filter (where t.sent_at > $2::timestamptz) as lately,
       a.writes_per_minute as writes, a.reads_per_minute as reads,
       (select coalesce(sum(r.amount), 0)::bigint from reads r where r.account_id = a.id and r.slot > $2) as reads_lately
  from accounts a
  left join (select t.id, t.failure, t.sent_at, p.account_id
               from attempts t join pushes p on p.id = t.push_id
              where t.sent_at > $1::timestamptz) t on t.account_id = a.id
 where a.active
 group by a.id

-- failing --
-- what fails, by account, call and failure: calls since $1, and news that cannot be read now
(select a.name as account, p.call as what, t.failure, count(*) as times, min(t.sent_at) as first_at,
        max(t.sent_at) as last_at, bool_or(p.state in ('waiting', 'in_flight', 'unknown')) as goes_on
   from attempts t
   join pushes p on p.id = t.push_id
   join accounts a on a.id = p.account_id
  where t.sent_at > $1::timestamptz and t.failure is not null
  group by 1, 2, 3)
union all
(select a.name, 'news', split_part(i.error, ':', 1), count(*), min(i.received_at), max(i.received_at), true
   from inbox i
   join accounts a on a.id = i.account_id
  where i.error is not null and i.done_at is null
  group by 1, 3)
 order by last_at desc, account, what, failure
 limit $2

-- schedules --
-- what is read when; a lease runs on the database's clock
select a.name as account, a.channel, a.mode, c.task, c.next_due_at, c.last_complete_at, c.failures, c.error,
       c.lease_until > clock_timestamp() as reading,
       case c.task when 'offers' then a.offers_seconds when 'audit' then a.audit_seconds else a.poll_seconds end as every,
       exists (select from pauses s
                where s.account_id = a.id and s.direction = 'intake' and s.ended_at is null) as paused
  from cursors c
  join accounts a on a.id = c.account_id
 where a.active
 order by a.channel, a.name, case c.task when 'bookings' then 0 when 'offers' then 1 else 2 end

-- workers --
-- who works, and who stopped a moment ago; if nobody does, who did last
select id, version, started_at, beat_at, redis_ok_at, stopped_at from workers
 where beat_at > $1::timestamptz or beat_at = (select max(beat_at) from workers)
 order by started_at desc
 limit 50

-- done --
-- what was worked off of what came in since $1, and which calls were done since then
select (select count(*) from inbox i where i.received_at > $1::timestamptz and i.done_at is not null) as events,
       (select coalesce(sum(n.amount), 0)::bigint from accounts a
         cross join lateral (select count(*) as amount from pushes p
                              where p.account_id = a.id and p.settled_at > $1 and p.state = 'done') n) as pushes

-- waits --
-- by the hour since $1 in which it came in: how long what came in waited, until $2 where it still does
select floor(date_part('epoch', i.received_at - $1::timestamptz) / 3600)::int as hour, count(*) as amount,
       date_part('epoch', max(coalesce(i.done_at, $2::timestamptz) - i.received_at)) as longest
  from inbox i
 where i.received_at > $1 and i.received_at <= $2
 group by 1

-- sent --
-- by the hour since $1 in which it was settled: how long calls waited, how soon other channels knew, what was given up
select floor(date_part('epoch', p.settled_at - $1::timestamptz) / 3600)::int as hour, count(*) as amount,
       date_part('epoch', max(p.settled_at - p.wished_at)) as longest,
       percentile_cont(0.95) within group (order by date_part('epoch', p.settled_at - p.observed_at))
         filter (where p.state = 'done' and p.call in ('place', 'commit')) as told,
       count(*) filter (where p.state = 'done' and p.call in ('place', 'commit')) as placed,
       count(*) filter (where p.state = 'done' and p.call in ('place', 'commit')
                          and p.settled_at - p.observed_at <= interval '30 seconds') as soon,
       count(*) filter (where p.state = 'dead' and p.outcome is distinct from 'dropped') as dead
  from accounts a
  join pushes p on p.account_id = a.id and p.settled_at > $1
 where p.settled_at <= $2 and p.state in ('done', 'dead')
 group by 1

-- told --
-- how soon other channels knew of what was closed there since $1
select count(*) as amount, percentile_cont(0.95) within group (order by seconds) as p95
  from (select date_part('epoch', p.settled_at - p.observed_at) as seconds
          from accounts a
          join pushes p on p.account_id = a.id and p.settled_at > $1::timestamptz
         where p.state = 'done' and p.call in ('place', 'commit')) d

-- exposed --
-- how long time was sold twice that was taken: of what ended since $1, and, until $2, of what goes on
select count(*) as amount,
       percentile_cont(0.95) within group (order by seconds) as p95,
       percentile_cont(0.99) within group (order by seconds) as p99
  from (select date_part('epoch', ended_at - began_at) as seconds
          from exposures where ended_at > $1::timestamptz
        union all
        select date_part('epoch', greatest($2::timestamptz, began_at) - began_at)
          from exposures where ended_at is null) e

-- exposed_by_hour --
-- the same of what ended, by the hour since $1
select floor(date_part('epoch', ended_at - $1::timestamptz) / 3600)::int as hour, count(*) as amount,
       percentile_cont(0.95) within group (order by date_part('epoch', ended_at - began_at)) as p95
  from exposures where ended_at > $1 and ended_at <= $2::timestamptz
 group by 1

-- clashes --
-- by the hour since $1, what came to a conflict
select floor(date_part('epoch', opened_at - $1::timestamptz) / 3600)::int as hour, count(*) as amount
  from conflicts where opened_at > $1 and opened_at <= $2::timestamptz
 group by 1

-- given_up --
-- all that nobody handled yet, as the list counts it, and how much of it since $1
select count(*) as amount, count(*) filter (where settled_at > $1::timestamptz) as lately
  from (select settled_at from pushes
         where state = 'dead' and outcome is distinct from 'dropped' limit $2) d

-- queued --
-- what an account sends next, and what is under way
select p.call, count(*) filter (where p.state = 'waiting') as waiting,
       count(*) filter (where p.state in ('in_flight', 'unknown')) as under_way
  from pushes p join accounts a on a.id = p.account_id
 where a.name = $1 and p.state in ('waiting', 'in_flight', 'unknown')
 group by p.call
 order by min(p.risk), p.call
