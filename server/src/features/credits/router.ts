import type { Endpoint } from '../../http/endpoint.ts';
import { getCredits } from './get-credits.ts';
import { listHolds } from './list-holds.ts';
import { listTransactions } from './list-transactions.ts';

export const credits: readonly Endpoint[] = [getCredits, listTransactions, listHolds];
