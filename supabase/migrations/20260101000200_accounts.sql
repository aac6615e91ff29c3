-- Accounts: organizations (tenants), their users, invitations and subscriptions.
-- A person belongs to one organization at a time; what changes that is in the files of members and invitations.

create type public.user_role as enum ('super_admin', 'admin', 'manager', 'member', 'viewer');

create table public.organizations (
  id uuid primary key,
  name text not null,
  slug text not null,
  logo_url text,
  plan_id text not null default 'free' references public.plans (id),
  allow_member_invites boolean not null default true,
  default_role public.user_role not null default 'member',
  require_approval boolean not null default false,
  custom_limits jsonb not null default '{}',
  -- Below so many credits the admins are told; null: a tenth of the plan's.
  low_balance_alert bigint,
  -- Always an active admin of it; set together with the first user.
  owner_id uuid,
  is_active boolean not null default true,
  -- A trial is given once.
  trial_used_at timestamptz,
  deleted_at timestamptz,
  -- When what names a person or was made by one was taken out.
  erased_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint organizations_erased_after_deleted check (erased_at is null or deleted_at is not null),
  constraint organizations_low_balance_alert_not_negative check (low_balance_alert >= 0),
  constraint organizations_name_length check (char_length(name) between 1 and 100),
  constraint organizations_slug_form check (slug ~ '^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$'),
  constraint organizations_slug_key unique (slug),
  constraint organizations_default_role_grantable check (default_role in ('manager', 'member', 'viewer')),
  constraint organizations_custom_limits_valid check (private.is_valid_limits(custom_limits))
);
create index organizations_plan_id on public.organizations (plan_id);
create index organizations_owner_id on public.organizations (owner_id);
create index organizations_updated_at on public.organizations (updated_at);
create index organizations_to_erase on public.organizations (deleted_at) where deleted_at is not null and erased_at is null;
create trigger organizations_set_updated_at before update on public.organizations for each row execute function private.set_updated_at();

create table public.users (
  -- The id of the person in Supabase Auth.
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  email text not null,
  full_name text,
  avatar_url text,
  phone text,
  role public.user_role not null default 'member',
  theme text not null default 'system',
  language text not null default 'pt-BR',
  -- Whether any but essential e-mails are wanted, and of those which kinds.
  email_notifications boolean not null default true,
  notice_emails boolean not null default true,
  onboarding_emails boolean not null default true,
  job_emails boolean not null default false,
  push_notifications boolean not null default true,
  -- Notifications up to this event are read.
  notifications_read_to uuid,
  is_active boolean not null default true,
  last_login_at timestamptz,
  -- When the newest came about that user sync has told of them.
  synced_at timestamptz,
  -- When they came to the organization they are in now.
  joined_at timestamptz not null default now(),
  -- Removed from the organization, or the account deleted: an invitation brings them back until they are erased.
  deleted_at timestamptz,
  erased_at timestamptz,
  -- When the account at Supabase Auth went too.
  sign_in_erased_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_erased_after_deleted check (erased_at is null or deleted_at is not null),
  constraint users_sign_in_erased_last check (sign_in_erased_at is null or erased_at is not null),
  constraint users_theme_known check (theme in ('light', 'dark', 'system')),
  constraint users_language_known check (language in ('pt-BR', 'en', 'es'))
);
create index users_organization_id on public.users (organization_id, id);
create index users_email on public.users (lower(email));
create index users_job_emails on public.users (organization_id) where job_emails;
create index users_updated_at on public.users (updated_at);
create index users_to_erase on public.users (deleted_at) where deleted_at is not null and erased_at is null;
create index users_sign_in_to_erase on public.users (erased_at) where erased_at is not null and sign_in_erased_at is null;
create trigger users_set_updated_at before update of organization_id, email, full_name, avatar_url, phone, role, theme, language,
  email_notifications, push_notifications, is_active, deleted_at on public.users
  for each row execute function private.set_updated_at();

alter table public.organizations add constraint organizations_owner_fkey foreign key (owner_id) references public.users (id)
  deferrable initially deferred;

create type public.invitation_status as enum ('pending', 'awaiting_approval', 'accepted', 'revoked', 'expired');

create table public.invitations (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  email text not null,
  role public.user_role not null,
  token_hash text not null,
  status public.invitation_status not null default 'pending',
  invited_by uuid references public.users (id),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint invitations_token_hash_key unique (token_hash),
  constraint invitations_accepted_when check ((status = 'accepted') = (accepted_at is not null))
);
create unique index invitations_one_open_per_email on public.invitations (organization_id, lower(email)) where status in ('pending', 'awaiting_approval');
create index invitations_email on public.invitations (lower(email)) where status = 'pending';
create index invitations_list on public.invitations (organization_id, id desc);
create index invitations_invited_by on public.invitations (invited_by);
create trigger invitations_set_updated_at before update on public.invitations for each row execute function private.set_updated_at();

create type public.subscription_status as enum ('trialing', 'active', 'past_due', 'paused', 'canceled');

create table public.subscriptions (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  plan_id text not null references public.plans (id),
  status public.subscription_status not null,
  gateway text not null,
  gateway_id text not null,
  billing_interval text not null,
  -- When it began at the gateway: of two that live, the one begun last stands.
  started_at timestamptz not null,
  current_period_start timestamptz not null,
  current_period_end timestamptz not null,
  trial_end timestamptz,
  cancel_at_period_end boolean not null default false,
  canceled_at timestamptz,
  -- The plan it changes to when this period ends.
  next_plan_id text references public.plans (id),
  -- While a payment is overdue the plan is kept until then.
  grace_ends_at timestamptz,
  -- When the gateway was asked for what stands here: what was asked earlier and comes later is not written.
  as_of timestamptz not null default clock_timestamp(),
  -- Replaced by another subscription, and to be ended at its gateway.
  end_requested_at timestamptz,
  ended_at_gateway_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint subscriptions_gateway_known check (gateway in ('stripe', 'asaas')),
  constraint subscriptions_gateway_id_key unique (gateway, gateway_id),
  constraint subscriptions_interval_known check (billing_interval in ('month', 'year')),
  constraint subscriptions_period_forward check (current_period_end > current_period_start),
  constraint subscriptions_grace_when check ((status = 'past_due') = (grace_ends_at is not null)),
  constraint subscriptions_canceled_when check ((status = 'canceled') = (canceled_at is not null))
);
create unique index subscriptions_one_live on public.subscriptions (organization_id) where status <> 'canceled';
create index subscriptions_organization_id on public.subscriptions (organization_id, id desc);
create index subscriptions_plan_id on public.subscriptions (plan_id);
create index subscriptions_next_plan_id on public.subscriptions (next_plan_id);
create index subscriptions_in_grace on public.subscriptions (grace_ends_at) where grace_ends_at is not null;
create index subscriptions_to_end on public.subscriptions (end_requested_at) where end_requested_at is not null and ended_at_gateway_at is null;
create trigger subscriptions_set_updated_at before update on public.subscriptions for each row execute function private.set_updated_at();

-- current_organization_id: the organization of the signed-in browser user, for policies. Security definer, because the
-- policy of public.users itself depends on it; written (select …) in policies so that it runs once per query.
create function private.current_organization_id() returns uuid language sql stable security definer set search_path = ''
as $$
  select u.organization_id
  from public.users u
  join public.organizations o on o.id = u.organization_id
  where u.id = auth.uid() and u.is_active and u.deleted_at is null and o.is_active and o.deleted_at is null
$$;
revoke execute on function private.current_organization_id() from public, anon;
grant execute on function private.current_organization_id() to authenticated;

alter table public.organizations enable row level security;
alter table public.organizations force row level security;
create policy organizations_own on public.organizations for select to authenticated
  using (id = (select private.current_organization_id()));
alter table public.users enable row level security;
alter table public.users force row level security;
create policy users_own_organization on public.users for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.invitations enable row level security;
alter table public.invitations force row level security;
create policy invitations_own_organization on public.invitations for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.subscriptions enable row level security;
alter table public.subscriptions force row level security;
create policy subscriptions_own_organization on public.subscriptions for select to authenticated
  using (organization_id = (select private.current_organization_id()));

revoke all on public.organizations, public.users, public.invitations, public.subscriptions from public, anon, authenticated;
grant select on public.organizations, public.users, public.subscriptions to authenticated;
-- Everything but the token's hash.
grant select (id, organization_id, email, role, status, invited_by, expires_at, accepted_at, created_at, updated_at)
  on public.invitations to authenticated;
