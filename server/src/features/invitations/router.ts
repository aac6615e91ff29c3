import type { Endpoint } from '../../http/endpoint.ts';
import { acceptInvitation } from './accept-invitation.ts';
import { approveInvitation } from './approve-invitation.ts';
import { createInvitation } from './create-invitation.ts';
import { listInvitations } from './list-invitations.ts';
import { revokeInvitation } from './revoke-invitation.ts';

export const invitations: readonly Endpoint[] = [
  listInvitations,
  createInvitation,
  revokeInvitation,
  approveInvitation,
  acceptInvitation,
];
