-- blocks --
-- What the blocks that stand for each of these bookings are called on the other channel.
select k.external_id as ref, array_agg(coalesce(b.external_id, b.last_ref)) as blocks
  from bookings k join blocks b on b.because && array[k.id]
 where k.external_id = any($1::text[])
 group by k.external_id

-- plain --
create table plain_bookings (id bigint generated always as identity primary key, ref text not null, told bytea);
create table plain_blocks (id bigint generated always as identity primary key, booking_id bigint references plain_bookings);

-- booking --
insert into plain_bookings (ref, told) values ($1, $2) returning id

-- block --
insert into plain_blocks (booking_id) values ($1)
