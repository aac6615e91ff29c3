-- Erasure: what was deleted long enough ago loses what names a person or was written by one. Rows that money or usage is
-- proved from stay: verify_ledger holds before and after. Each of these may run twice at once, and again after a crash.

-- erase_users: takes the name, address and conversations of people who were removed, who deleted their account or whose
-- organization was deleted more than so many days ago.
-- takes: days, how many people at most.   returns: how many.   locks: those people; others' are left for the next call.
create function public.erase_users(p_days integer, p_limit integer) returns integer
language plpgsql set search_path = ''
as $$
declare
  v_before constant timestamptz := clock_timestamp() - make_interval(days => p_days);
  v_person record;
  v_count integer := 0;
begin
  -- What is taken out must not go into the log instead.
  perform set_config('base.audit', 'off', true);
  for v_person in with due as (
    select u.id, u.organization_id, lower(u.email) as email from public.users u join public.organizations o on o.id = u.organization_id
    where u.erased_at is null and (u.deleted_at < v_before or o.deleted_at < v_before)
    order by u.id limit p_limit for no key update of u skip locked
  ),
  invited as (
    delete from public.invitations i using due d join public.users u on u.id = d.id
    where i.organization_id = u.organization_id and lower(i.email) = lower(u.email)
  ),
  told as (
    update public.messages m set content = '', context = null from due d join public.conversations c on c.user_id = d.id
    where m.organization_id = c.organization_id and m.conversation_id = c.id
  ),
  talked as (
    update public.conversations c set title = 'erased', deleted_at = coalesce(c.deleted_at, clock_timestamp()) from due d where c.user_id = d.id
  ),
  erased as (
    update public.users u set email = u.id || '@erased.invalid', full_name = null, avatar_url = null, phone = null, last_login_at = null,
      is_active = false, deleted_at = coalesce(u.deleted_at, clock_timestamp()), erased_at = clock_timestamp()
    from due d where u.id = d.id
    returning d.id, d.organization_id, d.email
  )
  select * from erased
  loop
    v_count := v_count + 1;
    perform private.redact_audit(v_person.organization_id, array[v_person.id], array[v_person.email]);
    perform private.erase_emails(v_person.id, v_person.email);
    perform private.record_audit(v_person.organization_id, 'user.erased', 'user', v_person.id::text, null, null);
  end loop;
  return v_count;
end
$$;

-- organizations_to_erase: deleted more than so many days ago, and every job has ended.   returns: ids, so many at most.
create function public.organizations_to_erase(p_days integer, p_limit integer) returns setof uuid
language sql stable set search_path = ''
as $$
  select o.id from public.organizations o join public.credit_balances b on b.organization_id = o.id
  where o.erased_at is null and o.deleted_at < clock_timestamp() - make_interval(days => p_days)
    and b.held = 0 and b.active_jobs = 0 and b.waiting_jobs = 0
  order by o.id limit p_limit
$$;

-- erase_organization: takes out what an organization and its members wrote: name, logo, prompts, answers, keys' and projects' names,
-- own provider keys, invitations, webhooks. The ledger, jobs' figures, attempts' costs and usage stay.
-- takes: the organization, which must be one of organizations_to_erase, and the days.   returns: whether it was erased now.
-- locks: the organization, then its rows; nobody else uses them any more.
create function public.erase_organization(p_id uuid, p_days integer) returns boolean
language plpgsql set search_path = ''
as $$
begin
  perform from public.organizations o where o.id = p_id and o.erased_at is null
    and o.deleted_at < clock_timestamp() - make_interval(days => p_days) for no key update skip locked;
  if not found then return false; end if;
  perform set_config('base.audit', 'off', true);
  update public.ai_jobs j set input = '{}', metadata = '{}', fallbacks = '[]', error_detail = null, idempotency_key = null, request_hash = null,
    webhook_url = null,
    output = case jsonb_typeof(j.output) when 'object' then '{}' else j.output end
  where j.organization_id = p_id;
  update public.provider_attempts a set error_detail = null where a.organization_id = p_id and a.error_detail is not null;
  update public.generations g set prompt = null, negative_prompt = null, parameters = '{}', folder = null, tags = '{}', is_public = false,
    deleted_at = coalesce(g.deleted_at, clock_timestamp())
  where g.organization_id = p_id;
  update public.messages m set content = '', context = null where m.organization_id = p_id;
  update public.conversations c set title = 'erased', deleted_at = coalesce(c.deleted_at, clock_timestamp()) where c.organization_id = p_id;
  update public.projects p set name = 'erased', deleted_at = coalesce(p.deleted_at, clock_timestamp()) where p.organization_id = p_id;
  update public.api_keys k set name = 'erased', allowed_ips = null, last_used_ip = null, revoked_at = coalesce(k.revoked_at, clock_timestamp()) where k.organization_id = p_id;
  delete from public.provider_api_keys k where k.organization_id = p_id;
  update public.webhooks w set url = 'https://erased.invalid/', description = '', header_names = '{}', headers_ciphertext = null, secret_ciphertext = '',
    previous_secrets_ciphertext = null, previous_secrets_until = null, is_enabled = false, disabled_reason = 'by_hand', deleted_at = coalesce(w.deleted_at, clock_timestamp())
  where w.organization_id = p_id;
  delete from public.webhook_secrets s where s.organization_id = p_id;
  delete from public.webhook_attempts a where a.organization_id = p_id;
  delete from public.webhook_deliveries d where d.lane_id in (select l.id from public.webhook_lanes l where l.organization_id = p_id);
  delete from public.webhook_lanes l where l.organization_id = p_id;
  delete from public.invitations i where i.organization_id = p_id;
  delete from public.email_outbox e where e.organization_id = p_id;
  update public.organizations o set name = 'Deleted organization', slug = 'deleted-' || replace(o.id::text, '-', ''), logo_url = null,
    owner_id = null, erased_at = clock_timestamp()
  where o.id = p_id;
  delete from public.notification_reads r where r.organization_id = p_id;
  delete from public.api_key_networks n where n.organization_id = p_id;
  perform private.redact_audit(p_id, null, null);
  perform private.record_audit(p_id, 'organization.erased', 'organization', p_id::text, null, null);
  return true;
end
$$;

revoke execute on function public.erase_users(integer, integer) from public, anon, authenticated;
revoke execute on function public.organizations_to_erase(integer, integer) from public, anon, authenticated;
revoke execute on function public.erase_organization(uuid, integer) from public, anon, authenticated;
