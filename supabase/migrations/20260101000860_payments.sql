-- Payments: what is for sale, what gateways told us, what was paid, and what went back. Gateways are believed only through
-- verified events and their own API; every effect has a key of its own, so that it happens once in any order and any number
-- of times. Functions take the moment it is (p_now) from their caller, so that months can pass in a test.

create table public.credit_packs (
  id text primary key,
  name text not null,
  credits bigint not null,
  price_cents integer not null,
  is_active boolean not null default true,
  sort_order smallint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint credit_packs_id_form check (id ~ '^[a-z0-9][a-z0-9_-]{0,49}$'),
  constraint credit_packs_positive check (credits > 0 and price_cents > 0)
);
create trigger credit_packs_set_updated_at before update on public.credit_packs for each row execute function private.set_updated_at();
create trigger credit_packs_audit after insert or update or delete on public.credit_packs for each row execute function private.audit('pack', '');

insert into public.credit_packs (id, name, credits, price_cents, sort_order) values
  ('credits-5000', '5,000 credits', 5000, 14900, 1),
  ('credits-20000', '20,000 credits', 20000, 49900, 2),
  ('credits-100000', '100,000 credits', 100000, 199900, 3);

-- An organization at a gateway.
create table public.billing_customers (
  organization_id uuid not null references public.organizations (id),
  gateway text not null,
  gateway_customer_id text not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (organization_id, gateway),
  constraint billing_customers_gateway_known check (gateway in ('stripe', 'asaas')),
  constraint billing_customers_gateway_key unique (gateway, gateway_customer_id)
);

-- What a gateway's price stands for, at our amount; a new amount is a new price there. Never changed: old invoices name them.
create table public.gateway_prices (
  gateway text not null,
  gateway_price_id text not null,
  plan_id text references public.plans (id),
  billing_interval text,
  pack_id text references public.credit_packs (id),
  amount_cents integer not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (gateway, gateway_price_id),
  constraint gateway_prices_one_thing check ((plan_id is null) <> (pack_id is null) and (plan_id is null) = (billing_interval is null)),
  constraint gateway_prices_interval_known check (billing_interval in ('month', 'year'))
);
create index gateway_prices_plan_id on public.gateway_prices (plan_id);
create index gateway_prices_pack_id on public.gateway_prices (pack_id);

-- What a subscription is for from a due date on, where its gateway knows amounts and no plans. Before the first of them it is what
-- was ordered.
create table public.plan_changes (
  gateway text not null,
  gateway_subscription_id text not null,
  effective_on date not null,
  organization_id uuid not null references public.organizations (id),
  plan_id text not null references public.plans (id),
  billing_interval text not null,
  amount_cents integer not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (gateway, gateway_subscription_id, effective_on, amount_cents),
  constraint plan_changes_gateway_known check (gateway in ('stripe', 'asaas')),
  constraint plan_changes_interval_known check (billing_interval in ('month', 'year')),
  constraint plan_changes_amount_positive check (amount_cents > 0)
);
create index plan_changes_organization_id on public.plan_changes (organization_id);
create index plan_changes_plan_id on public.plan_changes (plan_id);

create type public.checkout_status as enum ('creating', 'open', 'completed', 'expired', 'failed');

-- An order on its way through a gateway's page.
create table public.checkouts (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  user_id uuid references public.users (id),
  gateway text not null,
  plan_id text references public.plans (id),
  billing_interval text,
  pack_id text references public.credit_packs (id),
  -- As it was when it was ordered; paying fills the account with these credits, whatever the pack is by then.
  credits bigint not null,
  amount_cents integer not null,
  method text,
  status public.checkout_status not null default 'creating',
  -- Who is making it at the gateway works on it until then; afterwards somebody else may.
  creating_until timestamptz,
  gateway_id text,
  url text,
  -- What the payer needs for PIX or a boleto.
  instructions jsonb,
  expires_at timestamptz not null,
  completed_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint checkouts_gateway_known check (gateway in ('stripe', 'asaas')),
  constraint checkouts_one_thing check ((plan_id is null) <> (pack_id is null) and (plan_id is null) = (billing_interval is null)),
  constraint checkouts_open_has_gateway_id check (status not in ('open', 'completed') or gateway_id is not null),
  constraint checkouts_completed_when check ((status = 'completed') = (completed_at is not null)),
  constraint checkouts_gateway_id_key unique (gateway, gateway_id)
);
-- Two equal orders at once are one; and somebody subscribes to one thing at a time.
create unique index checkouts_one_open_pack on public.checkouts (organization_id, gateway, pack_id, coalesce(method, '')) where status in ('creating', 'open') and pack_id is not null;
create unique index checkouts_one_open_plan on public.checkouts (organization_id) where status in ('creating', 'open') and plan_id is not null;
create index checkouts_list on public.checkouts (organization_id, id desc);
create index checkouts_user_id on public.checkouts (user_id);
create index checkouts_plan_id on public.checkouts (plan_id);
create index checkouts_pack_id on public.checkouts (pack_id);
create index checkouts_open on public.checkouts (expires_at) where status in ('creating', 'open');
create trigger checkouts_set_updated_at before update on public.checkouts for each row execute function private.set_updated_at();
create trigger checkouts_audit after insert or update or delete on public.checkouts for each row execute function private.audit('checkout', 'creating_until,url,instructions');

create type public.payment_event_status as enum ('received', 'processed', 'ignored', 'parked');

-- The inbox: what a gateway sent, word for word, and what became of it.
create table public.payment_events (
  gateway text not null,
  event_id text not null,
  type text not null,
  api_version text,
  payload text not null,
  status public.payment_event_status not null default 'received',
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default clock_timestamp(),
  last_error text,
  received_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (gateway, event_id),
  constraint payment_events_ended_when check ((status = 'received') = (ended_at is null))
);
create index payment_events_due on public.payment_events (next_attempt_at) where status = 'received';
create index payment_events_parked on public.payment_events (received_at) where status = 'parked';

-- Money that came, once per gateway's payment, and the credits it brought.
create table public.payments (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  gateway text not null,
  -- What the credits are granted by: an invoice, a checkout session, a payment.
  gateway_payment_id text not null,
  -- What refunds and disputes name, where that is something else.
  gateway_charge_id text,
  kind text not null,
  amount_cents bigint not null,
  currency text not null,
  credits bigint not null default 0,
  -- References of the grants, all with the gateway as reference type.
  grant_references text[] not null default '{}',
  grants_expire_at timestamptz,
  credits_taken bigint not null default 0,
  checkout_id uuid references public.checkouts (id),
  paid_at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint payments_kind_known check (kind in ('subscription', 'proration', 'pack', 'topup')),
  constraint payments_amount_not_negative check (amount_cents >= 0 and credits >= 0 and credits_taken between 0 and credits),
  constraint payments_gateway_key unique (gateway, gateway_payment_id)
);
create index payments_charge on public.payments (gateway, gateway_charge_id);
create index payments_list on public.payments (organization_id, id desc);
create index payments_checkout_id on public.payments (checkout_id);

-- Money that went back or is disputed: counted while it is active.
create table public.payment_claims (
  gateway text not null,
  claim_id text not null,
  organization_id uuid not null references public.organizations (id),
  payment_id uuid not null references public.payments (id),
  kind text not null,
  amount_cents bigint not null,
  is_active boolean not null,
  -- How often it has moved credits; part of each movement's reference.
  moves integer not null default 0,
  as_of timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (gateway, claim_id),
  constraint payment_claims_kind_known check (kind in ('refund', 'dispute')),
  constraint payment_claims_amount_not_negative check (amount_cents >= 0)
);
create index payment_claims_payment_id on public.payment_claims (payment_id);
create index payment_claims_organization_id on public.payment_claims (organization_id);

create table public.invoices (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  gateway text not null,
  gateway_id text not null,
  number text,
  status text not null,
  amount_cents bigint not null,
  amount_paid_cents bigint not null,
  currency text not null,
  description text,
  period_start timestamptz,
  period_end timestamptz,
  due_at timestamptz,
  paid_at timestamptz,
  hosted_url text,
  pdf_url text,
  as_of timestamptz not null,
  issued_at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint invoices_status_known check (status in ('draft', 'open', 'paid', 'void', 'uncollectible', 'refunded')),
  constraint invoices_gateway_key unique (gateway, gateway_id)
);
create index invoices_list on public.invoices (organization_id, id desc);

-- tell: writes an event of an organization whose account the caller holds.
create function private.tell(p_organization_id uuid, p_type text, p_resource_id uuid, p_data jsonb) returns void
language sql set search_path = ''
as $$
  insert into public.events (id, organization_id, type, resource_id, data)
  values (public.uuid_v7(), p_organization_id, p_type, coalesce(p_resource_id, p_organization_id), p_data)
$$;

-- open_checkout: begins an order, or finds the equal one that is under way.
-- takes:   the new order's id, whose and whose request, what (a plan and interval, or a pack), where, by which method (or null), how many seconds
--          whoever makes it at the gateway has for that, when it ends, and the moment it is.
-- returns: code 'make' (the caller is to make it at the gateway, under the id of the row: everything there is keyed by it), 'open'
--          (it is there already), 'wait' (somebody else is making it), 'other_open' (another subscription's order is open: end that first);
--          or why not: 'not_for_sale', 'subscribed'; the order as a row, with trial_days for a subscription that begins with a trial.
-- locks:   the organization.
create function public.open_checkout(p_id uuid, p_organization_id uuid, p_user_id uuid, p_gateway text, p_plan_id text, p_interval text, p_pack_id text,
  p_method text, p_making_seconds integer, p_expires_at timestamptz, p_now timestamptz)
returns table (code text, checkout jsonb, trial_days integer)
language plpgsql set search_path = ''
as $$
declare
  v_credits bigint;
  v_cents integer;
  v_row public.checkouts;
begin
  perform from public.organizations o where o.id = p_organization_id for no key update;
  if p_plan_id is not null then
    select p.monthly_credits * case p_interval when 'year' then 12 else 1 end, case p_interval when 'year' then p.price_year_cents else p.price_month_cents end,
      case when o.trial_used_at is null then p.trial_days else 0 end
    into v_credits, v_cents, trial_days
    from public.plans p cross join public.organizations o where p.id = p_plan_id and p.is_public and o.id = p_organization_id;
  else
    select p.credits, p.price_cents, 0 into v_credits, v_cents, trial_days from public.credit_packs p where p.id = p_pack_id and p.is_active;
  end if;
  update public.checkouts c set status = 'expired'
  where c.organization_id = p_organization_id and c.status in ('creating', 'open') and c.expires_at <= p_now;
  select c.* into v_row from public.checkouts c
  where c.organization_id = p_organization_id and c.status in ('creating', 'open')
    and case when p_plan_id is not null then c.plan_id is not null
      else c.pack_id = p_pack_id and c.gateway = p_gateway and c.method is not distinct from p_method end
  for update;
  code := case
    when coalesce(v_cents, 0) <= 0 then 'not_for_sale'
    when p_plan_id is not null and exists (
      select from public.subscriptions s where s.organization_id = p_organization_id and s.status <> 'canceled') then 'subscribed'
    when v_row.id is null then 'make'
    when (v_row.gateway, v_row.plan_id, v_row.billing_interval, v_row.method, v_row.amount_cents)
      is distinct from (p_gateway, p_plan_id, p_interval, p_method, v_cents) then 'other_open'
    when v_row.status = 'open' then 'open'
    when v_row.creating_until > clock_timestamp() then 'wait'
    else 'make'
  end;
  if code = 'make' and v_row.id is null then
    insert into public.checkouts (id, organization_id, user_id, gateway, plan_id, billing_interval, pack_id, credits, amount_cents, method, expires_at,
      creating_until)
    values (p_id, p_organization_id, p_user_id, p_gateway, p_plan_id, p_interval, p_pack_id, v_credits, v_cents, p_method, p_expires_at,
      clock_timestamp() + make_interval(secs => p_making_seconds))
    returning * into v_row;
  elsif code = 'make' then
    update public.checkouts c set creating_until = clock_timestamp() + make_interval(secs => p_making_seconds) where c.id = v_row.id returning * into v_row;
  end if;
  checkout := case when v_row.id is not null then to_jsonb(v_row) end;
  return next;
end
$$;

-- receive_payment_event: puts what a gateway sent into the inbox.   returns: whether it is new.
create function public.receive_payment_event(p_gateway text, p_event_id text, p_type text, p_api_version text, p_payload text) returns boolean
language plpgsql set search_path = ''
as $$
begin
  insert into public.payment_events (gateway, event_id, type, api_version, payload)
  values (p_gateway, p_event_id, p_type, p_api_version, p_payload) on conflict do nothing;
  return found;
end
$$;

-- claim_payment_events: takes events that wait to be processed; they come back after the lease unless they are ended.
-- returns: the events, oldest first, with the moment of the claim: whatever a gateway is asked later is at least as new.
create function public.claim_payment_events(p_limit integer, p_lease_seconds double precision)
returns table (gateway text, event_id text, type text, api_version text, payload text, attempts integer, claimed_at timestamptz)
language sql set search_path = ''
as $$
  with due as (
    select e.gateway, e.event_id from public.payment_events e
    where e.status = 'received' and e.next_attempt_at <= clock_timestamp()
    order by e.next_attempt_at limit p_limit for update skip locked
  ),
  taken as (
    update public.payment_events e set attempts = e.attempts + 1, next_attempt_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    from due d where e.gateway = d.gateway and e.event_id = d.event_id
    returning e.*
  )
  select t.gateway, t.event_id, t.type, t.api_version, t.payload, t.attempts, clock_timestamp() from taken t order by t.received_at, t.event_id
$$;

-- end_payment_event: says what became of an event: 'processed', 'ignored', 'parked'; or 'received' to try again after so many seconds.
create function public.end_payment_event(p_gateway text, p_event_id text, p_status public.payment_event_status, p_error text, p_retry_seconds double precision)
returns void language sql set search_path = ''
as $$
  update public.payment_events e set status = p_status, last_error = left(p_error, 1000),
    ended_at = case when p_status <> 'received' then clock_timestamp() end,
    next_attempt_at = case when p_status = 'received' then clock_timestamp() + make_interval(secs => p_retry_seconds) else e.next_attempt_at end
  where e.gateway = p_gateway and e.event_id = p_event_id and e.status = 'received'
$$;

-- apply_payment: credits for money that came, once per payment.
-- takes:   the payment as the gateway shows it; lines [{reference, credits, expires_at, description}], where references are unique
--          at the gateway and expires_at may be null; the checkout it answers, if any.
-- returns: 'granted', 'replayed', or 'organization_not_found'.
-- locks:   the account.
create function public.apply_payment(p_organization_id uuid, p_gateway text, p_gateway_payment_id text, p_gateway_charge_id text, p_kind text,
  p_amount_cents bigint, p_currency text, p_paid_at timestamptz, p_lines jsonb, p_checkout_id uuid)
returns text
language plpgsql set search_path = ''
as $$
declare
  v_id constant uuid := public.uuid_v7();
  v_type constant public.transaction_type := case when p_kind in ('pack', 'topup') then 'purchase' else 'subscription' end;
  v_credits bigint;
begin
  perform from public.credit_balances b where b.organization_id = p_organization_id for update;
  if not found then return 'organization_not_found'; end if;
  select coalesce(sum((l ->> 'credits')::bigint), 0) into v_credits from jsonb_array_elements(p_lines) l;
  insert into public.payments (id, organization_id, gateway, gateway_payment_id, gateway_charge_id, kind, amount_cents, currency, credits,
    grant_references, grants_expire_at, checkout_id, paid_at)
  values (v_id, p_organization_id, p_gateway, p_gateway_payment_id, p_gateway_charge_id, p_kind, p_amount_cents, p_currency, v_credits,
    (select coalesce(array_agg(l ->> 'reference'), '{}') from jsonb_array_elements(p_lines) l where (l ->> 'credits')::bigint > 0),
    (select max((l ->> 'expires_at')::timestamptz) from jsonb_array_elements(p_lines) l), p_checkout_id, p_paid_at)
  on conflict on constraint payments_gateway_key do nothing;
  if not found then return 'replayed'; end if;
  perform public.credit_credits(array_agg(p_organization_id), array_agg(v_type), array_agg((l.value ->> 'credits')::bigint), array_agg(p_gateway),
    array_agg(l.value ->> 'reference'), array_agg(l.value ->> 'description'), array_agg((l.value ->> 'expires_at')::timestamptz), array_agg(null::uuid))
  from jsonb_array_elements(p_lines) l where (l.value ->> 'credits')::bigint > 0 having count(*) > 0;
  update public.checkouts c set status = 'completed', completed_at = clock_timestamp(), gateway_id = coalesce(c.gateway_id, p_gateway_payment_id)
  where c.id = p_checkout_id and c.status <> 'completed';
  if v_credits > 0 then
    perform private.tell(p_organization_id, 'credits.granted', v_id, jsonb_build_object('credits', v_credits, 'kind', p_kind, 'amount_cents', p_amount_cents));
  end if;
  return 'granted';
end
$$;

-- credits_to_take: the share of a payment's credits that so much of its money stands for, rounded in the customer's favour.
create function private.credits_to_take(p_credits bigint, p_amount_cents bigint, p_claimed_cents bigint) returns bigint
language sql immutable set search_path = ''
as $$
  select case when p_claimed_cents >= p_amount_cents and p_claimed_cents > 0 then p_credits
    when p_claimed_cents <= 0 then 0
    else floor(p_credits::numeric * p_claimed_cents / p_amount_cents)::bigint end
$$;

-- apply_claim: money of a payment went back or is disputed, or came again: its credits follow, in proportion.
-- takes:   the claim as the gateway shows it; whether it counts; the moment the gateway was asked.
-- returns: 'applied', 'unchanged', 'stale', or 'payment_not_found'.
-- locks:   the account, the payment.
create function public.apply_claim(p_gateway text, p_claim_id text, p_payment_reference text, p_kind text, p_amount_cents bigint, p_is_active boolean,
  p_as_of timestamptz)
returns text
language plpgsql set search_path = ''
as $$
declare
  v_payment public.payments;
  v_claim public.payment_claims;
  v_target bigint;
  v_reference text;
begin
  select p.* into v_payment from public.payments p
  where p.gateway = p_gateway and (p.gateway_payment_id = p_payment_reference or p.gateway_charge_id = p_payment_reference);
  if not found then return 'payment_not_found'; end if;
  perform from public.credit_balances b where b.organization_id = v_payment.organization_id for update;
  select p.* into v_payment from public.payments p where p.id = v_payment.id for update;
  select c.* into v_claim from public.payment_claims c where c.gateway = p_gateway and c.claim_id = p_claim_id;
  if found then
    if v_claim.as_of > p_as_of then return 'stale'; end if;
    if (v_claim.is_active, v_claim.amount_cents) = (p_is_active, p_amount_cents) then
      -- Still so: what was asked between then and now, and comes later, is old.
      update public.payment_claims c set as_of = p_as_of where c.gateway = p_gateway and c.claim_id = p_claim_id;
      return 'unchanged';
    end if;
  end if;
  insert into public.payment_claims as c (gateway, claim_id, organization_id, payment_id, kind, amount_cents, is_active, as_of)
  values (p_gateway, p_claim_id, v_payment.organization_id, v_payment.id, p_kind, p_amount_cents, p_is_active, p_as_of)
  on conflict on constraint payment_claims_pkey do update set amount_cents = p_amount_cents, is_active = p_is_active, as_of = p_as_of, moves = c.moves + 1
  returning * into v_claim;

  select private.credits_to_take(v_payment.credits, v_payment.amount_cents, coalesce(sum(c.amount_cents) filter (where c.is_active), 0)::bigint)
  into v_target from public.payment_claims c where c.payment_id = v_payment.id;
  v_reference := p_gateway || ':' || p_claim_id || ':' || v_claim.moves;
  if v_target > v_payment.credits_taken then
    perform private.take_back_credits(v_payment.organization_id, v_target - v_payment.credits_taken, p_kind, v_reference,
      case p_kind when 'dispute' then 'Payment disputed' else 'Payment refunded' end, v_payment.grant_references);
  elsif v_target < v_payment.credits_taken then
    perform private.return_credits(v_payment.organization_id, v_payment.credits_taken - v_target, p_kind, v_reference,
      case p_kind when 'dispute' then 'Dispute won' else 'Refund failed' end, v_payment.grants_expire_at,
      (select array_agg(c.gateway || ':' || c.claim_id || ':' || n) from public.payment_claims c cross join generate_series(0, c.moves) n where c.payment_id = v_payment.id));
  end if;
  if v_target <> v_payment.credits_taken then
    update public.payments p set credits_taken = v_target where p.id = v_payment.id;
    perform private.tell(v_payment.organization_id, case when v_target > v_payment.credits_taken then 'credits.taken_back' else 'credits.returned' end, v_payment.id,
      jsonb_build_object('credits', abs(v_target - v_payment.credits_taken), 'reason', p_kind));
  end if;
  return 'applied';
end
$$;

-- collect_all_debts: pays debts of organizations that have credits again, for example after a hold was released.
-- takes: how many organizations at most.   returns: how many credits were collected.   locks: their accounts, one by one.
create function public.collect_all_debts(p_limit integer) returns bigint
language plpgsql set search_path = ''
as $$
declare
  v_id uuid;
  v_total bigint := 0;
begin
  for v_id in
    select b.organization_id from public.credit_balances b where b.debt > 0 and b.available > 0 order by 1 limit p_limit for update skip locked
  loop
    v_total := v_total + private.collect_debts(v_id);
  end loop;
  return v_total;
end
$$;

-- apply_invoice: mirrors an invoice; what was asked earlier and comes later is not written.
create function public.apply_invoice(p_organization_id uuid, p_gateway text, p_gateway_id text, p_invoice jsonb, p_as_of timestamptz) returns void
language plpgsql set search_path = ''
as $$
declare
  v_was text;
  v_id uuid;
begin
  perform from public.credit_balances b where b.organization_id = p_organization_id for update;
  select i.status into v_was from public.invoices i where i.gateway = p_gateway and i.gateway_id = p_gateway_id;
  insert into public.invoices as i (id, organization_id, gateway, gateway_id, number, status, amount_cents, amount_paid_cents, currency, description,
    period_start, period_end, due_at, paid_at, hosted_url, pdf_url, as_of, issued_at)
  select public.uuid_v7(), p_organization_id, p_gateway, p_gateway_id, x.number, x.status, x.amount_cents, x.amount_paid_cents, x.currency, x.description,
    x.period_start, x.period_end, x.due_at, x.paid_at, x.hosted_url, x.pdf_url, p_as_of, x.issued_at
  from jsonb_to_record(p_invoice) x (number text, status text, amount_cents bigint, amount_paid_cents bigint, currency text, description text,
    period_start timestamptz, period_end timestamptz, due_at timestamptz, paid_at timestamptz, hosted_url text, pdf_url text, issued_at timestamptz)
  on conflict on constraint invoices_gateway_key do update set number = excluded.number, status = excluded.status, amount_cents = excluded.amount_cents,
    amount_paid_cents = excluded.amount_paid_cents, description = excluded.description, period_start = excluded.period_start, period_end = excluded.period_end,
    due_at = excluded.due_at, paid_at = excluded.paid_at, hosted_url = excluded.hosted_url, pdf_url = excluded.pdf_url, as_of = excluded.as_of
    where i.as_of <= excluded.as_of
  returning i.id into v_id;
  if v_id is not null and p_invoice ->> 'status' = 'paid' and v_was is distinct from 'paid' then
    perform private.tell(p_organization_id, 'invoice.paid', v_id, jsonb_build_object('amount_cents', (p_invoice ->> 'amount_paid_cents')::bigint));
  end if;
end
$$;

-- tell_of_invoice: writes an event about an invoice that is mirrored here, once for each attempt to collect it.
-- takes: the invoice at its gateway, 'payment_failed' or 'payment_action_required', which attempt.
-- returns: whether it was written.   locks: the account.
create function public.tell_of_invoice(p_gateway text, p_gateway_id text, p_what text, p_attempt integer) returns boolean
language plpgsql set search_path = ''
as $$
declare
  v_invoice public.invoices;
begin
  select i.* into v_invoice from public.invoices i where i.gateway = p_gateway and i.gateway_id = p_gateway_id;
  if not found then return false; end if;
  perform from public.credit_balances b where b.organization_id = v_invoice.organization_id for update;
  if exists (select from public.events e where e.resource_id = v_invoice.id and e.type = 'invoice.' || p_what and (e.data ->> 'attempt')::integer = p_attempt) then
    return false;
  end if;
  perform private.tell(v_invoice.organization_id, 'invoice.' || p_what, v_invoice.id,
    jsonb_build_object('amount_cents', v_invoice.amount_cents, 'attempt', p_attempt, 'url', v_invoice.hosted_url));
  return true;
end
$$;

alter table public.credit_packs enable row level security;
alter table public.credit_packs force row level security;
create policy credit_packs_are_public on public.credit_packs for select to anon, authenticated using (is_active);
alter table public.billing_customers enable row level security;
alter table public.billing_customers force row level security;
alter table public.gateway_prices enable row level security;
alter table public.gateway_prices force row level security;
alter table public.plan_changes enable row level security;
alter table public.plan_changes force row level security;
alter table public.checkouts enable row level security;
alter table public.checkouts force row level security;
alter table public.payment_events enable row level security;
alter table public.payment_events force row level security;
alter table public.payments enable row level security;
alter table public.payments force row level security;
create policy payments_own_organization on public.payments for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.payment_claims enable row level security;
alter table public.payment_claims force row level security;
alter table public.invoices enable row level security;
alter table public.invoices force row level security;
create policy invoices_own_organization on public.invoices for select to authenticated
  using (organization_id = (select private.current_organization_id()));
revoke all on public.credit_packs, public.billing_customers, public.gateway_prices, public.plan_changes, public.checkouts, public.payment_events, public.payments,
  public.payment_claims, public.invoices from public, anon, authenticated;
grant select on public.credit_packs to anon, authenticated;
grant select on public.payments, public.invoices to authenticated;
