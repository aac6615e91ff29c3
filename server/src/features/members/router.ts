import type { Endpoint } from '../../http/endpoint.ts';
import { getMember } from './get-member.ts';
import { listMembers } from './list-members.ts';
import { removeMember } from './remove-member.ts';
import { transferOwnership } from './transfer-ownership.ts';
import { updateMember } from './update-member.ts';

export const members: readonly Endpoint[] = [listMembers, getMember, updateMember, removeMember, transferOwnership];
