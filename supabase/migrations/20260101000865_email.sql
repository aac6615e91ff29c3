-- E-mail: what to send is written with what it tells of, sent by workers, and told nobody twice.
--
--   pending ─▶ sending ─▶ sent
--      ▲          │  └──▶ failed       refused for good, or tried too often
--      └──────────┘ tried again later, also when its lease ran out
--   pending ─▶ suppressed              by the time it was due it was not wanted any more; last_error says why
--
-- Workers claim rows with a lease. What is sent and not marked yet when a worker dies is sent again, under the same
-- Message-ID: at least once, and once where the mail server knows the id again.

-- email_category: what an e-mail of a template is for: essential ones everybody gets, the others can be switched off.
-- returns: null for a template that does not exist.
create function private.email_category(p_template text) returns text language sql immutable set search_path = ''
as $$
  select case
    when p_template in ('welcome', 'invitation', 'subscription_confirmed', 'subscription_canceled', 'payment_failed', 'trial_ending', 'webhook_disabled')
      then 'essential'
    when p_template in ('credits_used_50', 'credits_used_80', 'credits_used_100', 'low_balance', 'budget_reached', 'upgrade_suggestion') then 'notice'
    when p_template in ('onboarding_1', 'onboarding_3', 'onboarding_7') then 'onboarding'
    when p_template = 'job_finished' then 'job'
  end
$$;

create table public.email_outbox (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  -- To a person here, or to somebody who has no account yet: then with an address and the language to write in.
  user_id uuid references public.users (id),
  address text,
  language text,
  template text not null,
  category text not null,
  data jsonb not null,
  -- What is in the e-mail and must not be readable here: sealed under the master key, for this row's reference.
  sealed bytea,
  -- What it tells of; the same is told nobody twice.
  reference text not null,
  status text not null default 'pending',
  -- When it was first meant to be sent; 'infinity' while it waits for something.
  due_at timestamptz not null,
  -- When it is to be tried, or, while somebody is sending it, when their lease ends.
  next_attempt_at timestamptz not null,
  lease_token uuid,
  attempts smallint not null default 0,
  last_error text,
  message_id text,
  sent_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint email_outbox_once unique nulls not distinct (user_id, address, template, reference),
  constraint email_outbox_status_known check (status in ('pending', 'sending', 'sent', 'failed', 'suppressed')),
  constraint email_outbox_template_known check (category = private.email_category(template)),
  constraint email_outbox_one_recipient check ((user_id is null) = (address is not null) and (address is null) = (language is null)),
  constraint email_outbox_language_known check (language in ('pt-BR', 'en', 'es')),
  constraint email_outbox_lease_while_sending check ((status = 'sending') = (lease_token is not null)),
  constraint email_outbox_sent_when check ((status = 'sent') = (sent_at is not null)),
  constraint email_outbox_sealed_until_over check (sealed is null or status in ('pending', 'sending'))
);
-- Essential ones first, in either group the one that is due longest.
create index email_outbox_due on public.email_outbox ((category = 'essential'), next_attempt_at) where status in ('pending', 'sending');
create index email_outbox_organization on public.email_outbox (organization_id, id);
create index email_outbox_address on public.email_outbox (address, created_at) where address is not null;
create index email_outbox_over on public.email_outbox (updated_at) where status in ('sent', 'failed', 'suppressed');
create trigger email_outbox_set_updated_at before update on public.email_outbox for each row execute function private.set_updated_at();

-- mail_users: puts an e-mail to people into the outbox, once to each.
-- takes: the organization it is about, the people, the template with its data, what it tells of, and when it is due.
create function private.mail_users(p_organization_id uuid, p_user_ids uuid[], p_template text, p_reference text, p_data jsonb, p_due_at timestamptz) returns void
language sql set search_path = ''
as $$
  insert into public.email_outbox (id, organization_id, user_id, template, category, data, reference, due_at, next_attempt_at)
  select public.uuid_v7(), p_organization_id, u, p_template, private.email_category(p_template), p_data, p_reference, p_due_at, p_due_at
  from unnest(p_user_ids) u
  on conflict on constraint email_outbox_once do nothing
$$;

-- admin_ids: the people who run an organization.
create function private.admin_ids(p_organization_id uuid) returns uuid[]
language sql stable set search_path = ''
as $$
  select array_agg(u.id order by u.id) from public.users u
  where u.organization_id = p_organization_id and u.role <= 'admin' and u.is_active and u.deleted_at is null
$$;

-- mail_admins: puts an e-mail to every admin of an organization into the outbox, to be sent now, once to each.
create function private.mail_admins(p_organization_id uuid, p_template text, p_reference text, p_data jsonb) returns void
language sql set search_path = ''
as $$
  select private.mail_users(p_organization_id, private.admin_ids(p_organization_id), p_template, p_reference, p_data, clock_timestamp())
$$;

-- mail_newcomer: a welcome, and what helps in the first week, to somebody whose first account was made.
create function private.mail_newcomer(p_organization_id uuid, p_user_id uuid, p_credits bigint) returns void
language plpgsql set search_path = ''
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_day integer;
begin
  perform private.mail_users(p_organization_id, array[p_user_id], 'welcome', p_user_id::text, jsonb_build_object('credits', p_credits), v_now);
  foreach v_day in array array[1, 3, 7] loop
    perform private.mail_users(p_organization_id, array[p_user_id], 'onboarding_' || v_day, p_user_id::text, '{}', v_now + make_interval(days => v_day));
  end loop;
end
$$;

-- mail_invitation: an invitation's e-mail, in the language of whoever has the address, else of who invites. It waits with an
-- invitation that waits for approval. At most three a day to an address, and twenty a day from a free plan (500 from others):
-- nobody's mailbox is to be flooded through us.
-- takes: the invitation, and its link, sealed; null: nothing is sent.
create function private.mail_invitation(p_id uuid, p_sealed_link bytea) returns void
language plpgsql set search_path = ''
as $$
declare
  v_day_ago constant timestamptz := clock_timestamp() - interval '1 day';
  v_invitation record;
  v_due timestamptz;
begin
  if p_sealed_link is null then return; end if;
  select i.organization_id, lower(i.email) as email, i.role, i.status, i.expires_at, o.plan_id, u.language, coalesce(u.full_name, u.email) as inviter
  into v_invitation
  from public.invitations i join public.organizations o on o.id = i.organization_id join public.users u on u.id = i.invited_by
  where i.id = p_id;
  if (select count(*) from public.email_outbox e where e.address = v_invitation.email and e.created_at > v_day_ago) >= 3
    or (
      select count(*) from public.email_outbox e
      where e.organization_id = v_invitation.organization_id and e.id > private.uuid_v7_floor(v_day_ago) and e.template = 'invitation'
    ) >= (case v_invitation.plan_id when 'free' then 20 else 500 end)
  then return; end if;
  v_due := case v_invitation.status when 'pending' then clock_timestamp() else 'infinity' end;
  insert into public.email_outbox (id, organization_id, address, language, template, category, data, sealed, reference, due_at, next_attempt_at)
  values (public.uuid_v7(), v_invitation.organization_id, v_invitation.email,
    coalesce((select u.language from public.users u where lower(u.email) = v_invitation.email and u.erased_at is null limit 1), v_invitation.language),
    'invitation', private.email_category('invitation'),
    jsonb_build_object('inviter', v_invitation.inviter, 'role', v_invitation.role, 'expires_at', v_invitation.expires_at),
    p_sealed_link, p_id::text, v_due, v_due)
  on conflict on constraint email_outbox_once do nothing;
end
$$;

-- mail_approved: lets the e-mail of an invitation go that has been approved.
create function private.mail_approved(p_id uuid) returns void
language sql set search_path = ''
as $$
  update public.email_outbox e set due_at = clock_timestamp(), next_attempt_at = clock_timestamp(),
    data = e.data || jsonb_build_object('expires_at', i.expires_at)
  from public.invitations i
  where i.id = p_id and e.organization_id = i.organization_id and e.address = lower(i.email) and e.template = 'invitation'
    and e.reference = p_id::text and e.status = 'pending'
$$;

-- mail_low_balance: credits run low, or are gone. Whom a full period was just told of knows that already.
create function private.mail_low_balance(p_organization_id uuid, p_period_start timestamptz, p_available bigint, p_threshold bigint) returns void
language plpgsql set search_path = ''
as $$
begin
  if exists (
    select from public.budget_alerts a where a.organization_id = p_organization_id and a.kind = 'period' and a.subject_id = p_organization_id
      and a.threshold = 100 and a.period_start = p_period_start and a.created_at > clock_timestamp() - interval '1 hour') then return; end if;
  perform private.mail_admins(p_organization_id, 'low_balance', p_period_start::text, jsonb_build_object('available', p_available, 'threshold', p_threshold));
end
$$;

-- suggest_upgrade: a day after a period's credits are used up, the next bigger plan, where there is one.
create function private.suggest_upgrade(p_organization_id uuid, p_period_start timestamptz) returns void
language plpgsql set search_path = ''
as $$
declare
  v_plan record;
begin
  select o.plan_id as current_id, p.name, p.monthly_credits, p.price_month_cents into v_plan
  from public.organizations o join public.plans c on c.id = o.plan_id
  join public.plans p on p.is_public and p.price_month_cents > coalesce(c.price_month_cents, 2147483647) and p.monthly_credits > c.monthly_credits
  where o.id = p_organization_id order by p.price_month_cents limit 1;
  if not found then return; end if;
  perform private.mail_users(p_organization_id, private.admin_ids(p_organization_id), 'upgrade_suggestion', p_period_start::text,
    jsonb_build_object('current_plan_id', v_plan.current_id, 'plan', v_plan.name, 'credits', v_plan.monthly_credits, 'price_cents', v_plan.price_month_cents),
    clock_timestamp() + interval '1 day');
end
$$;

-- mail_subscription: what the admins are told when a subscription was written: that it has begun or has another plan, ends, or
-- is not paid; and three days ahead (half-way in short ones) that its trial ends.
-- takes: the row as it was (nulls when it is new) and its id.
create function private.mail_subscription(p_old public.subscriptions, p_id uuid) returns void
language plpgsql set search_path = ''
as $$
declare
  s record;
  v_data jsonb;
begin
  select x.*, p.name as plan, case x.billing_interval when 'year' then p.price_year_cents else p.price_month_cents end as price_cents into s
  from public.subscriptions x join public.plans p on p.id = x.plan_id where x.id = p_id;
  v_data := jsonb_build_object('plan', s.plan);
  if s.status in ('trialing', 'active') and (p_old.id is null or p_old.plan_id <> s.plan_id or p_old.status not in ('trialing', 'active', 'past_due')) then
    perform private.mail_admins(s.organization_id, 'subscription_confirmed', concat_ws(':', p_id, s.plan_id, s.current_period_start),
      v_data || jsonb_build_object('interval', s.billing_interval, 'price_cents', s.price_cents, 'renews_at', s.current_period_end,
        'trial_ends_at', case s.status when 'trialing' then s.trial_end end));
  end if;
  if s.status = 'trialing' and s.trial_end is not null and not s.cancel_at_period_end then
    perform private.mail_users(s.organization_id, private.admin_ids(s.organization_id), 'trial_ending', concat_ws(':', p_id, s.trial_end),
      v_data || jsonb_build_object('subscription_id', p_id, 'interval', s.billing_interval, 'price_cents', s.price_cents, 'ends_at', s.trial_end),
      s.trial_end - least(interval '3 days', (s.trial_end - clock_timestamp()) / 2));
  end if;
  if s.status = 'past_due' and p_old.status is distinct from 'past_due' then
    perform private.mail_admins(s.organization_id, 'payment_failed', concat_ws(':', p_id, s.grace_ends_at),
      v_data || jsonb_build_object('kind', 'subscription', 'subscription_id', p_id, 'plan_kept_until', s.grace_ends_at));
  end if;
  if s.cancel_at_period_end and s.status in ('trialing', 'active', 'past_due') and not coalesce(p_old.cancel_at_period_end, false) then
    perform private.mail_admins(s.organization_id, 'subscription_canceled', concat_ws(':', p_id, s.current_period_end, s.updated_at),
      v_data || jsonb_build_object('reason', 'requested', 'ends_at', s.current_period_end));
  elsif s.status = 'canceled' and p_old.status <> 'canceled' and not p_old.cancel_at_period_end then
    -- One whose grace is over was told already.
    perform private.mail_admins(s.organization_id, 'subscription_canceled', concat_ws(':', p_id, coalesce(p_old.grace_ends_at, s.canceled_at)),
      v_data || jsonb_build_object('reason', case p_old.status when 'past_due' then 'unpaid' else 'requested' end, 'ends_at', s.canceled_at));
  end if;
end
$$;

-- mail_lapsed: the grace of a payment is over, and with it the plan.
create function private.mail_lapsed(p_organization_id uuid, p_subscription_id uuid) returns void
language sql set search_path = ''
as $$
  select private.mail_admins(p_organization_id, 'subscription_canceled', concat_ws(':', s.id, s.grace_ends_at),
    jsonb_build_object('plan', p.name, 'reason', 'unpaid', 'ends_at', s.grace_ends_at))
  from public.subscriptions s join public.plans p on p.id = s.plan_id where s.id = p_subscription_id
$$;

-- mail_finished_jobs: tells people who asked for it of their jobs that took longer than a minute, ten an hour at most.
-- returns: how many e-mails were written.   locks: its own row of schedules, so that one call runs at a time.
create function public.mail_finished_jobs() returns integer
language plpgsql set search_path = ''
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_cursor uuid;
  v_count integer;
begin
  select s.cursor into v_cursor from public.schedules s where s.name = 'mail-finished-jobs' for update;
  -- What was written first may become visible last.
  v_cursor := private.uuid_v7_floor(greatest(private.time_of(coalesce(v_cursor, private.uuid_v7_floor(v_now))) - interval '30 seconds', v_now - interval '1 day'));
  with ended as (
    select u.id as user_id, u.organization_id, j.id, j.status, j.type, coalesce(j.served_model, j.model) as model, j.credits_charged,
      extract(epoch from j.completed_at - j.created_at)::integer as seconds, row_number() over (partition by u.id order by e.id) as place
    from public.users u
    join public.events e on e.organization_id = u.organization_id and e.id > v_cursor and e.type in ('job.completed', 'job.failed')
    join public.ai_jobs j on j.id = e.resource_id and j.user_id = u.id and j.completed_at > j.created_at + interval '1 minute'
    where u.job_emails and u.email_notifications and u.deleted_at is null
      and not exists (select from public.email_outbox t where t.user_id = u.id and t.template = 'job_finished' and t.reference = j.id::text)
  )
  insert into public.email_outbox (id, organization_id, user_id, template, category, data, reference, due_at, next_attempt_at)
  select public.uuid_v7(), e.organization_id, e.user_id, 'job_finished', private.email_category('job_finished'),
    jsonb_build_object('job_id', e.id, 'status', e.status, 'type', e.type, 'model', e.model, 'seconds', e.seconds, 'credits', e.credits_charged), e.id::text, v_now, v_now
  from ended e
  where e.place + (
    select count(*) from public.email_outbox t
    where t.organization_id = e.organization_id and t.id > private.uuid_v7_floor(v_now - interval '1 hour') and t.user_id = e.user_id and t.template = 'job_finished'
  ) <= 10
  on conflict on constraint email_outbox_once do nothing;
  get diagnostics v_count = row_count;
  update public.schedules s set cursor = private.uuid_v7_floor(v_now) where s.name = 'mail-finished-jobs';
  return v_count;
end
$$;

-- email_refusal: why an e-mail is not to be sent any more.
-- returns: null (send it), 'stale', 'recipient_gone', 'unsubscribed', 'no_longer_needed'.
create function private.email_refusal(p_email public.email_outbox) returns text
language plpgsql stable set search_path = ''
as $$
declare
  v_user record;
  v_needed boolean;
begin
  if p_email.due_at < clock_timestamp() - (case p_email.category when 'essential' then interval '14 days' else interval '3 days' end) then
    return 'stale';
  end if;
  if p_email.user_id is not null then
    select u.email_notifications, u.notice_emails, u.onboarding_emails, u.job_emails into v_user
    from public.users u join public.organizations o on o.id = u.organization_id
    where u.id = p_email.user_id and u.organization_id = p_email.organization_id and u.is_active and u.deleted_at is null and u.erased_at is null
      and o.deleted_at is null;
    if not found then return 'recipient_gone'; end if;
    if p_email.category <> 'essential' and not (v_user.email_notifications and case p_email.category
      when 'notice' then v_user.notice_emails when 'onboarding' then v_user.onboarding_emails when 'job' then v_user.job_emails end) then
      return 'unsubscribed';
    end if;
  end if;
  v_needed := case
    when p_email.template = 'invitation' then exists (
      select from public.invitations i join public.organizations o on o.id = i.organization_id
      where i.id = p_email.reference::uuid and i.status = 'pending' and i.expires_at > clock_timestamp() and o.is_active and o.deleted_at is null)
    when p_email.template in ('onboarding_1', 'onboarding_3') then
      not exists (select from public.usage_daily d where d.organization_id = p_email.organization_id)
    when p_email.template = 'onboarding_7' then exists (
      select from public.organizations o join public.plans p on p.id = o.plan_id where o.id = p_email.organization_id and p.price_month_cents = 0)
    when p_email.template = 'upgrade_suggestion' then exists (
      select from public.organizations o where o.id = p_email.organization_id and o.plan_id = p_email.data ->> 'current_plan_id')
    when p_email.template = 'low_balance' then exists (
      select from public.credit_balances b where b.organization_id = p_email.organization_id and b.available < greatest((p_email.data ->> 'threshold')::bigint, 1))
    when p_email.template = 'trial_ending' then exists (
      select from public.subscriptions s where s.id = (p_email.data ->> 'subscription_id')::uuid and s.status = 'trialing'
        and s.trial_end = (p_email.data ->> 'ends_at')::timestamptz and not s.cancel_at_period_end)
    when p_email.template = 'payment_failed' and p_email.data ->> 'kind' = 'subscription' then exists (
      select from public.subscriptions s where s.id = (p_email.data ->> 'subscription_id')::uuid and s.status = 'past_due')
    else true
  end;
  return case when not v_needed then 'no_longer_needed' end;
end
$$;

-- claim_emails: takes what is due for sending, and looks whether it is still wanted.
-- takes:   how many at most, for how many seconds the caller has them, and how often one is tried.
-- returns: the e-mails with their recipients. What is not wanted any more is suppressed, what was tried too often failed.
-- locks:   the e-mails, skipping those that others are at.
create function public.claim_emails(p_limit integer, p_lease_seconds integer, p_attempts_max integer)
returns table (id uuid, lease_token uuid, attempts smallint, template text, category text, data jsonb, sealed bytea, reference text, user_id uuid,
  address text, full_name text, language text, organization_name text)
language plpgsql set search_path = ''
as $$
declare
  -- A moment that stands still lets the index find what is due.
  v_now constant timestamptz := clock_timestamp();
  v_essential boolean;
  v_email public.email_outbox;
  v_refusal text;
  v_count integer := 0;
begin
  foreach v_essential in array array[true, false] loop
    for v_email in
      select e.* from public.email_outbox e
      where e.status in ('pending', 'sending') and (e.category = 'essential') = v_essential and e.next_attempt_at <= v_now
      order by e.next_attempt_at limit 500 for update skip locked
    loop
      exit when v_count = p_limit;
      v_refusal := private.email_refusal(v_email);
      if v_refusal is not null or v_email.attempts >= p_attempts_max then
        update public.email_outbox e set status = case when v_refusal is null then 'failed' else 'suppressed' end,
          last_error = coalesce(v_refusal, e.last_error, 'attempts_exhausted'), lease_token = null, sealed = null
        where e.id = v_email.id;
        continue;
      end if;
      v_count := v_count + 1;
      return query
      update public.email_outbox e set status = 'sending', attempts = e.attempts + 1, lease_token = gen_random_uuid(),
        next_attempt_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
      from public.organizations o, (select v_email.user_id as user_id) r left join public.users u on u.id = r.user_id
      where e.id = v_email.id and o.id = v_email.organization_id
      returning e.id, e.lease_token, e.attempts, e.template, e.category, e.data, e.sealed, e.reference, e.user_id,
        coalesce(e.address, u.email), u.full_name, coalesce(e.language, u.language), o.name;
    end loop;
  end loop;
end
$$;

-- end_email: writes what became of an e-mail that the caller has claimed.
-- takes:   the e-mail and its lease; 'sent' with the message's id, 'failed', or 'pending' with the seconds until it is tried again.
-- returns: whether it was still the caller's.
create function public.end_email(p_id uuid, p_lease_token uuid, p_status text, p_message_id text, p_error text, p_retry_seconds double precision) returns boolean
language plpgsql set search_path = ''
as $$
begin
  update public.email_outbox e set status = p_status, lease_token = null, last_error = p_error, message_id = coalesce(p_message_id, e.message_id),
    sent_at = case p_status when 'sent' then clock_timestamp() end, sealed = case p_status when 'pending' then e.sealed end,
    next_attempt_at = clock_timestamp() + make_interval(secs => coalesce(p_retry_seconds, 0))
  where e.id = p_id and e.lease_token = p_lease_token;
  return found;
end
$$;

-- forget_emails: removes e-mails that are over for so many days.   returns: how many, of so many at most.
create function public.forget_emails(p_days integer, p_limit integer) returns integer
language plpgsql set search_path = ''
as $$
declare
  v_before constant timestamptz := clock_timestamp() - make_interval(days => p_days);
  v_count integer;
begin
  delete from public.email_outbox e where e.id in (
    select x.id from public.email_outbox x
    where x.status in ('sent', 'failed', 'suppressed') and x.updated_at < v_before
    order by x.updated_at limit p_limit for update skip locked);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- erase_emails: removes what was written to a person who is being erased, as a member or as one invited.
create function private.erase_emails(p_user_id uuid, p_email text) returns void
language sql set search_path = ''
as $$
  delete from public.email_outbox e where e.user_id = p_user_id or e.address = p_email
$$;

alter table public.email_outbox enable row level security;
alter table public.email_outbox force row level security;
revoke all on public.email_outbox from public, anon, authenticated;
revoke execute on function private.email_category(text) from public, anon, authenticated;
revoke execute on function private.mail_users(uuid, uuid[], text, text, jsonb, timestamptz) from public, anon, authenticated;
revoke execute on function private.mail_admins(uuid, text, text, jsonb) from public, anon, authenticated;
revoke execute on function private.admin_ids(uuid) from public, anon, authenticated;
revoke execute on function private.mail_newcomer(uuid, uuid, bigint) from public, anon, authenticated;
revoke execute on function private.mail_invitation(uuid, bytea) from public, anon, authenticated;
revoke execute on function private.mail_approved(uuid) from public, anon, authenticated;
revoke execute on function private.mail_low_balance(uuid, timestamptz, bigint, bigint) from public, anon, authenticated;
revoke execute on function private.suggest_upgrade(uuid, timestamptz) from public, anon, authenticated;
revoke execute on function private.mail_subscription(public.subscriptions, uuid) from public, anon, authenticated;
revoke execute on function private.mail_lapsed(uuid, uuid) from public, anon, authenticated;
revoke execute on function public.mail_finished_jobs() from public, anon, authenticated;
revoke execute on function private.email_refusal(public.email_outbox) from public, anon, authenticated;
revoke execute on function public.claim_emails(integer, integer, integer) from public, anon, authenticated;
revoke execute on function public.end_email(uuid, uuid, text, text, text, double precision) from public, anon, authenticated;
revoke execute on function public.forget_emails(integer, integer) from public, anon, authenticated;
revoke execute on function private.erase_emails(uuid, text) from public, anon, authenticated;
