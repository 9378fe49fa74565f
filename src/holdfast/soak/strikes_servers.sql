-- room --
-- What the triggers do while there is room: nothing.
create or replace function soak_disk() returns trigger language plpgsql as
$$ begin return null; end $$

-- full --
create or replace function soak_disk() returns trigger language plpgsql as
$$ begin raise exception 'could not extend file "base/5/16384": No space left on device' using errcode = '53100'; end $$

-- half_full --
create or replace function soak_disk() returns trigger language plpgsql as
$$ begin
  if random() < 0.5 then
    raise exception 'could not extend file "base/5/16384": No space left on device' using errcode = '53100';
  end if;
  return null;
end $$

-- prepare --
-- One for each statement that may need room, on every table of ours.
do $$
declare one regclass;
begin
  for one in select oid from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by oid loop
    execute format('create or replace trigger soak_disk before insert or update on %s execute function soak_disk()', one);
  end loop;
end $$

-- end_ours --
-- Every connection of our processes.
select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holdfast'
