-- lock_venue --
-- Decisions are serialised per venue; the journal's head comes with the lock, and since when it is configured as it is.
select id, journal_seq, journal_hash, configured_at from venues where id = $1 for update

-- append --
-- The venue's lock is held, so the chain has one writer. $2's last is the new head.
with head as (
  update venues set journal_seq = ($2::bigint[])[cardinality($2)], journal_hash = ($11::bytea[])[cardinality($11)]
   where id = $1)
insert into journal (venue_id, seq, at, kind, actor, booking_id, block_id, push_id, inbox_id, data, hash)
select $1, * from unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                         $8::bigint[], $9::bigint[], $10::text[], $11::bytea[])

-- chain --
-- A venue's journal in order, to verify it, with the head that the venue knows: an end cut off shows.
select j.*, v.journal_seq, v.journal_hash
  from venues v left join journal j on j.venue_id = v.id
 where v.id = $1 order by j.seq

-- since --
-- What happened after an entry; sequence numbers have no holes under the venue's lock.
select * from journal where venue_id = $1 and seq > $2 order by seq limit $3

-- head --
-- Where a venue's chain ends, as the venue knows it.
select journal_seq, journal_hash from venues where id = $1
