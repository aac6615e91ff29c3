-- Plans: what an organization may do. Prices in BRL cents; −1 is unlimited.

-- is_valid_limits: whether every member is a limit we know, a number from −1 up or a flag.
create function private.is_valid_limits(p_limits jsonb) returns boolean language sql immutable set search_path = ''
as $$
  select jsonb_typeof(p_limits) = 'object' and not exists (
    select from jsonb_each(p_limits) l
    where case
      when l.key in ('images_per_month', 'videos_per_month', 'audio_minutes_per_month', 'resolution_max', 'video_seconds_max',
        'team_members', 'projects', 'storage_gb', 'api_requests_per_minute', 'api_requests_per_day', 'concurrent_jobs', 'waiting_jobs')
        then jsonb_typeof(l.value) <> 'number' or (l.value)::numeric < -1
      when l.key in ('priority_queue', 'custom_models', 'white_label', 'dedicated_support') then jsonb_typeof(l.value) <> 'boolean'
      else true
    end)
$$;

create table public.plans (
  id text primary key,
  name text not null,
  price_month_cents integer,
  price_year_cents integer,
  currency text not null default 'BRL',
  monthly_credits bigint not null,
  limits jsonb not null,
  features text[] not null,
  -- How many seconds later than they came its jobs are taken to have come: better plans go first, and nobody waits for ever.
  job_priority smallint not null default 0,
  -- What is left of a period's credits comes along into the next one, up to this many.
  carry_over_max bigint not null default 0,
  -- A first subscription may begin with days that cost nothing, and with these credits for them.
  trial_days smallint not null default 0,
  trial_credits bigint not null default 0,
  is_public boolean not null default true,
  sort_order smallint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint plans_prices_not_negative check (price_month_cents >= 0 and price_year_cents >= 0),
  constraint plans_credits_not_negative check (monthly_credits >= 0 and carry_over_max >= 0 and trial_credits >= 0),
  constraint plans_trial_days_in_range check (trial_days between 0 and 90),
  constraint plans_limits_valid check (private.is_valid_limits(limits)),
  constraint plans_limits_complete check (limits ?& array['images_per_month', 'videos_per_month', 'audio_minutes_per_month',
    'resolution_max', 'video_seconds_max', 'team_members', 'projects', 'storage_gb', 'api_requests_per_minute',
    'api_requests_per_day', 'concurrent_jobs', 'waiting_jobs', 'priority_queue', 'custom_models', 'white_label', 'dedicated_support']),
  constraint plans_features_known check (features <@ array['image', 'video', 'audio', 'workflow', 'analytics', 'api_access', 'webhooks', 'sso'])
);
create trigger plans_set_updated_at before update on public.plans for each row execute function private.set_updated_at();

alter table public.plans enable row level security;
alter table public.plans force row level security;
create policy plans_are_public on public.plans for select to anon, authenticated using (is_public);
revoke all on public.plans from public, anon, authenticated;
grant select on public.plans to anon, authenticated;

insert into public.plans (id, name, price_month_cents, price_year_cents, monthly_credits, job_priority, sort_order, features, limits)
select p.id, p.name, p.month, p.year, p.credits, p.priority, p.sort_order, p.features,
  jsonb_build_object(
    'images_per_month', p.images, 'videos_per_month', p.videos, 'audio_minutes_per_month', p.audio,
    'resolution_max', p.resolution, 'video_seconds_max', p.video_seconds, 'team_members', p.members, 'projects', p.projects,
    'storage_gb', p.gb, 'api_requests_per_minute', p.per_minute, 'api_requests_per_day', p.per_day,
    'concurrent_jobs', p.concurrent, 'waiting_jobs', p.waiting, 'priority_queue', p.priority_queue,
    'custom_models', p.custom_models, 'white_label', p.white_label, 'dedicated_support', p.dedicated_support)
from (values
  ('free', 'Free', 0, 0, 50, 120, 1, array['image', 'workflow'],
    50, 0, 0, 512, 0, 1, 2, 0.5, 5, 100, 2, 100, false, false, false, false),
  ('starter', 'Starter', 4900, 47000, 500, 60, 2, array['image', 'workflow', 'video', 'audio', 'analytics'],
    500, 20, 30, 1024, 5, 3, 10, 5, 20, 5000, 5, 1000, false, false, false, false),
  ('professional', 'Professional', 9900, 95000, 2000, 30, 3, array['image', 'workflow', 'video', 'audio', 'analytics', 'api_access', 'webhooks'],
    2000, 100, 120, 2048, 10, 10, 50, 25, 60, 20000, 20, 10000, true, false, false, false),
  ('business', 'Business', 24900, 239000, 10000, 15, 4, array['image', 'workflow', 'video', 'audio', 'analytics', 'api_access', 'webhooks', 'sso'],
    10000, 500, 500, 4096, 30, 50, 200, 100, 120, 100000, 50, 100000, true, true, false, false),
  ('enterprise', 'Enterprise', null, null, 0, 0, 5, array['image', 'workflow', 'video', 'audio', 'analytics', 'api_access', 'webhooks', 'sso'],
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 200, -1, true, true, true, true)
) as p (id, name, month, year, credits, priority, sort_order, features,
  images, videos, audio, resolution, video_seconds, members, projects, gb, per_minute, per_day, concurrent, waiting,
  priority_queue, custom_models, white_label, dedicated_support);
