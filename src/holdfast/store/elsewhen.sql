-- teach --
-- The functions that tell the time, as far ahead as the connection says. Postgres's own stay as they are.
create schema if not exists elsewhen;
create or replace function elsewhen.ahead() returns interval language sql stable parallel safe
  return coalesce(nullif(pg_catalog.current_setting('holdfast.ahead', true), ''), '0')::interval;
create or replace function elsewhen.now() returns timestamptz language sql stable parallel safe
  return pg_catalog.now() + elsewhen.ahead();
create or replace function elsewhen.transaction_timestamp() returns timestamptz language sql stable parallel safe
  return pg_catalog.now() + elsewhen.ahead();
create or replace function elsewhen.statement_timestamp() returns timestamptz language sql stable parallel safe
  return pg_catalog.statement_timestamp() + elsewhen.ahead();
create or replace function elsewhen.clock_timestamp() returns timestamptz language sql volatile parallel safe
  return pg_catalog.clock_timestamp() + elsewhen.ahead();
