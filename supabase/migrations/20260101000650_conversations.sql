-- Conversations with the assistant. What it answered is the output of the job that wrote it, so it is kept once.

create table public.conversations (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  user_id uuid not null references public.users (id),
  title text not null,
  deleted_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint conversations_title_length check (char_length(title) between 1 and 200),
  constraint conversations_organization_id_id_key unique (organization_id, id)
);
create index conversations_list on public.conversations (organization_id, user_id, id desc) where deleted_at is null;
create index conversations_user on public.conversations (user_id);
create trigger conversations_set_updated_at before update on public.conversations for each row execute function private.set_updated_at();

-- One row per turn: what the user said, and the job that answers it.
create table public.messages (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  conversation_id uuid not null,
  job_id uuid not null,
  content text not null,
  -- What the customer's system sent along for this turn.
  context jsonb,
  created_at timestamptz not null default clock_timestamp(),
  constraint messages_job_key unique (job_id),
  constraint messages_job_fkey foreign key (job_id) references public.ai_jobs (id),
  constraint messages_conversation_fkey foreign key (organization_id, conversation_id) references public.conversations (organization_id, id)
);
create index messages_conversation on public.messages (organization_id, conversation_id, id);

alter table public.conversations enable row level security;
alter table public.conversations force row level security;
create policy conversations_own_organization on public.conversations for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.messages enable row level security;
alter table public.messages force row level security;
create policy messages_own_organization on public.messages for select to authenticated
  using (organization_id = (select private.current_organization_id()));
revoke all on public.conversations, public.messages from public, anon, authenticated;
grant select on public.conversations, public.messages to authenticated;
