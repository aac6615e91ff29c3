-- Invitations: made with the team's places counted, good for one acceptance, bound to an address. Only the token's hash is kept.

-- notice_invited: API nodes ask anew about those with this address whom readmit_invited would let in.
create function private.notice_invited(p_email text) returns void
language sql volatile set search_path = ''
as $$
  update public.users u set updated_at = clock_timestamp()
  from public.organizations o
  where o.id = u.organization_id and lower(u.email) = p_email and (u.deleted_at is not null or o.deleted_at is not null)
$$;

-- create_invitation: invites an address, once per Idempotency-Key.
-- takes:   the organization, who invites, the new row's id, address (lower case) and role (null: the organization's default, but
--          never above one's own), the token's SHA-256, how long it is good, the request's key and fingerprint, and the link for
--          the e-mail, sealed; without it none is sent.
-- returns: code and the invitation's id: 'created'; 'replayed' with the id of the one made before; or why not:
--          'idempotency_key_reused', 'forbidden', 'members_may_not_invite', 'already_member', 'open_invitation',
--          'plan_limit_reached' with its figures: members and open invitations fill the team.
--          What a member invites waits for approval where the organization wants that.
-- locks:   the organization, then users of that address who are in no organization, so that nodes ask about them anew.
create function public.create_invitation(p_organization_id uuid, p_actor_id uuid, p_id uuid, p_email text, p_role public.user_role,
  p_token_hash text, p_valid_seconds integer, p_idempotency_key text, p_request_hash text, p_sealed_link bytea default null)
returns table (code text, invitation_id uuid, figures jsonb)
language plpgsql set search_path = ''
as $$
declare
  v_route constant text := 'POST /organization/invitations';
  v_organization record;
  v_actor_role public.user_role;
  v_earlier record;
begin
  select o.allow_member_invites, o.default_role, o.require_approval into v_organization
  from public.organizations o where o.id = p_organization_id for no key update;
  select k.resource_id, k.request_hash into v_earlier from public.idempotency_keys k
  where k.organization_id = p_organization_id and k.route = v_route and k.key = p_idempotency_key;
  if found then
    code := case when v_earlier.request_hash = p_request_hash then 'replayed' else 'idempotency_key_reused' end;
    invitation_id := v_earlier.resource_id;
    return next;
    return;
  end if;

  v_actor_role := private.acting_role(p_organization_id, p_actor_id);
  update public.invitations i set status = 'expired'
  where i.organization_id = p_organization_id and lower(i.email) = p_email and i.status in ('pending', 'awaiting_approval')
    and i.expires_at <= clock_timestamp();
  figures := private.team_excess(p_organization_id, true);
  code := case
    when v_actor_role is null or v_actor_role > 'member' or p_role < v_actor_role then 'forbidden'
    when v_actor_role > 'manager' and not v_organization.allow_member_invites then 'members_may_not_invite'
    when exists (select from public.users u where u.organization_id = p_organization_id and lower(u.email) = p_email and u.deleted_at is null)
      then 'already_member'
    when exists (select from public.invitations i where i.organization_id = p_organization_id and lower(i.email) = p_email
      and i.status in ('pending', 'awaiting_approval')) then 'open_invitation'
    when figures is not null then 'plan_limit_reached'
    else 'created'
  end;
  if code = 'created' then
    invitation_id := p_id;
    insert into public.invitations (id, organization_id, email, role, token_hash, status, invited_by, expires_at)
    values (p_id, p_organization_id, p_email, coalesce(p_role, greatest(v_organization.default_role, v_actor_role)), p_token_hash,
      case when v_organization.require_approval and v_actor_role > 'manager' then 'awaiting_approval' else 'pending' end::public.invitation_status,
      p_actor_id, clock_timestamp() + make_interval(secs => p_valid_seconds));
    if p_idempotency_key is not null then
      insert into public.idempotency_keys (organization_id, route, key, request_hash, resource_id)
      values (p_organization_id, v_route, p_idempotency_key, p_request_hash, p_id);
    end if;
    perform private.notice_invited(p_email);
    perform private.mail_invitation(p_id, p_sealed_link);
  end if;
  return next;
end
$$;

-- approve_invitation: lets an invitation that waits for it be accepted, from now on for its whole time.
-- takes:   the organization, who approves, the invitation, how long it is good.
-- returns: 'approved', or why not: 'not_found', 'forbidden', 'conflict' (it does not wait, or not any more).
-- locks:   the organization, then the invitation.
create function public.approve_invitation(p_organization_id uuid, p_actor_id uuid, p_id uuid, p_valid_seconds integer) returns text
language plpgsql set search_path = ''
as $$
declare
  v_actor_role public.user_role;
  v_invitation record;
begin
  perform from public.organizations o where o.id = p_organization_id for no key update;
  v_actor_role := private.acting_role(p_organization_id, p_actor_id);
  select i.role, i.email, i.status = 'awaiting_approval' and i.expires_at > clock_timestamp() as waits into v_invitation
  from public.invitations i where i.organization_id = p_organization_id and i.id = p_id for no key update;
  if not found then return 'not_found'; end if;
  if v_actor_role is null or v_actor_role > 'manager' or v_invitation.role < v_actor_role then return 'forbidden'; end if;
  if not v_invitation.waits then return 'conflict'; end if;
  update public.invitations i set status = 'pending', expires_at = clock_timestamp() + make_interval(secs => p_valid_seconds) where i.id = p_id;
  perform private.notice_invited(lower(v_invitation.email));
  perform private.mail_approved(p_id);
  return 'approved';
end
$$;

-- revoke_invitation: takes an invitation back; members only those that they have sent.
-- takes:   the organization, who revokes, the invitation.
-- returns: 'revoked', also when it was already; or why not: 'not_found', 'forbidden', 'conflict' (it has been accepted).
-- locks:   the organization, then the invitation.
create function public.revoke_invitation(p_organization_id uuid, p_actor_id uuid, p_id uuid) returns text
language plpgsql set search_path = ''
as $$
declare
  v_actor_role public.user_role;
  v_invitation record;
begin
  perform from public.organizations o where o.id = p_organization_id for no key update;
  v_actor_role := private.acting_role(p_organization_id, p_actor_id);
  select i.role, i.status, i.invited_by into v_invitation
  from public.invitations i where i.organization_id = p_organization_id and i.id = p_id for no key update;
  if not found then return 'not_found'; end if;
  if v_actor_role is null or v_invitation.role < v_actor_role
    or v_actor_role > 'manager' and v_invitation.invited_by is distinct from p_actor_id then return 'forbidden'; end if;
  if v_invitation.status = 'accepted' then return 'conflict'; end if;
  update public.invitations i set status = 'revoked' where i.id = p_id and i.status in ('pending', 'awaiting_approval');
  return 'revoked';
end
$$;

-- ties: what holds a person in the organization they are in: others in it, credits that were not the first gift, a
-- subscription, jobs under way, stored work. Empty when it can be given up without losing anything.
-- takes: the organization; the caller holds it and its account.
create function private.ties(p_organization_id uuid, p_user_id uuid) returns text[]
language plpgsql stable set search_path = ''
as $$
begin
  return array_remove(array[
    case when exists (select from public.users u where u.organization_id = p_organization_id and u.id <> p_user_id and u.deleted_at is null) then 'members' end,
    case when exists (select from public.credit_grants g where g.organization_id = p_organization_id and g.remaining > 0
      and not (g.source = 'bonus' and g.reference_type = 'plan')) then 'credits' end,
    case when exists (select from public.subscriptions s where s.organization_id = p_organization_id and s.status <> 'canceled') then 'subscription' end,
    case when exists (select from public.credit_balances b where b.organization_id = p_organization_id
      and (b.held > 0 or b.active_jobs > 0 or b.waiting_jobs > 0)) then 'jobs' end,
    case when exists (select from public.generations g where g.organization_id = p_organization_id and g.deleted_at is null) then 'generations' end,
    case when exists (select from public.projects p where p.organization_id = p_organization_id and p.deleted_at is null) then 'projects' end
  ], null);
end
$$;

-- accept_invitation: moves a person from their own empty organization, which is deleted, into the one that invites them.
-- takes:   the person and the token's SHA-256.
-- returns: code 'accepted'; or why not, and then nothing has changed: 'invitation_invalid' (no such token, used, revoked, expired,
--          or for another address), 'awaiting_approval', 'already_member', 'has_organization' with what holds them there,
--          'plan_limit_reached' with its figures.
-- locks:   both organizations by id, the account of the old one, the person, the invitation.
create function public.accept_invitation(p_user_id uuid, p_token_hash text)
returns table (code text, organization_id uuid, old_organization_id uuid, figures jsonb)
language plpgsql set search_path = ''
as $$
declare
  v_user record;
  v_invitation record;
  v_ties text[];
begin
  select u.organization_id into old_organization_id from public.users u where u.id = p_user_id;
  select i.organization_id into organization_id from public.invitations i where i.token_hash = p_token_hash;
  perform from public.organizations o where o.id in (old_organization_id, organization_id) order by o.id for no key update;
  perform from public.credit_balances b where b.organization_id = old_organization_id for no key update;
  select u.email into v_user from public.users u
  where u.id = p_user_id and u.organization_id = old_organization_id and u.is_active and u.deleted_at is null for no key update;
  select i.id, i.role, i.status into v_invitation from public.invitations i join public.organizations o on o.id = i.organization_id
  where i.token_hash = p_token_hash and lower(i.email) = lower(v_user.email) and i.status in ('pending', 'awaiting_approval')
    and i.expires_at > clock_timestamp() and o.is_active and o.deleted_at is null
  for no key update of i;
  if not found then
    code := 'invitation_invalid';
    return next;
    return;
  end if;
  v_ties := private.ties(old_organization_id, p_user_id);
  figures := private.team_excess(organization_id, false);
  code := case
    when v_invitation.status = 'awaiting_approval' then 'awaiting_approval'
    when old_organization_id = organization_id then 'already_member'
    when v_ties <> '{}' then 'has_organization'
    when figures is not null then 'plan_limit_reached'
    else 'accepted'
  end;
  if code = 'has_organization' then figures := jsonb_build_object('holds', v_ties); end if;
  if code = 'accepted' then
    perform private.remove_user(old_organization_id, p_user_id);
    perform private.close_organization(old_organization_id);
    update public.users u set organization_id = accept_invitation.organization_id, role = v_invitation.role, deleted_at = null, joined_at = now()
    where u.id = p_user_id;
    update public.invitations i set status = 'accepted', accepted_at = clock_timestamp() where i.id = v_invitation.id;
  end if;
  return next;
end
$$;

revoke execute on function private.notice_invited(text) from public, anon, authenticated;
revoke execute on function private.ties(uuid, uuid) from public, anon, authenticated;
revoke execute on function public.create_invitation(uuid, uuid, uuid, text, public.user_role, text, integer, text, text, bytea)
  from public, anon, authenticated;
revoke execute on function public.approve_invitation(uuid, uuid, uuid, integer) from public, anon, authenticated;
revoke execute on function public.revoke_invitation(uuid, uuid, uuid) from public, anon, authenticated;
revoke execute on function public.accept_invitation(uuid, text) from public, anon, authenticated;
