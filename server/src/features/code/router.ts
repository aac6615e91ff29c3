import type { Endpoint } from '../../http/endpoint.ts';
import { generateCode } from './generate-code.ts';
import { getCode } from './get-code.ts';

export const code: readonly Endpoint[] = [generateCode, getCode];
