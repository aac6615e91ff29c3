-- Keys: organization API keys (only their hash is kept) and the organizations' own provider keys (encrypted).

create table public.api_keys (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  created_by uuid not null references public.users (id),
  name text not null,
  prefix text not null,
  last4 text not null,
  key_hash text not null,
  scopes text[] not null,
  requests_per_minute integer,
  requests_per_day integer,
  -- Credits that its jobs of a calendar month (UTC) may hold and use; null: as many as there are.
  monthly_credit_budget bigint,
  -- Addresses and CIDR ranges that it may be used from; null: anywhere.
  allowed_ips text[],
  expires_at timestamptz,
  last_used_at timestamptz,
  last_used_ip text,
  revoked_at timestamptz,
  rotated_from uuid references public.api_keys (id),
  -- The first key of its line of rotations; null for that one itself. A line has one budget: rotating does not renew it.
  first_key_id uuid references public.api_keys (id),
  line_id uuid not null generated always as (coalesce(first_key_id, id)) stored,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint api_keys_name_length check (char_length(name) between 1 and 100),
  constraint api_keys_hash_form check (key_hash ~ '^[0-9a-f]{64}$'),
  constraint api_keys_hash_key unique (key_hash),
  constraint api_keys_scopes_known check (cardinality(scopes) > 0 and scopes <@ array['read', 'write', 'admin']),
  constraint api_keys_limits_positive check (requests_per_minute > 0 and requests_per_day > 0 and monthly_credit_budget > 0),
  constraint api_keys_allowed_ips_length check (cardinality(allowed_ips) between 1 and 50),
  constraint api_keys_first_key_when_rotated check ((rotated_from is null) = (first_key_id is null))
);
create index api_keys_list on public.api_keys (organization_id, id desc);
create index api_keys_created_by on public.api_keys (created_by);
create index api_keys_rotated_from on public.api_keys (rotated_from);
create index api_keys_first_key_id on public.api_keys (first_key_id);
create index api_keys_line_id on public.api_keys (line_id);
create index api_keys_updated_at on public.api_keys (updated_at);
-- last_used_at and last_used_ip are left out: nodes drop cached keys that changed, and using a key is no change.
create trigger api_keys_set_updated_at before update of name, scopes, requests_per_minute, requests_per_day, monthly_credit_budget, allowed_ips,
  expires_at, revoked_at on public.api_keys for each row execute function private.set_updated_at();

-- What the jobs of a key hold and have used, by the month in which they were admitted, whenever they end. Kept for every
-- key, so that a budget set later knows the month. Written by reserve_jobs, settle_jobs and release_jobs only, under the
-- lock of the organization's account.
create table public.api_key_usage (
  -- No foreign keys: it is written with every job that a key orders, and keys are never removed.
  api_key_id uuid not null,
  period_start date not null,
  organization_id uuid not null,
  credits_held bigint not null default 0,
  credits_used bigint not null default 0,
  primary key (api_key_id, period_start),
  constraint api_key_usage_not_negative check (credits_held >= 0 and credits_used >= 0)
) with (fillfactor = 50);
create index api_key_usage_organization on public.api_key_usage (organization_id);

-- budget_period: the month that a job admitted at this moment counts in. One expression, so that it is inlined.
create function private.budget_period(p_at timestamptz) returns date language sql immutable
as $$
  select date_trunc('month', p_at at time zone 'UTC')::date
$$;

-- find_key_usage: what a line of keys holds and has used this month, and when the next one begins.
create function public.find_key_usage(p_line_id uuid) returns table (credits_held bigint, credits_used bigint, resets_at timestamptz)
language sql stable set search_path = ''
as $$
  select coalesce(sum(u.credits_held), 0)::bigint, coalesce(sum(u.credits_used), 0)::bigint,
    (private.budget_period(now()) + interval '1 month') at time zone 'UTC'
  from public.api_keys k
  join public.api_key_usage u on u.api_key_id = k.id and u.period_start = private.budget_period(now())
  where k.line_id = p_line_id
$$;

-- From where each key has been used, IPv6 by /64: a use from a new network is audited.
create table public.api_key_networks (
  -- No foreign key, as in api_key_usage.
  api_key_id uuid not null,
  network cidr not null,
  organization_id uuid not null,
  first_used_at timestamptz not null default clock_timestamp(),
  primary key (api_key_id, network)
);
create index api_key_networks_organization on public.api_key_networks (organization_id);

-- network_of: the network that an address counts as; null for what is no address.
create function private.network_of(p_address text) returns cidr language sql immutable set search_path = ''
as $$
  select network(set_masklen(a.address, case family(a.address) when 4 then 32 else 64 end)) from (select private.address_or_null(p_address) as address) a
$$;

-- note_key_uses: when and from where keys were last used, at most once a minute each; for people to see, so nobody waits
-- for it and of two who note the same use one is enough. The first use from a network goes to the audit log.
-- takes: keys and the clients' addresses.   locks: the keys' rows, skipping those locked.
create function public.note_key_uses(p_ids uuid[], p_addresses text[]) returns void language plpgsql set search_path = ''
as $$
begin
  with due as materialized (
    select k.id, u.address from unnest(p_ids, p_addresses) u (id, address) join public.api_keys k on k.id = u.id
    where k.last_used_at is null or k.last_used_at <= now() - interval '1 minute'
    for update of k skip locked
  )
  update public.api_keys k set last_used_at = now(), last_used_ip = due.address from due where k.id = due.id;

  with used as (
    select k.id, k.organization_id, private.network_of(u.address) as network, min(u.address) as address
    from unnest(p_ids, p_addresses) u (id, address) join public.api_keys k on k.id = u.id group by 1, 2, 3
  ),
  added as (
    insert into public.api_key_networks (api_key_id, network, organization_id)
    select u.id, u.network, u.organization_id from used u where u.network is not null order by 1, 2
    on conflict do nothing
    returning api_key_id, network
  )
  insert into public.audit_logs (id, organization_id, actor_type, actor_id, action, resource_type, resource_id, ip_address, outcome)
  select public.uuid_v7(), u.organization_id, 'api_key', u.id, 'api_key.used_from_new_address', 'api_key', u.id::text, u.address::inet, 'success'
  from added a join used u on u.id = a.api_key_id and u.network = a.network;
end
$$;

create table public.provider_api_keys (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  provider text not null,
  -- AES-256-GCM with the master key's id inside; row identity is bound as additional data.
  ciphertext bytea not null,
  last4 text not null,
  -- Only for providers without an address of their own.
  base_url text,
  -- Null while nobody has asked the provider yet.
  is_valid boolean,
  -- One of our own sentences; the provider's words are logged only.
  last_error text,
  validated_at timestamptz,
  -- When a worker is to ask the provider; null when there is nothing to ask.
  check_at timestamptz default clock_timestamp(),
  created_by uuid references public.users (id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint provider_api_keys_one_per_provider unique (organization_id, provider)
);
create index provider_api_keys_created_by on public.provider_api_keys (created_by);
create index provider_api_keys_to_check on public.provider_api_keys (check_at) where check_at is not null;
create trigger provider_api_keys_set_updated_at before update on public.provider_api_keys for each row execute function private.set_updated_at();

-- Which resource an Idempotency-Key made, for POSTs other than jobs (jobs keep theirs on the row).
create table public.idempotency_keys (
  organization_id uuid not null references public.organizations (id),
  route text not null,
  key text not null,
  request_hash text not null,
  resource_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (organization_id, route, key)
);
create index idempotency_keys_created_at on public.idempotency_keys (created_at);

alter table public.api_keys enable row level security;
alter table public.api_keys force row level security;
create policy api_keys_own_organization on public.api_keys for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.api_key_usage enable row level security;
alter table public.api_key_usage force row level security;
create policy api_key_usage_own_organization on public.api_key_usage for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.api_key_networks enable row level security;
alter table public.api_key_networks force row level security;
create policy api_key_networks_own_organization on public.api_key_networks for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.provider_api_keys enable row level security;
alter table public.provider_api_keys force row level security;
create policy provider_api_keys_own_organization on public.provider_api_keys for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.idempotency_keys enable row level security;
alter table public.idempotency_keys force row level security;

revoke all on public.api_keys, public.api_key_usage, public.api_key_networks, public.provider_api_keys, public.idempotency_keys from public, anon, authenticated;
revoke execute on function public.find_key_usage(uuid) from public, anon, authenticated;
revoke execute on function public.note_key_uses(uuid[], text[]) from public, anon, authenticated;
grant select (id, organization_id, created_by, name, prefix, last4, scopes, requests_per_minute, requests_per_day, monthly_credit_budget,
  expires_at, last_used_at, revoked_at, rotated_from, created_at, updated_at) on public.api_keys to authenticated;
grant select on public.api_key_usage, public.api_key_networks to authenticated;
revoke execute on function private.network_of(text) from public, anon, authenticated;
grant select (id, organization_id, provider, last4, base_url, is_valid, last_error, validated_at, created_by, created_at, updated_at)
  on public.provider_api_keys to authenticated;
