-- The catalogue: which models are offered and what they cost. Changed at run time; nodes notice within seconds.

create type public.job_type as enum ('image', 'video', 'audio', 'text');
create type public.model_status as enum ('active', 'deprecated', 'retired');

create table public.models (
  provider text not null,
  name text not null,
  type public.job_type not null,
  status public.model_status not null default 'active',
  -- `provider/name` of the model to use instead.
  successor text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (provider, name),
  constraint models_retired_has_successor check (status <> 'retired' or successor is not null)
);
create trigger models_set_updated_at before update on public.models for each row execute function private.set_updated_at();

-- is_valid_multipliers: {"resolution": {"512": 1, …}, "quality": {"low": 0.5, …}} with factors from 0 up.
create function private.is_valid_multipliers(p_multipliers jsonb) returns boolean language sql immutable set search_path = ''
as $$
  select jsonb_typeof(p_multipliers) = 'object' and not exists (
    select from jsonb_each(p_multipliers) d
    where jsonb_typeof(d.value) <> 'object' or d.value = '{}'::jsonb or exists (
      select from jsonb_each(case when jsonb_typeof(d.value) = 'object' then d.value else '{}' end) f
      where jsonb_typeof(f.value) <> 'number' or (f.value)::numeric < 0 or (d.key = 'resolution' and f.key !~ '^[1-9][0-9]{0,4}$')))
$$;

create table public.pricing (
  id uuid primary key default public.uuid_v7(),
  provider text not null,
  model text not null,
  operation text not null default 'generate',
  credits bigint not null,
  cost_usd numeric(12, 6) not null,
  unit text not null,
  -- Factors by dimension. For resolution the key is the side in pixels of the largest square the factor covers.
  multipliers jsonb not null default '{}',
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pricing_not_negative check (credits >= 0 and cost_usd >= 0),
  constraint pricing_unit_known check (unit in ('image', 'second', 'minute', '1k_tokens')),
  constraint pricing_multipliers_valid check (private.is_valid_multipliers(multipliers))
);
create unique index pricing_one_active on public.pricing (provider, model, operation) where is_active;
create trigger pricing_set_updated_at before update on public.pricing for each row execute function private.set_updated_at();

alter table public.models enable row level security;
alter table public.models force row level security;
create policy models_are_public on public.models for select to anon, authenticated using (true);
alter table public.pricing enable row level security;
alter table public.pricing force row level security;
create policy pricing_is_public on public.pricing for select to anon, authenticated using (is_active);
revoke all on public.models, public.pricing from public, anon, authenticated;
grant select on public.models to anon, authenticated;
grant select (provider, model, operation, credits, unit, multipliers, is_active) on public.pricing to anon, authenticated;

insert into public.models (provider, name, type, status, successor) values
  ('replicate', 'flux-schnell', 'image', 'active', null),
  ('replicate', 'flux-1.1-pro', 'image', 'active', null),
  ('replicate', 'sdxl', 'image', 'active', null),
  ('openai', 'gpt-image-2', 'image', 'active', null),
  ('freepik', 'mystic', 'image', 'active', null),
  -- Shut down by OpenAI on 2026-05-12 (dall-e) and 2026-10-23 (gpt-image-1).
  ('openai', 'dall-e-3', 'image', 'retired', 'openai/gpt-image-2'),
  ('openai', 'dall-e-3-hd', 'image', 'retired', 'openai/gpt-image-2'),
  ('openai', 'gpt-image-1', 'image', 'retired', 'openai/gpt-image-2');

insert into public.pricing (provider, model, credits, cost_usd, unit, multipliers) values
  ('freepik', 'mystic', 1, 0.02, 'image', '{"resolution": {"512": 1, "1024": 2, "2048": 4, "4096": 8}}'),
  ('replicate', 'flux-schnell', 1, 0.003, 'image', '{"resolution": {"512": 1, "1024": 1, "2048": 2}}'),
  ('replicate', 'flux-1.1-pro', 3, 0.055, 'image', '{"resolution": {"512": 1, "1024": 1, "2048": 2}}'),
  ('replicate', 'sdxl', 1, 0.004, 'image', '{}'),
  ('replicate', 'kling-1.5', 10, 0.10, 'second', '{}'),
  ('replicate', 'minimax', 15, 0.15, 'second', '{}'),
  ('openai', 'dall-e-3', 4, 0.04, 'image', '{"resolution": {"1024": 1, "1792": 2}}'),
  ('openai', 'dall-e-3-hd', 8, 0.08, 'image', '{"resolution": {"1024": 1, "1792": 2}}'),
  -- The successor keeps the price of the model it follows, at its middle quality.
  ('openai', 'gpt-image-2', 4, 0.04, 'image',
    '{"resolution": {"1024": 1, "1792": 2, "2048": 4, "2880": 8}, "quality": {"low": 0.5, "medium": 1, "high": 4, "auto": 4}}'),
  ('elevenlabs', 'eleven_multilingual_v2', 1, 0.30, 'minute', '{}');
