-- What was asked for with a key of the asker's own: asked again, it is the same and not one more.

-- find --
select digest, booking_id from once where who = $1 and key = $2 and at > $3

-- keep --
-- One that is over makes room. No row: somebody else used the key at this moment.
insert into once as o (who, key, digest, booking_id, at) values ($1, $2, $3, $4, $5)
on conflict (who, key) do update set digest = excluded.digest, booking_id = excluded.booking_id, at = excluded.at
 where o.at <= $6
returning booking_id

-- forget --
delete from once where at <= $1
