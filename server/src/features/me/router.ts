import type { Endpoint } from '../../http/endpoint.ts';
import { deleteMe } from './delete-me.ts';
import { getMe } from './get-me.ts';
import { getMyCredits } from './get-my-credits.ts';
import { updateMe } from './update-me.ts';

export const me: readonly Endpoint[] = [getMe, updateMe, deleteMe, getMyCredits];
