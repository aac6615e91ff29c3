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
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  rotated_from uuid references public.api_keys (id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint api_keys_name_length check (char_length(name) between 1 and 100),
  constraint api_keys_hash_form check (key_hash ~ '^[0-9a-f]{64}$'),
  constraint api_keys_hash_key unique (key_hash),
  constraint api_keys_scopes_known check (cardinality(scopes) > 0 and scopes <@ array['read', 'write', 'admin']),
  constraint api_keys_limits_positive check (requests_per_minute > 0 and requests_per_day > 0)
);
create index api_keys_list on public.api_keys (organization_id, id desc);
create index api_keys_created_by on public.api_keys (created_by);
create index api_keys_rotated_from on public.api_keys (rotated_from);
create index api_keys_updated_at on public.api_keys (updated_at);
-- last_used_at is left out: nodes drop cached keys that changed, and using a key is no change.
create trigger api_keys_set_updated_at before update of name, scopes, requests_per_minute, requests_per_day, expires_at, revoked_at
  on public.api_keys for each row execute function private.set_updated_at();

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
alter table public.provider_api_keys enable row level security;
alter table public.provider_api_keys force row level security;
create policy provider_api_keys_own_organization on public.provider_api_keys for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.idempotency_keys enable row level security;
alter table public.idempotency_keys force row level security;

revoke all on public.api_keys, public.provider_api_keys, public.idempotency_keys from public, anon, authenticated;
grant select (id, organization_id, created_by, name, prefix, last4, scopes, requests_per_minute, requests_per_day, expires_at,
  last_used_at, revoked_at, rotated_from, created_at, updated_at) on public.api_keys to authenticated;
grant select (id, organization_id, provider, last4, base_url, is_valid, last_error, validated_at, created_by, created_at, updated_at)
  on public.provider_api_keys to authenticated;
