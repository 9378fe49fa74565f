-- doubt --
-- One more read that did not find booking $2 of account $1 as we know it, begun at $4: how often in a row that is, and
-- what else is known. A read that found it as we know it begins the count anew. What a list showed speaks against its being
-- gone, not against its being at another place.
with known as (
  select b.id, b.venue_id, b.read_at, b.held_until, b.during,
         b.status in ('held', 'pending', 'confirmed', 'seated', 'unknown') as occupying,
         b.status in ('held', 'pending') as is_held
    from bookings b where b.account_id = $1 and b.external_id = $2),
shown as (
  select greatest((select read_at from known),
                  (select at from listed where account_id = $1 and ref = $2 and $3::text = 'missing')) as at),
told as (
  insert into absences as a (account_id, ref, kind, since, read_at, reads) values ($1, $2, $3, $4, $4, 1)
  on conflict (account_id, ref, kind) do update
    set since = case when a.read_at <= (select read_at from known) then excluded.since else a.since end,
        reads = case when a.read_at <= (select read_at from known) then 1
                     when excluded.read_at > a.read_at then a.reads + 1 else a.reads end,
        read_at = greatest(a.read_at, excluded.read_at)
  returning a.since, a.read_at, a.reads),
lists as (
  select case when count(*) > 0 and bool_and(whole_at is not null) then min(whole_at) end as began_at
    from (select case when p.id is not null then p.complete_at else r.complete_at end as whole_at
            from readings r
            left join readings p on p.account_id = r.account_id and p.task = 'past' and p.place = r.place
           where r.account_id = $1 and r.task = 'bookings'
             and (r.during is null or r.during && (select during from known))) each_list)
select told.since, told.read_at, told.reads, shown.at as shown_at, lists.began_at as lists_began_at,
       k.id as booking_id, k.venue_id, coalesce(k.occupying, false) as known,
       case when k.is_held then k.held_until end as held_until
  from told cross join shown cross join lists left join known k on true

-- settled --
-- It was concluded on: a later doubt begins anew.
delete from absences where account_id = $1 and ref = any($2::text[])

-- forget --
-- What nobody asked after any more.
delete from absences where read_at < $1
