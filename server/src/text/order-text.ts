import type { Catalog } from '@base/shared/credits/catalog';
import { ApiError } from '@base/shared/errors/api-error';
import { type AdmittedJob, admitJob } from '../admission/admit-job.ts';
import type { EndpointContext } from '../http/endpoint.ts';
import { hashRequest } from '../http/idempotency-key.ts';
import { invalidRequest } from '../http/parse-input.ts';
import type { Principal } from '../http/principal.ts';
import type { ChatMessage } from './chat-prompt.ts';

export interface TextOrder {
  /** The caller's choice. */
  model: string | undefined;
  /** Of the configuration, where the caller has not chosen. */
  defaultModel: string;
  messages: ChatMessage[];
  /** Where in the caller's body the messages come from; a problem with them is reported there. */
  pointer: `/${string}`;
  maxOutputTokens?: number | undefined;
  responseFormat?: Record<string, unknown>;
  projectId?: string | undefined;
}

/** Of the endpoint; its body is what an Idempotency-Key stands for, because what the model is told may change meanwhile. */
export type TextOrderContext = Pick<EndpointContext, 'body' | 'idempotencyKey' | 'requestId' | 'deps'> & {
  principal: Principal;
};

/**
 * Admits the job that writes a text, as POST /jobs would.
 * @throws ApiError what `admitJob` throws, with pointers into the caller's own body
 */
export async function orderText(order: TextOrder, { body, ...context }: TextOrderContext): Promise<AdmittedJob> {
  const { catalog } = context.deps;
  const model = order.model ?? currentModel(order.defaultModel, catalog);
  const type = catalog.findModel(model, null)?.type;
  if (type !== undefined && type !== 'text') {
    throw invalidRequest([{ pointer: '/model', detail: `makes ${type}: use a text model of GET /api/v1/models` }]);
  }
  const { messages, maxOutputTokens, responseFormat } = order;
  const input = {
    messages,
    ...(maxOutputTokens === undefined ? {} : { max_completion_tokens: maxOutputTokens }),
    ...(responseFormat === undefined ? {} : { response_format: responseFormat }),
  };
  try {
    const requestHash = context.idempotencyKey === null ? {} : { requestHash: hashRequest(body) };
    return await admitJob({ model, input, project_id: order.projectId }, { ...context, ...requestHash });
  } catch (error) {
    throw error instanceof ApiError && error.code === 'invalid_request' ? pointIntoBody(error, order.pointer) : error;
  }
}

/** The configured model or, when it has been retired, the one that follows it. */
function currentModel(configured: string, catalog: Catalog): string {
  const model = catalog.findModel(configured, null);
  return model?.status === 'retired' && model.successor !== null ? model.successor : configured;
}

/** The caller has not written the model's input, so a pointer into it would lead nowhere. */
function pointIntoBody(error: ApiError, pointer: string): ApiError {
  return invalidRequest(
    (error.errors ?? []).map((problem) => {
      if (problem.pointer.startsWith('/input/max_completion_tokens'))
        return { ...problem, pointer: '/max_output_tokens' };
      if (problem.pointer.startsWith('/input/messages')) return { ...problem, pointer };
      if (!problem.pointer.startsWith('/input')) return problem;
      return { pointer: '/model', detail: `cannot be used here: its ${problem.pointer.slice(1)} ${problem.detail}` };
    }),
  );
}
