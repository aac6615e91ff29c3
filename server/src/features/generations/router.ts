import type { Endpoint } from '../../http/endpoint.ts';
import { deleteGeneration } from './delete-generation.ts';
import { getGeneration } from './get-generation.ts';
import { getGenerationContent } from './get-generation-content.ts';
import { listGenerations } from './list-generations.ts';
import { updateGeneration } from './update-generation.ts';

export const generations: readonly Endpoint[] = [
  listGenerations,
  getGeneration,
  updateGeneration,
  deleteGeneration,
  getGenerationContent,
];
