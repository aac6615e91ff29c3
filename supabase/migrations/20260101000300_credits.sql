-- Credits: one account per organization, an append-only ledger, grants that say until when credits may be spent, and
-- holds that set credits aside for jobs. Credits are whole numbers. Nothing outside the functions of these files writes here.

create type public.transaction_type as enum ('purchase', 'usage', 'refund', 'bonus', 'subscription', 'adjustment', 'expiration');
create type public.hold_status as enum ('held', 'captured', 'released');

create table public.credit_balances (
  organization_id uuid primary key references public.organizations (id),
  balance bigint not null default 0,
  held bigint not null default 0,
  available bigint generated always as (balance - held) stored,
  lifetime_purchased bigint not null default 0,
  lifetime_used bigint not null default 0,
  lifetime_bonus bigint not null default 0,
  period_start timestamptz not null default now(),
  period_end timestamptz not null default now() + interval '1 month',
  period_credits_used bigint not null default 0,
  -- Held and used in this period, against the plan's monthly limits.
  period_images integer not null default 0,
  period_videos integer not null default 0,
  period_audio_seconds integer not null default 0,
  -- Jobs queued or processing, and jobs waiting for the organization's turn.
  active_jobs integer not null default 0,
  waiting_jobs integer not null default 0,
  storage_bytes bigint not null default 0,
  updated_at timestamptz not null default now(),
  constraint credit_balances_held_covered check (held >= 0 and balance >= held),
  constraint credit_balances_counters_not_negative check (
    period_images >= 0 and period_videos >= 0 and period_audio_seconds >= 0 and active_jobs >= 0 and waiting_jobs >= 0 and storage_bytes >= 0)
) with (fillfactor = 50);

create table public.credit_grants (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  source public.transaction_type not null,
  amount bigint not null,
  remaining bigint not null,
  expires_at timestamptz,
  reference_type text not null,
  reference_id text not null,
  created_at timestamptz not null default now(),
  constraint credit_grants_amount_positive check (amount > 0),
  constraint credit_grants_remaining_in_range check (remaining between 0 and amount),
  constraint credit_grants_reference_key unique (organization_id, source, reference_type, reference_id)
) with (fillfactor = 70);
create index credit_grants_spending_order on public.credit_grants (organization_id, expires_at, created_at, id) where remaining > 0;

create table public.credit_transactions (
  id uuid primary key,
  -- The order of an account's transactions whatever the clock does: they are written while it is locked.
  position bigint generated always as identity,
  organization_id uuid not null references public.organizations (id),
  type public.transaction_type not null,
  amount bigint not null,
  balance_after bigint not null,
  reference_type text not null,
  reference_id text not null,
  user_id uuid,
  description text not null,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default clock_timestamp(),
  constraint credit_transactions_amount_not_zero check (amount <> 0),
  constraint credit_transactions_balance_not_negative check (balance_after >= 0),
  constraint credit_transactions_reference_key unique (organization_id, type, reference_type, reference_id)
);
create index credit_transactions_list on public.credit_transactions (organization_id, id desc);
create trigger credit_transactions_append_only before update or delete on public.credit_transactions
  for each row execute function private.refuse_change();
create trigger credit_transactions_no_truncate before truncate on public.credit_transactions
  for each statement execute function private.refuse_change();

create table public.credit_holds (
  -- The id of what it is for: a job has one hold.
  id uuid primary key,
  -- No foreign keys on this hot table: reserve_jobs writes hold and job together from a locked account.
  organization_id uuid not null,
  job_id uuid not null,
  amount bigint not null,
  status public.hold_status not null default 'held',
  captured_amount bigint not null default 0,
  -- The price as it was at admission; settlement uses this one, whatever the price is by then.
  price jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  resolved_at timestamptz,
  constraint credit_holds_amount_not_negative check (amount >= 0),
  constraint credit_holds_captured_in_range check (captured_amount between 0 and amount),
  constraint credit_holds_captured_when check (status = 'captured' or captured_amount = 0),
  constraint credit_holds_resolved_when check ((status = 'held') = (resolved_at is null)),
  constraint credit_holds_job_id_key unique (job_id)
) with (fillfactor = 70);
create index credit_holds_list on public.credit_holds (organization_id, id desc);

-- spend_grants: takes amounts per organization (one row each) and draws them from grants, earliest expiry first.
-- locks: grants of those organizations; the caller holds their accounts. raises: PT500 when grants do not cover an amount.
create function private.spend_grants(p_organization_ids uuid[], p_amounts bigint[]) returns void
language plpgsql set search_path = ''
as $$
declare
  v_expected bigint;
  v_taken bigint;
begin
  select coalesce(sum(a), 0) into v_expected from unnest(p_amounts) a;
  if v_expected = 0 then return; end if;
  with spend as (
    select u.organization_id, u.amount from unnest(p_organization_ids, p_amounts) u (organization_id, amount) where u.amount > 0
  ),
  line as (
    select g.id, g.remaining, s.amount,
      sum(g.remaining) over (partition by g.organization_id order by g.expires_at nulls last, g.created_at, g.id) - g.remaining as before
    from public.credit_grants g
    join spend s on s.organization_id = g.organization_id
    where g.remaining > 0
  ),
  take as (
    update public.credit_grants g
    set remaining = g.remaining - least(l.remaining, l.amount - l.before)
    from line l
    where g.id = l.id and l.before < l.amount
    returning least(l.remaining, l.amount - l.before) as taken
  )
  select coalesce(sum(taken), 0) into v_taken from take;
  if v_taken <> v_expected then
    raise exception 'grants cover % of % credits', v_taken, v_expected using errcode = 'PT500';
  end if;
end
$$;

-- credit_credits: grants credits outside jobs, each once by (organization, type, reference).
-- takes:   arrays, one element per grant; types other than usage and expiration; expires_at null = never.
-- returns: per item in order: code 'credited' or 'replayed', the transaction and the balance after it; 'organization_not_found'.
-- raises:  23514 for an amount that is not positive.   locks: accounts in id order.
create function public.credit_credits(
  p_organization_ids uuid[], p_types public.transaction_type[], p_amounts bigint[], p_reference_types text[], p_reference_ids text[],
  p_descriptions text[], p_expires_at timestamptz[], p_user_ids uuid[]
) returns table (ordinal integer, code text, transaction_id uuid, balance_after bigint)
language plpgsql set search_path = ''
as $$
declare
  r record;
begin
  perform from public.credit_balances b where b.organization_id = any (p_organization_ids) order by b.organization_id for update;
  for r in
    select u.* from unnest(p_organization_ids, p_types, p_amounts, p_reference_types, p_reference_ids, p_descriptions, p_expires_at, p_user_ids)
      with ordinality u (organization_id, type, amount, reference_type, reference_id, description, expires_at, user_id, ord)
    order by u.ord
  loop
    ordinal := r.ord;
    transaction_id := null;
    balance_after := null;
    select t.id, t.balance_after into transaction_id, balance_after from public.credit_transactions t
    where t.organization_id = r.organization_id and t.type = r.type and t.reference_type = r.reference_type and t.reference_id = r.reference_id;
    if found then
      code := 'replayed';
      return next;
      continue;
    end if;
    if r.type in ('usage', 'expiration') or r.amount is null or r.amount <= 0 then
      raise exception 'a grant needs a positive amount and a type that grants, got % of type %', r.amount, r.type using errcode = '23514';
    end if;
    update public.credit_balances b set
      balance = b.balance + r.amount,
      lifetime_purchased = b.lifetime_purchased + case when r.type in ('purchase', 'subscription') then r.amount else 0 end,
      lifetime_bonus = b.lifetime_bonus + case when r.type in ('purchase', 'subscription') then 0 else r.amount end,
      updated_at = clock_timestamp()
    where b.organization_id = r.organization_id
    returning b.balance into balance_after;
    if not found then
      code := 'organization_not_found';
      return next;
      continue;
    end if;
    transaction_id := public.uuid_v7();
    insert into public.credit_grants (id, organization_id, source, amount, remaining, expires_at, reference_type, reference_id)
    values (public.uuid_v7(), r.organization_id, r.type, r.amount, r.amount, r.expires_at, r.reference_type, r.reference_id);
    insert into public.credit_transactions (id, organization_id, type, amount, balance_after, reference_type, reference_id, user_id, description)
    values (transaction_id, r.organization_id, r.type, r.amount, balance_after, r.reference_type, r.reference_id, r.user_id, r.description);
    code := 'credited';
    return next;
  end loop;
end
$$;

-- debit_credits: takes credits outside jobs, each once by (organization, type, reference). Never what is on hold.
-- takes:   arrays, one element per charge; amounts positive; types usage, adjustment, refund or expiration.
-- returns: per item in order: code 'debited', 'replayed', 'insufficient_credits' or 'organization_not_found', transaction, balance after.
-- raises:  23514 for an amount that is not positive.   locks: accounts in id order, then grants.
create function public.debit_credits(
  p_organization_ids uuid[], p_types public.transaction_type[], p_amounts bigint[], p_reference_types text[], p_reference_ids text[],
  p_descriptions text[], p_user_ids uuid[]
) returns table (ordinal integer, code text, transaction_id uuid, balance_after bigint)
language plpgsql set search_path = ''
as $$
declare
  r record;
  v_available bigint;
begin
  perform from public.credit_balances b where b.organization_id = any (p_organization_ids) order by b.organization_id for update;
  for r in
    select u.* from unnest(p_organization_ids, p_types, p_amounts, p_reference_types, p_reference_ids, p_descriptions, p_user_ids)
      with ordinality u (organization_id, type, amount, reference_type, reference_id, description, user_id, ord)
    order by u.ord
  loop
    ordinal := r.ord;
    transaction_id := null;
    balance_after := null;
    select t.id, t.balance_after into transaction_id, balance_after from public.credit_transactions t
    where t.organization_id = r.organization_id and t.type = r.type and t.reference_type = r.reference_type and t.reference_id = r.reference_id;
    if found then
      code := 'replayed';
      return next;
      continue;
    end if;
    if r.type in ('purchase', 'bonus', 'subscription') or r.amount is null or r.amount <= 0 then
      raise exception 'a charge needs a positive amount and a type that charges, got % of type %', r.amount, r.type using errcode = '23514';
    end if;
    select b.available into v_available from public.credit_balances b where b.organization_id = r.organization_id;
    if v_available is null or v_available < r.amount then
      code := case when v_available is null then 'organization_not_found' else 'insufficient_credits' end;
      return next;
      continue;
    end if;
    update public.credit_balances b set
      balance = b.balance - r.amount,
      lifetime_used = b.lifetime_used + case when r.type = 'usage' then r.amount else 0 end,
      period_credits_used = b.period_credits_used + case when r.type = 'usage' then r.amount else 0 end,
      updated_at = clock_timestamp()
    where b.organization_id = r.organization_id
    returning b.balance into balance_after;
    perform private.spend_grants(array[r.organization_id], array[r.amount]);
    transaction_id := public.uuid_v7();
    insert into public.credit_transactions (id, organization_id, type, amount, balance_after, reference_type, reference_id, user_id, description)
    values (transaction_id, r.organization_id, r.type, -r.amount, balance_after, r.reference_type, r.reference_id, r.user_id, r.description);
    code := 'debited';
    return next;
  end loop;
end
$$;

alter table public.credit_balances enable row level security;
alter table public.credit_balances force row level security;
create policy credit_balances_own_organization on public.credit_balances for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.credit_grants enable row level security;
alter table public.credit_grants force row level security;
create policy credit_grants_own_organization on public.credit_grants for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.credit_transactions enable row level security;
alter table public.credit_transactions force row level security;
create policy credit_transactions_own_organization on public.credit_transactions for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.credit_holds enable row level security;
alter table public.credit_holds force row level security;
create policy credit_holds_own_organization on public.credit_holds for select to authenticated
  using (organization_id = (select private.current_organization_id()));

revoke all on public.credit_balances, public.credit_grants, public.credit_transactions, public.credit_holds from public, anon, authenticated;
grant select on public.credit_balances, public.credit_grants, public.credit_transactions, public.credit_holds to authenticated;
revoke execute on function private.spend_grants(uuid[], bigint[]) from public, anon, authenticated;
revoke execute on function public.credit_credits(uuid[], public.transaction_type[], bigint[], text[], text[], text[], timestamptz[], uuid[])
  from public, anon, authenticated;
revoke execute on function public.debit_credits(uuid[], public.transaction_type[], bigint[], text[], text[], text[], uuid[])
  from public, anon, authenticated;
