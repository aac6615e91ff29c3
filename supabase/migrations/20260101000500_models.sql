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
  -- A price by contract, for one organization instead of the general one; null: for everybody.
  organization_id uuid references public.organizations (id),
  provider text not null,
  model text not null,
  operation text not null default 'generate',
  credits bigint not null,
  -- What a job with the organization's own provider key pays instead.
  own_key_credits bigint not null default 0,
  cost_usd numeric(12, 6) not null,
  unit text not null,
  -- Factors by dimension. For resolution the key is the side in pixels of the largest square the factor covers; for token
  -- (unit 1k_tokens) there are two, input and output.
  multipliers jsonb not null default '{}',
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pricing_not_negative check (credits >= 0 and own_key_credits >= 0 and cost_usd >= 0),
  constraint pricing_unit_known check (unit in ('image', 'second', 'minute', '1k_tokens')),
  constraint pricing_multipliers_valid check (private.is_valid_multipliers(multipliers)),
  constraint pricing_tokens_weighted check ((unit = '1k_tokens') = (coalesce(multipliers -> 'token', '{}') ?& array['input', 'output']))
);
create unique index pricing_one_active on public.pricing (organization_id, provider, model, operation) nulls not distinct where is_active;
create trigger pricing_set_updated_at before update on public.pricing for each row execute function private.set_updated_at();

-- Voices of speech models, as the platform's account at the provider has them; read from there by a schedule.
create table public.voices (
  provider text not null,
  id text not null,
  name text not null,
  category text,
  labels jsonb not null default '{}',
  languages text[] not null default '{}',
  preview_url text,
  updated_at timestamptz not null default now(),
  primary key (provider, id)
);

alter table public.models enable row level security;
alter table public.models force row level security;
create policy models_are_public on public.models for select to anon, authenticated using (true);
alter table public.pricing enable row level security;
alter table public.pricing force row level security;
create policy pricing_is_public on public.pricing for select to anon, authenticated using (is_active and organization_id is null);
create policy pricing_own_organization on public.pricing for select to authenticated
  using (organization_id = (select private.current_organization_id()));
revoke all on public.models, public.pricing from public, anon, authenticated;
grant select on public.models to anon, authenticated;
alter table public.voices enable row level security;
alter table public.voices force row level security;
create policy voices_are_public on public.voices for select to anon, authenticated using (true);
revoke all on public.voices from public, anon, authenticated;
grant select on public.voices to anon, authenticated;
grant select (organization_id, provider, model, operation, credits, own_key_credits, unit, multipliers, is_active) on public.pricing to anon, authenticated;

insert into public.models (provider, name, type, status, successor) values
  ('replicate', 'flux-schnell', 'image', 'active', null),
  ('replicate', 'flux-1.1-pro', 'image', 'active', null),
  ('replicate', 'sdxl', 'image', 'active', null),
  ('replicate', 'kling-v2.1', 'video', 'active', null),
  ('replicate', 'hailuo-2.3', 'video', 'active', null),
  ('freepik', 'mystic', 'image', 'active', null),
  ('freepik', 'flux-pro-v1-1', 'image', 'active', null),
  ('freepik', 'image-upscaler', 'image', 'active', null),
  ('freepik', 'kling-v2-1-pro', 'video', 'active', null),
  ('freepik', 'kling-v2-1-std', 'video', 'active', null),
  ('freepik', 'minimax-hailuo-02-768p', 'video', 'active', null),
  ('freepik', 'minimax-hailuo-02-1080p', 'video', 'active', null),
  ('fal', 'flux-schnell', 'image', 'active', null),
  ('fal', 'flux-1.1-pro', 'image', 'active', null),
  ('fal', 'kling-v2.1-standard', 'video', 'active', null),
  ('fal', 'kling-v2.1-pro', 'video', 'active', null),
  ('openai', 'gpt-image-2', 'image', 'active', null),
  ('openai', 'gpt-image-2.5-flare', 'image', 'active', null),
  ('openai', 'gpt-image-2.5-sunburst', 'image', 'active', null),
  ('openai', 'gpt-image-2.6-sunburst', 'image', 'active', null),
  -- To be shut down on 2026-12-01.
  ('openai', 'gpt-image-1.5', 'image', 'deprecated', 'openai/gpt-image-2'),
  ('openai', 'gpt-image-1-mini', 'image', 'deprecated', 'openai/gpt-image-2'),
  -- Shut down by OpenAI on 2026-05-12 (dall-e) and 2026-10-23 (gpt-image-1).
  ('openai', 'dall-e-3', 'image', 'retired', 'openai/gpt-image-2'),
  ('openai', 'dall-e-3-hd', 'image', 'retired', 'openai/gpt-image-2'),
  ('openai', 'gpt-image-1', 'image', 'retired', 'openai/gpt-image-2'),
  ('openai', 'gpt-6-luna', 'text', 'active', null),
  -- To be shut down on 2027-01-14.
  ('openai', 'gpt-4.1-mini', 'text', 'deprecated', 'openai/gpt-6-luna'),
  ('openai', 'gpt-4o-mini-tts', 'audio', 'active', null),
  ('openai', 'tts-1', 'audio', 'active', null),
  ('openai', 'tts-1-hd', 'audio', 'active', null),
  ('elevenlabs', 'eleven_multilingual_v2', 'audio', 'active', null),
  ('elevenlabs', 'eleven_v3', 'audio', 'active', null),
  ('elevenlabs', 'eleven_flash_v2_5', 'audio', 'active', null),
  ('elevenlabs', 'eleven_turbo_v2_5', 'audio', 'deprecated', 'elevenlabs/eleven_flash_v2_5'),
  ('openrouter', 'llama-4-maverick', 'text', 'active', null),
  ('openrouter', 'claude-sonnet-4.5', 'text', 'active', null),
  ('openrouter', 'gemini-2.5-flash', 'text', 'active', null),
  ('openai-compatible', 'chat', 'text', 'active', null);

-- With an own provider key a job costs nothing by default (own_key_credits); what it cost the customer there is recorded.
insert into public.pricing (provider, model, credits, cost_usd, unit, multipliers) values
  ('freepik', 'mystic', 1, 0.02, 'image', '{"resolution": {"512": 1, "1024": 2, "2048": 4, "4096": 8}}'),
  ('freepik', 'flux-pro-v1-1', 3, 0.05, 'image', '{"resolution": {"512": 1, "1024": 1, "2048": 2}}'),
  -- By the factor of the enlargement.
  ('freepik', 'image-upscaler', 5, 0.10, 'image', '{"quality": {"2x": 1, "4x": 4, "8x": 16, "16x": 32}}'),
  ('freepik', 'kling-v2-1-pro', 10, 0.10, 'second', '{}'),
  ('freepik', 'kling-v2-1-std', 10, 0.06, 'second', '{}'),
  ('freepik', 'minimax-hailuo-02-768p', 15, 0.08, 'second', '{}'),
  ('freepik', 'minimax-hailuo-02-1080p', 15, 0.15, 'second', '{}'),
  ('replicate', 'flux-schnell', 1, 0.003, 'image', '{"resolution": {"512": 1, "1024": 1, "2048": 2}}'),
  ('replicate', 'flux-1.1-pro', 3, 0.055, 'image', '{"resolution": {"512": 1, "1024": 1, "2048": 2}}'),
  ('replicate', 'sdxl', 1, 0.004, 'image', '{}'),
  ('replicate', 'kling-v2.1', 10, 0.10, 'second', '{}'),
  ('replicate', 'hailuo-2.3', 15, 0.15, 'second', '{}'),
  ('fal', 'flux-schnell', 1, 0.003, 'image', '{"resolution": {"512": 1, "1024": 1, "2048": 2}}'),
  ('fal', 'flux-1.1-pro', 3, 0.04, 'image', '{"resolution": {"512": 1, "1024": 1, "2048": 2}}'),
  ('fal', 'kling-v2.1-standard', 10, 0.056, 'second', '{}'),
  ('fal', 'kling-v2.1-pro', 10, 0.098, 'second', '{}'),
  ('openai', 'dall-e-3', 4, 0.04, 'image', '{"resolution": {"1024": 1, "1792": 2}}'),
  ('openai', 'dall-e-3-hd', 8, 0.08, 'image', '{"resolution": {"1024": 1, "1792": 2}}'),
  ('openai', 'gpt-4o-mini-tts', 1, 0.015, 'minute', '{}'),
  ('openai', 'tts-1', 1, 0.015, 'minute', '{}'),
  ('openai', 'tts-1-hd', 2, 0.03, 'minute', '{}'),
  ('elevenlabs', 'eleven_multilingual_v2', 1, 0.30, 'minute', '{}'),
  ('elevenlabs', 'eleven_v3', 1, 0.30, 'minute', '{}'),
  ('elevenlabs', 'eleven_flash_v2_5', 1, 0.15, 'minute', '{}'),
  ('elevenlabs', 'eleven_turbo_v2_5', 1, 0.15, 'minute', '{}'),
  -- By 1,000 tokens written; a token read weighs a part of one, as at the provider.
  ('openai', 'gpt-6-luna', 1, 0.0005, '1k_tokens', '{"token": {"input": 0.2, "output": 1}}'),
  ('openai', 'gpt-4.1-mini', 1, 0.0016, '1k_tokens', '{"token": {"input": 0.25, "output": 1}}'),
  ('openrouter', 'llama-4-maverick', 1, 0.0006, '1k_tokens', '{"token": {"input": 0.25, "output": 1}}'),
  ('openrouter', 'claude-sonnet-4.5', 3, 0.015, '1k_tokens', '{"token": {"input": 0.2, "output": 1}}'),
  ('openrouter', 'gemini-2.5-flash', 1, 0.0025, '1k_tokens', '{"token": {"input": 0.12, "output": 1}}'),
  ('openai-compatible', 'chat', 1, 0.002, '1k_tokens', '{"token": {"input": 0.25, "output": 1}}');

-- The successors keep the price of the model they follow, at its middle quality.
insert into public.pricing (provider, model, credits, cost_usd, unit, multipliers)
select 'openai', m.name, 4, 0.04, 'image',
  '{"resolution": {"1024": 1, "1792": 2, "2048": 4, "2880": 8}, "quality": {"low": 0.5, "medium": 1, "high": 4, "auto": 4}}'
from public.models m where m.provider = 'openai' and m.name like 'gpt-image-%' and m.status <> 'retired';
