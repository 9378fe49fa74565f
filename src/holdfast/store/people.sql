-- Who may sign in, the sessions, and the tokens of programs.

-- known --
-- whether anybody was ever let in: from then on nobody is taken for the operator for being on this machine
select exists (select from people) or exists (select from tokens)

-- can_sign_in --
-- whether there is anybody whom the sign-in page could let in
select exists (select from people where disabled_at is null)

-- has_admin --
-- whether an admin could sign in; $1: at a provider as well
select exists (select from people
                where role = 'admin' and disabled_at is null
                  and (password is not null or $1::boolean and (subject is not null or email is not null)))

-- one_by_one --
-- two admins who take away each other's role at once would both find the other one still there
lock table people in share row exclusive mode

-- people --
-- all of them, by name
select id, name, password is not null as has_password, subject, email, role, venues, created_at, disabled_at,
       (select max(s.seen_at) from sessions s where s.person_id = p.id) as seen_at
from people p order by name

-- by_name --
-- one, for signing in
select id, name, password, subject, email, role, venues, disabled_at from people where name = $1

-- by_identity --
-- whom a provider's account belongs to: the very same subject, or else an address that was listed for a person
-- who has no subject yet
select id, name, password, subject, email, role, venues, disabled_at from people
where subject = $1 or (subject is null and email = $2)
order by subject is null limit 1

-- bind --
-- from now on this subject and no other
update people set subject = $2 where id = $1 and subject is null

-- add --
-- null: the name, the subject or the address is taken
insert into people (name, password, subject, email, role, venues, created_at) values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing returning id

-- set_role --
-- false where there is nobody of this name
update people set role = $2, venues = $3 where name = $1 returning id

-- set_password --
-- false where there is nobody of this name
update people set password = $2 where name = $1 returning id

-- set_disabled --
-- $2 null: may sign in again
update people set disabled_at = $2 where name = $1 returning id

-- unknown_venues --
-- those that are not in service
select name from unnest($1::text[]) name where name not in (select v.name from venues v where v.active)

-- open_session --
-- for one who has just shown who he is
insert into sessions (digest, person_id, created_at, seen_at, ends_at) values ($1, $2, $3, $3, $4) returning id

-- session --
-- whose it is, if it still holds at $2; idle since before $3 it does not
select s.id as session, s.seen_at, p.id, p.name, p.role, p.venues
from sessions s join people p on p.id = s.person_id
where s.digest = $1 and s.ends_at > $2 and s.seen_at > $3 and p.disabled_at is null

-- seen --
-- still in use
update sessions set seen_at = $2 where id = $1 and seen_at < $2

-- sessions_of --
-- those of one person that still hold at $2, newest first; idle since before $3 they do not
select id, created_at, seen_at, ends_at from sessions
where person_id = $1 and ends_at > $2 and seen_at > $3 order by id desc

-- end_session --
-- one of his own
delete from sessions where id = $1 and person_id = $2 returning id

-- end_others --
-- all of his but one; null: all
delete from sessions where person_id = $1 and id is distinct from $2

-- sweep --
-- those that hold no more
delete from sessions where ends_at <= $1 or seen_at <= $2

-- tokens --
-- all of them, newest first
select id, name, scope, venues, made_by, created_at, used_at, revoked_at from tokens order by id desc

-- add_token --
-- null: the name is taken
insert into tokens (name, digest, scope, venues, made_by, created_at) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing returning id

-- token --
-- what a program that shows it may
select id, name, scope, venues, used_at from tokens where digest = $1 and revoked_at is null

-- used --
-- still in use
update tokens set used_at = $2 where id = $1

-- revoke --
-- false where there is none of this name, or it is revoked already
update tokens set revoked_at = $2 where name = $1 and revoked_at is null returning id
