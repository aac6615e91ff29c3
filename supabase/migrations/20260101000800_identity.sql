-- Identity: who is calling. One call per unknown token or key; API nodes cache the answer and follow changes_since.

-- principal_row: what a request needs to know about a user (and the key used, if any). No row for a key of an organization
-- that its maker has left.
create function private.principal_row(p_user_id uuid, p_api_key_id uuid)
returns table (
  user_id uuid, organization_id uuid, email text, role public.user_role, is_active boolean, organization_active boolean, plan_id text,
  limits jsonb, features text[], api_key_id uuid, scopes text[], key_requests_per_minute integer,
  key_requests_per_day integer, key_expires_at timestamptz)
language sql stable set search_path = ''
as $$
  select u.id, u.organization_id, u.email, u.role, u.is_active and u.deleted_at is null, o.is_active and o.deleted_at is null, o.plan_id,
    p.limits || o.custom_limits, p.features, k.id, k.scopes, k.requests_per_minute, k.requests_per_day, k.expires_at
  from public.users u
  join public.organizations o on o.id = u.organization_id
  join public.plans p on p.id = o.plan_id
  left join public.api_keys k on k.id = p_api_key_id
  where u.id = p_user_id and (p_api_key_id is null or k.organization_id = u.organization_id)
$$;

-- create_organization: an organization on the free plan, with an account and no credits, for a person who will own it.
-- takes: the person's id (the row may come later in the transaction), e-mail and name.   returns: its id.
create function private.create_organization(p_owner_id uuid, p_email text, p_full_name text) returns uuid
language plpgsql set search_path = ''
as $$
declare
  v_id uuid := public.uuid_v7();
  v_local text := lower(regexp_replace(split_part(p_email, '@', 1), '[^a-zA-Z0-9]+', '-', 'g'));
begin
  v_local := coalesce(nullif(trim(both '-' from left(v_local, 30)), ''), 'team');
  insert into public.organizations (id, name, slug, owner_id)
  values (v_id, left(coalesce(nullif(trim(p_full_name), ''), nullif(split_part(p_email, '@', 1), ''), 'My organization'), 100),
    v_local || '-' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 8), p_owner_id);
  insert into public.credit_balances (organization_id) values (v_id);
  return v_id;
end
$$;

-- create_account: a person's first call: organization on the free plan, user as its admin, account, first credits.
-- locks: a transaction-level lock on the person's id, so that of ten first calls at once one creates and nine wait.
create function private.create_account(p_user_id uuid, p_email text, p_full_name text) returns void
language plpgsql set search_path = ''
as $$
declare
  v_organization_id uuid;
  v_credits bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('create_account:' || p_user_id::text, 0));
  if exists (select from public.users u where u.id = p_user_id) then return; end if;
  if coalesce(current_setting('base.actor', true), '') = '' then
    perform private.act_as(jsonb_build_object('type', 'user', 'id', p_user_id));
  end if;
  v_organization_id := private.create_organization(p_user_id, p_email, p_full_name);
  insert into public.users (id, organization_id, email, full_name, role, last_login_at)
  values (p_user_id, v_organization_id, lower(p_email), left(nullif(trim(p_full_name), ''), 100), 'admin', now());
  select p.monthly_credits into v_credits from public.plans p where p.id = 'free';
  if v_credits > 0 then
    perform public.credit_credits(array[v_organization_id], array['bonus'::public.transaction_type], array[v_credits],
      array['plan'], array['free:first'], array['Credits of the free plan'],
      array[(select b.period_end from public.credit_balances b where b.organization_id = v_organization_id)], array[p_user_id]);
  end if;
  perform private.mail_newcomer(v_organization_id, p_user_id, v_credits);
end
$$;

-- readmit_invited: somebody whom an organization has removed, or whose organization was deleted, and who has been invited to
-- another: an empty organization of their own again, from which they can accept. No credits: those were given once.
-- locks: the user.
create function private.readmit_invited(p_user_id uuid) returns void
language plpgsql set search_path = ''
as $$
declare
  v_user record;
begin
  select u.email, u.full_name into v_user from public.users u
  join public.organizations o on o.id = u.organization_id
  where u.id = p_user_id and u.erased_at is null and (u.deleted_at is not null or o.deleted_at is not null)
    -- Whom their own identity provider has deleted nobody can bring back.
    and not exists (select from public.user_sync_events e where e.user_id = p_user_id and e.type = 'user.deleted')
  for no key update of u;
  if not found or not exists (
    select from public.invitations i join public.organizations o on o.id = i.organization_id
    where lower(i.email) = lower(v_user.email) and i.status = 'pending' and i.expires_at > clock_timestamp() and o.deleted_at is null
  ) then return; end if;
  update public.users u set organization_id = private.create_organization(p_user_id, v_user.email, v_user.full_name), role = 'admin',
    is_active = true, deleted_at = null, joined_at = now()
  where u.id = p_user_id;
end
$$;

-- authenticate_user: the principal of a verified session token; creates user and organization on the first call.
create function public.authenticate_user(p_user_id uuid, p_email text, p_full_name text)
returns table (
  user_id uuid, organization_id uuid, email text, role public.user_role, is_active boolean, organization_active boolean, plan_id text,
  limits jsonb, features text[], api_key_id uuid, scopes text[], key_requests_per_minute integer,
  key_requests_per_day integer, key_expires_at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  v_is_out boolean := (
    select u.deleted_at is not null or o.deleted_at is not null from public.users u join public.organizations o on o.id = u.organization_id
    where u.id = p_user_id);
begin
  if v_is_out is null then
    perform private.create_account(p_user_id, p_email, p_full_name);
  elsif v_is_out then
    perform private.readmit_invited(p_user_id);
  end if;
  return query select * from private.principal_row(p_user_id, null);
end
$$;

-- authenticate_api_key: the principal of an API key by its SHA-256; no row for unknown, revoked or expired keys.
create function public.authenticate_api_key(p_key_hash text)
returns table (
  user_id uuid, organization_id uuid, email text, role public.user_role, is_active boolean, organization_active boolean, plan_id text,
  limits jsonb, features text[], api_key_id uuid, scopes text[], key_requests_per_minute integer,
  key_requests_per_day integer, key_expires_at timestamptz, key_monthly_credit_budget bigint, key_allowed_ips text[])
language plpgsql stable set search_path = ''
as $$
begin
  return query
  select p.*, k.monthly_credit_budget, k.allowed_ips
  from public.api_keys k
  cross join lateral private.principal_row(k.created_by, k.id) p
  where k.key_hash = p_key_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
end
$$;

-- changes_since: what API nodes must forget. Callers overlap the time a little, because a change becomes visible only
-- when its transaction commits.
create function public.changes_since(p_since timestamptz)
returns table (kind text, id uuid, changed_at timestamptz)
language sql stable set search_path = ''
as $$
  select 'user', u.id, u.updated_at from public.users u where u.updated_at > p_since
  union all
  select 'api_key', k.id, k.updated_at from public.api_keys k where k.updated_at > p_since
  union all
  select 'organization', o.id, o.updated_at from public.organizations o where o.updated_at > p_since
  union all
  select 'catalog', null, max(c.updated_at) from (
    select p.updated_at from public.plans p union all select m.updated_at from public.models m union all select r.updated_at from public.pricing r
  ) c having max(c.updated_at) > p_since
$$;

revoke execute on function private.principal_row(uuid, uuid) from public, anon, authenticated;
revoke execute on function private.create_organization(uuid, text, text) from public, anon, authenticated;
revoke execute on function private.create_account(uuid, text, text) from public, anon, authenticated;
revoke execute on function private.readmit_invited(uuid) from public, anon, authenticated;
revoke execute on function public.authenticate_user(uuid, text, text) from public, anon, authenticated;
revoke execute on function public.authenticate_api_key(text) from public, anon, authenticated;
revoke execute on function public.changes_since(timestamptz) from public, anon, authenticated;
