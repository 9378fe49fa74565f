-- Who may sign in and what he may, what programs show instead, and what was done by whom. No secret is kept in clear.

create table people (
  id          bigint generated always as identity primary key,
  name        text not null unique,  -- as it stands in the journal
  password    text,                  -- scrypt, with its cost and salt; null: signs in elsewhere
  subject     text unique,           -- his `sub` at the OpenID provider
  email       text unique,           -- in small letters; counts only if the provider verified it
  role        text not null check (role in ('viewer', 'venue', 'operator', 'admin')),
  venues      text[],                -- by name; null: all
  created_at  timestamptz not null,
  disabled_at timestamptz,
  check (venues is null or role in ('viewer', 'venue'))
);

create table sessions (
  id         bigint generated always as identity primary key,
  digest     bytea not null unique,  -- SHA-256 of what the browser has
  person_id  bigint not null references people,
  created_at timestamptz not null,
  seen_at    timestamptz not null,
  ends_at    timestamptz not null    -- whatever happens until then
);
create index sessions_of_person on sessions (person_id);

create table tokens (
  id         bigint generated always as identity primary key,
  name       text not null unique,
  digest     bytea not null unique,  -- SHA-256 of what the program shows
  scope      text not null check (scope in ('read', 'book', 'operate', 'admin')),
  venues     text[],                 -- by name; null: all
  made_by    text not null,
  created_at timestamptz not null,
  used_at    timestamptz,
  revoked_at timestamptz,
  check (venues is null or scope in ('read', 'book'))
);

-- What people and programs did. A row is written before the deed; how it ended is added once, and nothing else changes.
create table actions (
  id      bigint generated always as identity primary key,
  at      timestamptz not null,
  who     text not null,
  via     text not null check (via in ('page', 'api', 'command')),
  what    text not null,
  object  text not null,
  reason  text not null,
  outcome text check (outcome in ('ok', 'shown', 'refused', 'stale', 'failed'))  -- null: not told yet, or its process ended before
);
create index actions_by_who on actions (who, id);

create function actions_are_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.outcome is null and
     (old.id, old.at, old.who, old.via, old.what, old.object, old.reason) =
     (new.id, new.at, new.who, new.via, new.what, new.object, new.reason) then
    return new;
  end if;
  raise exception 'the actions are append-only';
end $$;
create trigger actions_append_only before update or delete on actions
  for each row execute function actions_are_append_only();
create trigger actions_never_emptied before truncate on actions
  for each statement execute function actions_are_append_only();
