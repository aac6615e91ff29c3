-- Usage and events: what has happened. Usage is written by settlement only, so it can be proved from the jobs.

create table public.usage_daily (
  organization_id uuid not null references public.organizations (id),
  day date not null,
  provider text not null,
  model text not null,
  jobs integer not null default 0,
  images integer not null default 0,
  videos integer not null default 0,
  audio_seconds integer not null default 0,
  tokens_in bigint not null default 0,
  tokens_out bigint not null default 0,
  credits bigint not null default 0,
  cost_usd numeric(14, 6) not null default 0,
  primary key (organization_id, day, provider, model)
) with (fillfactor = 70);

create table public.usage_by_user (
  organization_id uuid not null references public.organizations (id),
  user_id uuid not null,
  day date not null,
  jobs integer not null default 0,
  images integer not null default 0,
  videos integer not null default 0,
  audio_seconds integer not null default 0,
  tokens_in bigint not null default 0,
  tokens_out bigint not null default 0,
  credits bigint not null default 0,
  cost_usd numeric(14, 6) not null default 0,
  primary key (organization_id, user_id, day)
) with (fillfactor = 70);

-- Ids are made while the organization's account is locked, so inside an organization they sort in commit order.
-- No foreign key: three events per job make this the busiest insert, and the functions take the id from a locked account.
create table public.events (
  id uuid primary key,
  organization_id uuid not null,
  type text not null,
  resource_id uuid not null,
  data jsonb not null,
  created_at timestamptz not null default clock_timestamp()
);
create index events_list on public.events (organization_id, id);
create index events_resource on public.events (resource_id, id);
create trigger events_append_only before update or delete on public.events for each row execute function private.refuse_change();

alter table public.usage_daily enable row level security;
alter table public.usage_daily force row level security;
create policy usage_daily_own_organization on public.usage_daily for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.usage_by_user enable row level security;
alter table public.usage_by_user force row level security;
create policy usage_by_user_own_organization on public.usage_by_user for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.events enable row level security;
alter table public.events force row level security;
create policy events_own_organization on public.events for select to authenticated
  using (organization_id = (select private.current_organization_id()));
revoke all on public.usage_daily, public.usage_by_user, public.events from public, anon, authenticated;
grant select on public.usage_daily, public.usage_by_user, public.events to authenticated;
