-- scarce --
-- The account that may write least sells alone, as far ahead as is booked here; it is read once, and then no more.
update accounts a
   set mode = case a.id when s.id then 'live' else 'paused' end, horizon_days = 30, poll_seconds = 86400,
       offers_seconds = 86400, audit_seconds = 86400
  from (select id from accounts order by writes_per_minute, id limit 1) s

-- scarce_channel --
select channel from accounts order by writes_per_minute, id limit 1

-- exposed --
-- Seconds, summed over all bookings, for which the account went on selling time that was taken.
select coalesce(sum(extract(epoch from least(coalesce(e.ended_at, $1), upper(e.during)) - e.began_at)), 0)::float8
  from exposures e join listings l on l.id = e.listing_id join accounts a on a.id = l.account_id
 where a.mode = 'live' and e.began_at < least(coalesce(e.ended_at, $1), upper(e.during))

-- overtaken --
-- First tries that went out while a call that closes more urgently was wished for and had not been tried. To confirm
-- a hold that is about to lapse is urgent, too: such a call has waited for nearly the hold's life.
with sent as (
  select p.account_id, p.risk, p.call, p.wished_at, p.due_at, min(t.sent_at) as at
    from pushes p join attempts t on t.push_id = p.id group by p.id)
select count(*) from sent s
 where not (s.call = 'commit' and s.at > s.wished_at + interval '12 minutes')
   and exists (select from sent u
                where u.account_id = s.account_id and u.risk < s.risk and u.wished_at < s.at and u.due_at < s.at
                  and u.at > s.at)

-- open --
select count(*) from pushes where state in ('waiting', 'in_flight', 'unknown')
