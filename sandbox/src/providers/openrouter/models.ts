import type { TokenUsage } from '../provider.ts';

export interface RoutedModel {
  id: string;
  name: string;
  contextLength: number;
  created: number;
  /** In millionths of a millionth of a dollar, so that costs are whole numbers. */
  picodollarsPerTokenIn: number;
  picodollarsPerTokenOut: number;
}

const picodollars = 1e12;

export const routedModels: readonly RoutedModel[] = [
  {
    id: 'meta-llama/llama-4-maverick',
    name: 'Meta: Llama 4 Maverick',
    contextLength: 1_048_576,
    created: 1743881822,
    picodollarsPerTokenIn: 150_000,
    picodollarsPerTokenOut: 600_000,
  },
  {
    id: 'anthropic/claude-sonnet-4.5',
    name: 'Anthropic: Claude Sonnet 4.5',
    contextLength: 1_000_000,
    created: 1759161676,
    picodollarsPerTokenIn: 3_000_000,
    picodollarsPerTokenOut: 15_000_000,
  },
  {
    id: 'google/gemini-2.5-flash',
    name: 'Google: Gemini 2.5 Flash',
    contextLength: 1_048_576,
    created: 1750172488,
    picodollarsPerTokenIn: 300_000,
    picodollarsPerTokenOut: 2_500_000,
  },
];

/** The model of that id, if there is one. */
export function findRoutedModel(id: string): RoutedModel | undefined {
  return routedModels.find((model) => model.id === id);
}

/** What a call costs, in dollars. */
export function costOf(model: RoutedModel, { tokensIn, tokensOut }: TokenUsage): number {
  return (tokensIn * model.picodollarsPerTokenIn + tokensOut * model.picodollarsPerTokenOut) / picodollars;
}

/** A model as the list shows it, with prices for one token as decimals. */
export function presentModel(model: RoutedModel) {
  return {
    id: model.id,
    canonical_slug: model.id,
    name: model.name,
    description: `${model.name}, as the sandbox plays it.`,
    created: model.created,
    context_length: model.contextLength,
    architecture: {
      modality: 'text+image->text',
      input_modalities: ['text', 'image'],
      output_modalities: ['text'],
      tokenizer: 'Other',
      instruct_type: null,
    },
    pricing: { prompt: perToken(model.picodollarsPerTokenIn), completion: perToken(model.picodollarsPerTokenOut) },
    top_provider: { context_length: model.contextLength, max_completion_tokens: 64_000, is_moderated: false },
    per_request_limits: null,
    supported_parameters: [
      'max_tokens',
      'temperature',
      'top_p',
      'stop',
      'seed',
      'response_format',
      'structured_outputs',
    ],
    default_parameters: null,
    supported_voices: null,
    links: { details: `/api/v1/models/${model.id}/endpoints` },
  };
}

function perToken(price: number): string {
  return `0.${String(price).padStart(12, '0')}`.replace(/0+$/, '');
}
