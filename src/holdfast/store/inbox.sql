-- add --
-- Everything that gathered goes in with one statement. The caller sorts it, or two of these could deadlock.
insert into inbox (account_id, via, ref, raw_type, delivery_id, headers, body, received_at, due_at)
select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::bytea[],
                     $8::timestamptz[], $8::timestamptz[])
on conflict on constraint inbox_one_delivery do nothing
returning account_id, via, raw_type

-- take_in --
-- The same for webhooks, with when their accounts last told us anything, to the second: one question to the server,
-- and its own commit. Those that are new are counted. The accounts come after all rows, or two of these could deadlock; and seldom, or each of these
-- would wait for the commit of the one before.
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
-- person has paused the account's intake.
with heard as (
  select ref, min(due_at) as due_at, min(id) as id from inbox
   where account_id = $3 and done_at is null and due_at <= $1 and ref is not null
     and (lease_until is null or lease_until < clock_timestamp())
   group by ref),
wanted as (
  select h.ref, row_number() over (order by
           k.ref is not null, coalesce(upper(k.during) <= $1, true), lower(k.during), h.due_at, h.id) as place
    from heard h
    left join lateral (
      select external_id as ref, during from bookings where account_id = $3 and external_id = h.ref
      union all
      select external_id, during from blocks where account_id = $3 and external_id = h.ref limit 1) k on true
   order by place limit $2),
due as (
  select i.id, w.place from inbox i left join wanted w on w.ref = i.ref
   where i.account_id = $3 and i.done_at is null and (i.lease_until is null or i.lease_until < clock_timestamp())
     and (w.place is not null or (i.ref is null and i.due_at <= $1))
     and not exists (select from pauses s
                      where s.account_id = $3 and s.direction = 'intake' and s.ended_at is null)
   order by w.place nulls first, i.id limit $4
   for update of i skip locked),
taken as (
  update inbox i
     set lease_until = clock_timestamp() + interval '30 seconds', attempts = i.attempts + 1
    from due where i.id = due.id
  returning i.*, due.place)
select id, account_id, via, ref, raw_type, received_at, attempts from taken order by place nulls first, id

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
-- Back into the queue, with the reason shown.
update inbox set due_at = $2, error = $3, lease_until = null
 where id = any($1::bigint[]) and done_at is null
