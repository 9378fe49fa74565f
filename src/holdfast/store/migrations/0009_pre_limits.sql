-- What holds an account's calls back as we know it ourselves, beside what Redis says; and what its lists show that cannot be
-- read, by reference and field and never with its content.
create table limits (
  account_id bigint not null references accounts,
  told       boolean not null,
  since      timestamptz not null,
  until      timestamptz not null,
  primary key (account_id, told)
);

create table unreadables (
  account_id bigint not null references accounts,
  ref        text not null,
  field      text not null,
  first_at   timestamptz not null,
  seen_at    timestamptz not null,
  primary key (account_id, ref)
);
