-- Jobs: tables. A job row is the truth about one generation; queues only say "look at this row now". The functions that
-- move a job through its life, and credits with it, are in the next file.

create type public.job_status as enum ('pending', 'queued', 'processing', 'completed', 'failed', 'canceled');
create type public.attempt_status as enum ('intent', 'submitted', 'unknown', 'succeeded', 'failed', 'abandoned');
create type public.key_source as enum ('platform', 'organization');

create table public.projects (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  created_by uuid not null references public.users (id),
  name text not null,
  is_favorite boolean not null default false,
  -- Credits of a calendar month (UTC) at which the admins are told; nothing is refused because of it. Null: none.
  monthly_credit_budget bigint,
  archived_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint projects_monthly_credit_budget_positive check (monthly_credit_budget > 0),
  constraint projects_name_length check (char_length(name) between 1 and 200),
  constraint projects_organization_id_id_key unique (organization_id, id)
);
create index projects_list on public.projects (organization_id, id desc) where deleted_at is null;
create index projects_created_by on public.projects (created_by);
create trigger projects_set_updated_at before update on public.projects for each row execute function private.set_updated_at();

create table public.ai_jobs (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  -- No foreign keys to users and api_keys: their rows are never removed, and admission is the hottest insert there is.
  user_id uuid not null,
  api_key_id uuid,
  project_id uuid,
  type public.job_type not null,
  provider text not null,
  model text not null,
  operation text not null,
  status public.job_status not null,
  priority smallint not null,
  input jsonb not null,
  metadata jsonb not null default '{}',
  output jsonb,
  error_code text,
  -- For operators: the provider's own words. Never shown to clients.
  error_detail text,
  progress smallint not null default 0,
  attempts integer not null default 0,
  -- Stamped at admission, and never switched.
  key_source public.key_source not null default 'platform',
  -- The job that this one tries again.
  retry_of uuid,
  -- Equal models within the quote that it may go to: [{provider, model, operation, input, credits, cost_usd, price}].
  fallbacks jsonb not null default '[]',
  -- Who made the result; set with it.
  served_provider text,
  served_model text,
  -- What counts against the plan's monthly limit: images, videos, or seconds of audio.
  limit_units integer not null,
  credits_held bigint not null,
  credits_charged bigint not null default 0,
  quoted_cost_usd numeric(12, 6) not null,
  cost_usd numeric(12, 6),
  tokens_in integer,
  tokens_out integer,
  idempotency_key text,
  request_hash text,
  -- Whom to tell of its end, beside the organization's endpoints.
  webhook_url text,
  request_id text not null,
  lease_token uuid,
  lease_expires_at timestamptz,
  -- When the job is to be looked at again while the provider works; null while a worker is at it.
  resume_at timestamptz,
  worker text,
  -- A text that is being written is stopped by its worker, which settles what was written.
  cancel_requested_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  queued_at timestamptz,
  -- When the relay last put the job into the queue; null while only its admitter did.
  enqueued_at timestamptz,
  started_at timestamptz,
  completed_at timestamptz,
  deadline_at timestamptz not null,
  constraint ai_jobs_progress_in_range check (progress between 0 and 100),
  constraint ai_jobs_counts_not_negative check (attempts >= 0 and limit_units >= 0 and credits_held >= 0 and credits_charged >= 0 and cost_usd >= 0),
  constraint ai_jobs_charged_within_quote check (credits_charged = 0 or status = 'completed'),
  constraint ai_jobs_ended_when_final check ((status in ('completed', 'failed', 'canceled')) = (completed_at is not null)),
  constraint ai_jobs_queued_after_pending check (status <> 'pending' or queued_at is null),
  constraint ai_jobs_queued_before_work check (status not in ('queued', 'processing', 'completed') or queued_at is not null),
  constraint ai_jobs_started_before_work check (status not in ('processing', 'completed') or started_at is not null),
  constraint ai_jobs_lease_while_processing check ((status = 'processing') = (lease_token is not null) and (lease_token is null) = (lease_expires_at is null)),
  constraint ai_jobs_parked_while_processing check (resume_at is null or status = 'processing'),
  constraint ai_jobs_error_when_failed check ((status = 'failed') = (error_code is not null)),
  constraint ai_jobs_output_when_completed check ((status = 'completed') = (output is not null)),
  constraint ai_jobs_served_when_completed check ((status = 'completed') = (served_provider is not null and served_model is not null)),
  constraint ai_jobs_fallbacks_are_a_list check (jsonb_typeof(fallbacks) = 'array'),
  constraint ai_jobs_hash_with_key check ((idempotency_key is null) = (request_hash is null)),
  constraint ai_jobs_project_fkey foreign key (organization_id, project_id) references public.projects (organization_id, id)
) with (fillfactor = 70);
create index ai_jobs_list on public.ai_jobs (organization_id, id desc);
create index ai_jobs_list_by_status on public.ai_jobs (organization_id, status, id desc);
create unique index ai_jobs_idempotency on public.ai_jobs (organization_id, idempotency_key) where idempotency_key is not null;
create index ai_jobs_project on public.ai_jobs (organization_id, project_id, id desc) where project_id is not null;
create index ai_jobs_texts on public.ai_jobs (organization_id, id desc) where type = 'text' and status = 'completed';
create index ai_jobs_waiting on public.ai_jobs (organization_id, priority, id) where status = 'pending';
create index ai_jobs_queued on public.ai_jobs (queued_at) where status = 'queued';
create index ai_jobs_leases on public.ai_jobs (lease_expires_at) where status = 'processing';
create index ai_jobs_deadlines on public.ai_jobs (deadline_at) where status in ('pending', 'queued', 'processing');

-- One row per paid call: intent → submitted | unknown → succeeded | failed | abandoned. Without a committed intent no
-- paid call is made; while an attempt is live no second one can be opened.
create table public.provider_attempts (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  job_id uuid not null references public.ai_jobs (id),
  number integer not null,
  provider text not null,
  model text not null,
  key_source public.key_source not null,
  status public.attempt_status not null default 'intent',
  provider_task_id text,
  cost_usd numeric(12, 6),
  -- What BASE may have paid for without getting a result.
  cost_at_risk_usd numeric(12, 6) not null default 0,
  error_code text,
  error_detail text,
  created_at timestamptz not null default clock_timestamp(),
  submitted_at timestamptz,
  ended_at timestamptz,
  -- When the provider was told to stop an abandoned task.
  cancel_sent_at timestamptz,
  constraint provider_attempts_number_key unique (job_id, number),
  constraint provider_attempts_ended_when check ((status in ('succeeded', 'failed', 'abandoned')) = (ended_at is not null)),
  constraint provider_attempts_task_when_submitted check (status <> 'submitted' or provider_task_id is not null),
  constraint provider_attempts_cost_not_negative check (cost_usd >= 0 and cost_at_risk_usd >= 0)
);
create unique index provider_attempts_one_live on public.provider_attempts (job_id) where status in ('intent', 'submitted', 'unknown');
create unique index provider_attempts_one_success on public.provider_attempts (job_id) where status = 'succeeded';
create unique index provider_attempts_task on public.provider_attempts (provider, provider_task_id) where provider_task_id is not null;
create index provider_attempts_organization on public.provider_attempts (organization_id, id desc);
create index provider_attempts_abandoned on public.provider_attempts (ended_at) where status = 'abandoned';
create index provider_attempts_to_cancel on public.provider_attempts (ended_at)
  where status = 'abandoned' and provider_task_id is not null and cancel_sent_at is null;

create table public.generations (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  user_id uuid not null,
  job_id uuid not null references public.ai_jobs (id),
  position smallint not null,
  type public.job_type not null,
  provider text not null,
  model text not null,
  prompt text,
  negative_prompt text,
  parameters jsonb not null,
  storage_path text not null,
  thumbnail_path text,
  content_type text not null,
  width integer,
  height integer,
  duration_seconds numeric(10, 3),
  bytes bigint not null,
  credits bigint not null,
  cost_usd numeric(12, 6),
  project_id uuid,
  folder text,
  tags text[] not null default '{}',
  is_favorite boolean not null default false,
  is_public boolean not null default false,
  search tsvector generated always as (to_tsvector('simple', coalesce(prompt, ''))) stored,
  deleted_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint generations_position_key unique (job_id, position),
  constraint generations_bytes_positive check (bytes > 0),
  constraint generations_project_fkey foreign key (organization_id, project_id) references public.projects (organization_id, id)
);
create index generations_list on public.generations (organization_id, id desc) where deleted_at is null;
create index generations_project on public.generations (organization_id, project_id, id desc) where project_id is not null;
create index generations_favorites on public.generations (organization_id, id desc) where is_favorite and deleted_at is null;
create index generations_folder on public.generations (organization_id, folder, id desc) where folder is not null and deleted_at is null;
create index generations_tags on public.generations using gin (organization_id, tags) where tags <> '{}' and deleted_at is null;
create index generations_search on public.generations using gin (organization_id, search) where deleted_at is null;
create trigger generations_set_updated_at before update on public.generations for each row execute function private.set_updated_at();

alter table public.projects enable row level security;
alter table public.projects force row level security;
create policy projects_own_organization on public.projects for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.ai_jobs enable row level security;
alter table public.ai_jobs force row level security;
create policy ai_jobs_own_organization on public.ai_jobs for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.provider_attempts enable row level security;
alter table public.provider_attempts force row level security;
create policy provider_attempts_own_organization on public.provider_attempts for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.generations enable row level security;
alter table public.generations force row level security;
create policy generations_own_organization on public.generations for select to authenticated
  using (organization_id = (select private.current_organization_id()));

revoke all on public.projects, public.ai_jobs, public.provider_attempts, public.generations from public, anon, authenticated;
grant select on public.projects, public.generations to authenticated;
grant select (id, organization_id, user_id, api_key_id, project_id, type, provider, model, status, priority, input, metadata, output,
  error_code, progress, attempts, key_source, retry_of, served_provider, served_model, credits_held, credits_charged, cost_usd, tokens_in, tokens_out, request_id,
  created_at, queued_at, started_at, completed_at, deadline_at) on public.ai_jobs to authenticated;
grant select (id, organization_id, job_id, number, provider, model, key_source, status, cost_usd, error_code, created_at, submitted_at, ended_at)
  on public.provider_attempts to authenticated;
