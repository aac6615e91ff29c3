import type { Endpoint } from '../../http/endpoint.ts';
import { listVoices } from './list-voices.ts';

export const voices: readonly Endpoint[] = [listVoices];
