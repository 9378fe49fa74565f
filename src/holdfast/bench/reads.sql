-- rested --
-- As after hours of it: all was read, nothing waits, and what is due next is spread over its period.
with placed as (
  select id, row_number() over same as place, count(*) over (partition by account_id, task, every_seconds) as many
    from readings window same as (partition by account_id, task, every_seconds order by id))
update readings r
   set due_at = $1::timestamptz + make_interval(secs => r.every_seconds * p.place / p.many), complete_at = $1, read_at = $1
  from placed p where p.id = r.id and r.task <> 'past'

-- rested_past --
-- The same for a list that keeps its past: its next pass begins now.
update readings p
   set due_at = $1, complete_at = $1, read_at = $1, page = null, pass_began_at = null, memo = '{}',
       cost = ceil((r.memo ->> 'total')::int / 100.0)
  from readings r
 where p.task = 'past' and r.task = 'bookings' and r.account_id = p.account_id and r.place = p.place

-- forget_passes --
delete from pass_rows

-- read --
-- Which accounts were read: all of it, and what tells of the next days.
select a.channel, c.task, c.last_complete_at is not null as whole, c.news_at is not null as news
  from cursors c join accounts a on a.id = c.account_id
 where c.task in ('bookings', 'offers') and a.mode = 'live'
