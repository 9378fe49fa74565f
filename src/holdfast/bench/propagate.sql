-- closed --
-- When the other channel had answered the first block that stands for each of these bookings.
select k.external_id as ref, min(t.settled_at) as at
  from bookings k
  join blocks b on b.because && array[k.id]
  join pushes p on p.block_id = b.id and p.call = 'place'
  join attempts t on t.push_id = p.id and t.outcome = 'done'
 where k.external_id = any($1::text[])
 group by k.external_id

-- plain --
create table plain_bookings (id bigint generated always as identity primary key, ref text not null, told bytea);
create table plain_blocks (id bigint generated always as identity primary key, booking_id bigint references plain_bookings);

-- booking --
insert into plain_bookings (ref, told) values ($1, $2) returning id

-- block --
insert into plain_blocks (booking_id) values ($1)
