-- What leaves the configuration leaves in steps: it is leaving while `left_at` is null, and gone since then. What was taken
-- out before is leaving from now on, so that whatever of it still stands is given back; without anything it is gone at once.
alter table accounts add column left_at timestamptz;
alter table venues add column left_at timestamptz;
alter table units add column left_at timestamptz;
alter table listings add column left_at timestamptz;

-- A renamed account still gets its webhooks at the address that its provider knows.
alter table accounts add column former_names text[] not null default '{}';

-- Blocks of ours that were kept as guests' bookings, known by our marker or by the block's own id, are none. An id that
-- stood for a block once counts only where the booking was met while the block was not over: ids may be given again.
with ours as (
  update bookings b
     set status = 'cancelled', raw_status = '(a block of ours)', held_until = null, updated_at = now(), version = version + 1
   where b.account_id is not null and b.status in ('held', 'pending', 'confirmed', 'seated', 'unknown')
     and (exists (select from guests g
                   where g.booking_id = b.id and g.email ~* '^[^@]*\+hf-[a-z0-9]+(-[a-z0-9]+)*@[^@]+$')
          or exists (select from blocks k where k.account_id = b.account_id and k.external_id = b.external_id)
          or exists (select from blocks k
                      where k.account_id = b.account_id and k.last_ref = b.external_id
                        and b.first_seen_at < coalesce(k.closed_at, 'infinity')))
  returning b.id),
freed as (delete from allocations a using ours where a.booking_id = ours.id)
update conflicts c set closed_at = now(), resolution = 'it is a block of ours'
  from ours where c.booking_id = ours.id and c.kind = 'unmapped' and c.closed_at is null;
