-- add --
-- Everything that gathered goes in with one statement. The caller sorts it, or two of these could deadlock.
insert into inbox (account_id, via, ref, raw_type, delivery_id, headers, body, received_at, due_at)
select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::bytea[],
                     $8::timestamptz[], $8::timestamptz[])
on conflict on constraint inbox_one_delivery do nothing
returning account_id, via, raw_type

-- take_in --
-- The same for webhooks, with when their accounts last told us anything, to the second: one question to the server,
-- and its own commit. Those that are new are counted. The accounts come after all rows, or two of these could
-- deadlock; and seldom, or each of these would wait for the commit of the one before.
with told as (
  insert into inbox (account_id, via, ref, raw_type, delivery_id, headers, body, received_at, due_at)
  select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::bytea[],
                       $8::timestamptz[], $8::timestamptz[])
  on conflict on constraint inbox_one_delivery do nothing
  returning account_id, via, raw_type),
touched as (
  update accounts set last_webhook_at = greatest(last_webhook_at, $9::timestamptz)
   where id = any($1::bigint[]) and (select count(*) from told) >= 0
     and coalesce(last_webhook_at < $9::timestamptz - interval '1 second', true))
select account_id, via, raw_type, count(*) as many from told group by account_id, via, raw_type

-- add_done --
-- What was read and applied in this very transaction: kept so that the log shows where it came from.
insert into inbox (account_id, via, ref, raw_type, received_at, due_at, done_at, outcome, body)
values ($1, $2, $3, $4, $5, $5, $5, $6, $7)
returning id

-- untold --
-- Which of these bookings of account $1 no webhook that still waits tells of. What was made before the last complete
-- reading began, by its provider's clock in $3, is no news of now; nor is anything before the first one.
select told.ref from unnest($2::text[], $3::timestamptz[]) as told (ref, made_at)
  join cursors c on c.account_id = $1 and c.task = 'bookings' and c.last_complete_at is not null
 where coalesce(told.made_at, c.last_complete_at) >= c.last_complete_at
   and not exists (
     select from inbox i where i.account_id = $1 and i.ref = told.ref and i.via = 'webhook' and i.done_at is null)

-- keep_once --
-- What could not be used, told again and again: one row of it is enough. Nothing is kept of an erased guest.
insert into inbox (account_id, via, ref, raw_type, received_at, due_at, done_at, outcome, body, delivery_id)
values ($1, $2, $3, $4, $5, $5, $5, $6,
        case when exists (select from bookings b join guests g on g.booking_id = b.id and g.erased_at is not null
                           where b.account_id = $1 and b.external_id = $3) then null else $7::bytea end, $8)
on conflict on constraint inbox_one_delivery do nothing

-- claim --
-- By risk, a booking at a time: of what was never read nobody knows when it starts, and nothing is closed for it
-- yet; then the soonest start; what is over comes last. All that waits for a booking is taken together, for one
-- read answers it all. A lease, not a lock: the work is done outside any transaction. Nothing is taken while a
-- person has paused the account's intake, nor, with $5, while it is in doubt whether its provider answers. With each
-- goes what is asked before it is read: the booking as we know it, and our own block of that id, or when it ended.
-- However much waits, only the first rows of what was never read are looked at: a number that the planner knows, or
-- it would sort all of them; and between, that it goes through this account's rows, not through everybody's.
-- Nobody waits for the disk: a lease that a crash of the server takes back was nothing but a lease.
with doubt as (
  select exists (select from breakers where account_id = $3 and (failures > 0 or opened_at is not null)) as found,
         set_config('synchronous_commit', 'off', true) as unhurried),
never as (
  select i.ref, i.due_at, i.id from inbox i
   where i.account_id between $3 and $3 and i.done_at is null and i.due_at <= $1 and i.ref is not null
     and (i.lease_until is null or i.lease_until < clock_timestamp())
     -- looked up one by one
     and not exists (select from bookings where account_id = $3 and external_id = i.ref offset 0)
     and not exists (select from blocks where account_id = $3 and external_id = i.ref offset 0)
   order by i.account_id, i.due_at, i.id limit 200),
wanted as (
  (select ref, row_number() over (order by min(due_at), min(id)) as place from never group by ref)
   union all
  (select h.ref, $2::int + row_number() over (order by
            coalesce(upper(k.during) <= $1, true), lower(k.during), h.due_at, h.id) as place
     from (select ref, min(due_at) as due_at, min(id) as id from inbox
            where account_id = $3 and done_at is null and due_at <= $1 and ref is not null
              and (lease_until is null or lease_until < clock_timestamp())
            group by ref) h
     cross join lateral (
       select during from bookings where account_id = $3 and external_id = h.ref
       union all
       select during from blocks where account_id = $3 and external_id = h.ref limit 1) k
    where (select count(*) from never) < 200)
   order by place limit $2::int),
picked as (
  select i.id, w.place from wanted w
   cross join lateral (
     select id from inbox
      where account_id = $3 and ref = w.ref and done_at is null
        and (lease_until is null or lease_until < clock_timestamp()) offset 0) i
   union all
  select id, null from inbox
   where account_id = $3 and ref is null and done_at is null and due_at <= $1
     and (lease_until is null or lease_until < clock_timestamp())
   order by place nulls first, id limit $4::int),
due as (
  select i.id, p.place from picked p
   cross join lateral (
     select id from inbox
      where id = p.id and done_at is null and (lease_until is null or lease_until < clock_timestamp())
        for update skip locked) i
   where not exists (select from pauses
                      where account_id = $3 and direction = 'intake' and ended_at is null)
     and not ($5 and (select found from doubt))),
taken as (
  update inbox i
     set lease_until = clock_timestamp() + interval '30 seconds', leased_by = $6, attempts = i.attempts + 1
   where i.id = any (array(select id from due))
  returning i.*)
select d.found as in_doubt, t.id, t.account_id, t.via, t.ref, t.raw_type, t.received_at, t.attempts, t.error,
       b.listing_id, b.read_at, coalesce(k.flies, false) as ours_flies, coalesce(k.updated_at, k.ended_at) as ours_at
  from doubt d
  left join (select taken.*, due.place from taken join due using (id)) t on true
  left join lateral (
    select listing_id, read_at from bookings where account_id = $3 and external_id = t.ref offset 0) b on true
  left join lateral (
    select o.updated_at, o.flies,
           (select max(updated_at) from blocks where account_id = $3 and last_ref = t.ref) as ended_at
      from (values (1)) as one
      left join (
        select n.updated_at, exists (select from pushes p
                                      where p.block_id = n.id and p.state in ('in_flight', 'unknown')) as flies
          from blocks n where n.account_id = $3 and n.external_id = t.ref) o on true) k on true
 order by t.place nulls first, t.id

-- finish --
-- The second worker that comes to a finished row finds nothing to finish. What is told of an erased guest
-- is not kept a moment longer than it takes to read it.
update inbox i
   set done_at = $2, outcome = $3, error = null, lease_until = null,
       headers = case when gone.erased then null else i.headers end,
       body = case when gone.erased then null else i.body end
  from (select n.id, exists (select from bookings b join guests g on g.booking_id = b.id
                              where b.account_id = n.account_id and b.external_id = n.ref
                                and g.erased_at is not null) as erased
          from inbox n where n.id = any($1::bigint[])) gone
 where i.id = gone.id and i.done_at is null

-- later --
-- Back into the queue, with the reason shown, and how often in a row it was that.
update inbox set due_at = $2, error = $3, attempts = coalesce($4, attempts), lease_until = null
 where id = any($1::bigint[]) and done_at is null
