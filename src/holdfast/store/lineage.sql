-- Whether this is still the store that its processes knew, or an older state of it: a backup, a copy, a replica that had
-- not heard of everything.

-- look --
-- The number of this look, and the moment of the one before. The first look of all makes the row.
insert into lineage as l (looked_at) values ($1)
on conflict (one) do update set looks = l.looks + 1, looked_at = excluded.looked_at
returning installation::text, looks, went_back_at > coalesce(doubted_at, '-infinity') as doubt_due,
          (select looked_at from lineage) as looked_before

-- went_back --
-- One of all who notice it writes it down; for the others the number is far ahead of what they knew by then.
update lineage set looks = greatest(looks, $1) + 1000000, went_back_at = $2, went_back_to = $3
 where looks < $1 + 500000
returning looks

-- declare --
-- A person says so; where it was noticed and is still to be worked off, that is the same news.
update lineage set looks = looks + 1000000, went_back_at = $1, went_back_to = null
 where went_back_at is null or went_back_at <= doubted_at
returning looks

-- jump --
-- No number that was given out in the time that is lost is ever used again: not for a booking, and not in the key of a call.
select setval(format('%I.%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + greatest(10000000, last_value))
  from pg_sequences where schemaname = current_schema()

-- alone --
-- Two who take back the same at once wait for each other.
select pg_advisory_xact_lock(4839201701)

-- due --
select coalesce(bool_or(went_back_at > coalesce(doubted_at, '-infinity')), false) from lineage

-- doubted --
update lineage set doubted_at = greatest($1, went_back_at)

-- state --
-- For people. `unread`: the accounts in service that were not read completely since.
select g.looks, g.installation::text, g.went_back_at, g.went_back_to, g.went_back_at > coalesce(g.doubted_at, '-infinity') as doubt_due,
       array(select a.name from accounts a join cursors c on c.account_id = a.id and c.task = 'bookings'
              where a.active and a.mode <> 'paused' and (c.last_complete_at is null or c.last_complete_at < g.went_back_at)
              order by a.name) as unread
  from lineage g
