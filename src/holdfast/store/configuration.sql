-- lock --
-- Two plans at once would each be made for a database that the other one changes.
select pg_advisory_xact_lock(4839201701)

-- book --
-- One statement, so that every id in it leads somewhere; $1: also what is gone. What is leaving is in it as what it was:
-- there is still something of it to be given back, or waited for.
with here as (
  select l.id, l.active and v.active and a.active as sold,
         (v.active or v.left_at is null) and (a.active or a.left_at is null) as known
    from listings l join venues v on v.id = l.venue_id join accounts a on a.id = l.account_id),
told as (
  select l.id, h.sold, h.known, to_jsonb(l) || jsonb_build_object('unit_ids', array(
           select m.unit_id from listing_units m join units u on u.id = m.unit_id
            where m.listing_id = l.id and (u.active or u.left_at is null or $1) order by m.position)) as row
    from listings l join here h on h.id = l.id)
select jsonb_build_object(
  'accounts', (select coalesce(jsonb_object_agg(a.id, to_jsonb(a)), '{}')
                 from accounts a where a.active or a.left_at is null or $1),
  'venues',   (select coalesce(jsonb_object_agg(v.id, to_jsonb(v)), '{}')
                 from venues v where v.active or v.left_at is null or $1),
  'units',    (select coalesce(jsonb_object_agg(u.id, to_jsonb(u)), '{}')
                 from units u join venues v on v.id = u.venue_id
                where ((u.active or u.left_at is null) and (v.active or v.left_at is null)) or $1),
  'listings', (select coalesce(jsonb_object_agg(id, row), '{}') from told where sold or $1),
  'former',   (select coalesce(jsonb_object_agg(id, row), '{}') from told where not sold and (known or $1))
)::text

-- mark --
-- Another text as soon as the book would be another, but for what changes by itself: whoever follows the configuration
-- need not read all of it each time.
select md5(concat(
  (select string_agg((to_jsonb(a) - 'last_webhook_at')::text, '' order by a.id) from accounts a),
  (select string_agg((to_jsonb(v) - 'journal_seq' - 'journal_hash')::text, '' order by v.id) from venues v),
  (select string_agg(u::text, '' order by u.id) from units u),
  (select string_agg(l::text, '' order by l.id) from listings l),
  (select string_agg(m::text, '' order by m.listing_id, m.unit_id) from listing_units m)))

-- put_accounts --
-- The channel stays what it was: bookings of the account carry it.
insert into accounts (name, channel, mode, settings, reads_per_minute, writes_per_minute,
                      poll_seconds, offers_seconds, audit_seconds, horizon_days)
select w.* from jsonb_to_recordset($1::text::jsonb) as
  w(name text, channel text, mode text, settings jsonb, reads_per_minute int, writes_per_minute int,
    poll_seconds int, offers_seconds int, audit_seconds int, horizon_days int)
on conflict (name) do update
   set mode = excluded.mode, settings = excluded.settings,
       reads_per_minute = excluded.reads_per_minute, writes_per_minute = excluded.writes_per_minute,
       poll_seconds = excluded.poll_seconds, offers_seconds = excluded.offers_seconds,
       audit_seconds = excluded.audit_seconds, horizon_days = excluded.horizon_days,
       active = true, left_at = null, updated_at = now()

-- read_soon --
-- A new account is read at once; a changed one too, or a shorter interval would wait for the longer one.
-- It is audited for the first time when there was time to read it.
with sooner as (
  update readings r set due_at = least(r.due_at, $2) from accounts a
   where a.id = r.account_id and a.name = any($1::text[]))
insert into cursors (account_id, task, next_due_at)
select a.id, task, case task when 'audit' then $2::timestamptz + make_interval(secs => a.audit_seconds) else $2 end
  from accounts a, unnest(array['bookings', 'offers', 'audit']) as task
 where a.name = any($1::text[])
on conflict (account_id, task) do update
   set next_due_at = least(cursors.next_due_at, excluded.next_due_at)

-- configured --
-- The venues of which something changed at $3: those of these names, and those that sell through these accounts.
update venues v set configured_at = $3
 where v.name = any($1::text[])
    or exists (select from listings l join accounts a on a.id = l.account_id
                where l.venue_id = v.id and a.name = any($2::text[]))

-- put_venues --
-- By name; the journal's head is not touched.
insert into venues (name, timezone, house_contact, holds, conflicts, trust_offers)
select w.* from jsonb_to_recordset($1::text::jsonb) as
  w(name text, timezone text, house_contact jsonb, holds text, conflicts text, trust_offers boolean)
on conflict (name) do update
   set timezone = excluded.timezone, house_contact = excluded.house_contact, holds = excluded.holds,
       conflicts = excluded.conflicts, trust_offers = excluded.trust_offers, active = true, left_at = null, updated_at = now()

-- put_units --
-- By venue and name.
insert into units (venue_id, name, seats, setup_minutes, cleanup_minutes)
select v.id, w.name, w.seats, w.setup_minutes, w.cleanup_minutes
  from jsonb_to_recordset($1::text::jsonb) as
       w(venue text, name text, seats int, setup_minutes int, cleanup_minutes int)
  join venues v on v.name = w.venue
on conflict (venue_id, name) do update
   set seats = excluded.seats, setup_minutes = excluded.setup_minutes,
       cleanup_minutes = excluded.cleanup_minutes, active = true, left_at = null

-- put_listings --
-- Venue and account stay what they were: its bookings and blocks carry them.
insert into listings (venue_id, account_id, name, takes, party_size, settings)
select v.id, a.id, w.name, w.takes, w.party_size, w.settings
  from jsonb_to_recordset($1::text::jsonb) as
       w(venue text, account text, name text, takes text, party_size int, settings jsonb)
  join venues v on v.name = w.venue
  join accounts a on a.name = w.account
on conflict (name) do update
   set takes = excluded.takes, party_size = excluded.party_size, settings = excluded.settings, active = true,
       left_at = null

-- forget_units --
-- A listing's units are replaced as a whole: these go, the next query adds those that are wanted.
delete from listing_units m using listings l, jsonb_to_recordset($1::text::jsonb) as w(name text)
 where m.listing_id = l.id and l.name = w.name

-- put_listing_units --
-- In the order of the file.
insert into listing_units (listing_id, unit_id, position)
select l.id, u.id, wanted.position
  from jsonb_to_recordset($1::text::jsonb) as w(name text, units jsonb)
  join listings l on l.name = w.name
 cross join jsonb_array_elements_text(w.units) with ordinality as wanted(name, position)
  join units u on u.venue_id = l.venue_id and u.name = wanted.name

-- retire_accounts --
-- Nothing is deleted: bookings, blocks and the journal still refer to it. It is leaving until nothing of it is left. The
-- same for the next three.
update accounts a set active = false, left_at = null, updated_at = now()
  from jsonb_to_recordset($1::text::jsonb) as gone(name text) where a.name = gone.name

-- retire_venues --
-- As above.
update venues v set active = false, left_at = null, updated_at = now()
  from jsonb_to_recordset($1::text::jsonb) as gone(name text) where v.name = gone.name

-- retire_units --
-- As above.
update units u set active = false, left_at = null
  from jsonb_to_recordset($1::text::jsonb) as gone(name text, venue text)
  join venues v on v.name = gone.venue
 where u.venue_id = v.id and u.name = gone.name

-- retire_listings --
-- As above.
update listings l set active = false, left_at = null
  from jsonb_to_recordset($1::text::jsonb) as gone(name text) where l.name = gone.name

-- rename_accounts --
-- The row keeps its number, and all that refers to it. Webhooks may come to the old name for as long as there is no
-- other account of that name.
update accounts a
   set name = w.name, former_names = array_append(array_remove(a.former_names, w.name), w.old), updated_at = now()
  from jsonb_to_recordset($1::text::jsonb) as w(name text, old text) where a.name = w.old

-- rename_venues --
-- As above. People and tokens that may see some venues only are given these by name.
with w as (select * from jsonb_to_recordset($1::text::jsonb) as w(name text, old text)),
people_too as (
  update people p set venues = array(select coalesce(w.name, v) from unnest(p.venues) with ordinality as of(v, n)
                                       left join w on w.old = v order by n)
   where p.venues && array(select old from w)),
tokens_too as (
  update tokens t set venues = array(select coalesce(w.name, v) from unnest(t.venues) with ordinality as of(v, n)
                                       left join w on w.old = v order by n)
   where t.venues && array(select old from w))
update venues v set name = w.name, updated_at = now() from w where v.name = w.old

-- rename_units --
-- As above, within its venue.
update units u set name = w.name
  from jsonb_to_recordset($1::text::jsonb) as w(name text, old text, venue text)
  join venues v on v.name = w.venue
 where u.venue_id = v.id and u.name = w.old

-- rename_listings --
-- As above.
update listings l set name = w.name
  from jsonb_to_recordset($1::text::jsonb) as w(name text, old text) where l.name = w.old
