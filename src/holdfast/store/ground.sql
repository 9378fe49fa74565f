-- ground --
-- What planning in a venue rests on besides its bookings and blocks: the longest offer (how far a change can reach), what
-- of each listing's offers was read completely, which accounts are paused, and whether anything that we wanted
-- to place was refused since $6.
select (select coalesce(max(o.ends_at - o.starts_at), interval '1 hour') from offers o
         where o.listing_id = any($2::bigint[]) and o.starts_at < $4 and o.ends_at > $3) as longest,
       array(select row(o.listing_id, lower(o.during), upper(o.during)) from looks o
              where o.listing_id = any($2::bigint[]) and o.during && tstzrange($3, $4)) as looks,
       array(select s.account_id from pauses s
              where s.account_id = any($5::bigint[]) and s.direction = 'pushes' and s.ended_at is null) as paused,
       exists (select from pushes p
                where p.venue_id = $1 and p.outcome = 'taken' and p.settled_at > $6 and p.call = 'place') as refused
