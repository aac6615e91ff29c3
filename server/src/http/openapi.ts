import { problem } from '@base/shared/contracts/wire';
import { type ErrorCode, errorTable } from '@base/shared/errors/error-table';
import * as z from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import type { Endpoint } from './endpoint.ts';
import { describePermission } from './permissions.ts';

const idempotencyHeader = z.object({
  'Idempotency-Key': z.string().min(1).max(255).optional().meta({
    description: 'Makes the call safe to repeat: the same key and body give the first answer again.',
  }),
});

/** Endpoints and the path they are mounted at. */
export interface MountedEndpoints {
  prefix: string;
  endpoints: readonly Endpoint[];
}

/** The OpenAPI 3.1 document of the endpoints, made of the schemas that validate. */
export function buildOpenApi(
  mounted: readonly MountedEndpoints[],
  publicUrl: string,
): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {};
  for (const { prefix, endpoints } of mounted) {
    for (const endpoint of endpoints) {
      const path = prefix + endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
      paths[path] = { ...paths[path], [endpoint.method]: describeOperation(endpoint) };
    }
  }
  const tags = new Set(mounted.flatMap(({ endpoints }) => endpoints.map((endpoint) => endpoint.tag)));
  return createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'BASE API',
        version: '1',
        description:
          'Images, videos, audio and text for organizations, paid with credits. Errors are RFC 9457 problem details ' +
          `with a stable \`code\`: see [the list](${publicUrl}/api/docs/errors).`,
      },
      servers: [{ url: publicUrl }],
      tags: [...tags].map((name) => ({ name })),
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'A session token or an API key.' },
          api_key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          event_token: {
            type: 'apiKey',
            in: 'query',
            name: 'token',
            description:
              'From POST /event-tokens: opens an event stream within 60 seconds, for clients that cannot send headers.',
          },
        },
      },
      paths,
    },
    {
      // The pattern of a UUID or a time says less than its format, at ten times the length.
      override: ({ jsonSchema }) => {
        if (jsonSchema.format === 'uuid' || jsonSchema.format === 'date-time') delete jsonSchema.pattern;
      },
    },
  );
}

function describeOperation(endpoint: Endpoint): ZodOpenApiOperationObject {
  const { access, params, query, headers, body } = endpoint;
  const permission = access === 'public' ? null : typeof access === 'string' ? access : access.optional;
  const notes = [endpoint.description, permission === null ? 'Open to everyone.' : describePermission(permission)];
  const own = headers instanceof z.ZodObject ? headers : z.object({});
  const header = endpoint.idempotent === true ? idempotencyHeader.extend(own.shape) : headers;
  return {
    operationId: nameOperation(endpoint),
    tags: [endpoint.tag],
    summary: endpoint.summary,
    description: notes.filter((note) => note !== undefined).join('\n\n'),
    security: permission === null ? [] : waysIn(endpoint),
    requestParams: {
      ...(params instanceof z.ZodObject ? { path: params } : {}),
      ...(query instanceof z.ZodObject ? { query } : {}),
      ...(header instanceof z.ZodObject ? { header } : {}),
    },
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { ...describeResponses(endpoint), ...describeErrors(endpoint) },
  };
}

/** The schemes of which one is enough; an empty one says that none is needed. */
function waysIn({ access, eventToken }: Endpoint): Record<string, string[]>[] {
  return [
    { bearer: [] },
    { api_key: [] },
    ...(eventToken === true ? [{ event_token: [] }] : []),
    ...(typeof access === 'object' ? [{}] : []),
  ];
}

function describeResponses(endpoint: Endpoint): ZodOpenApiResponsesObject {
  const responses: ZodOpenApiResponsesObject = {};
  for (const [status, declared] of Object.entries(endpoint.responses)) {
    const headers = Object.entries(declared.headers ?? {}).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' as const } },
    ]);
    responses[toStatus(status)] = {
      description: declared.description,
      ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
      ...(declared.body === undefined && declared.contentType === undefined
        ? {}
        : {
            content: {
              [declared.contentType ?? 'application/json']: { schema: declared.body ?? { type: 'string' as const } },
              ...(endpoint.csv !== undefined && status === '200'
                ? { 'text/csv': { schema: { type: 'string' as const, description: endpoint.csv.columns.join(',') } } }
                : {}),
            },
          }),
    };
  }
  return responses;
}

function describeErrors(endpoint: Endpoint): ZodOpenApiResponsesObject {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorCodesOf(endpoint)) {
    const { status } = errorTable[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses: ZodOpenApiResponsesObject = {};
  for (const [status, codes] of byStatus) {
    responses[toStatus(String(status))] = {
      description: codes.map((code) => `\`${code}\`: ${errorTable[code].title}.`).join(' '),
      content: { 'application/problem+json': { schema: problem } },
    };
  }
  return responses;
}

/** Every code the endpoint can answer: those that follow from its declaration, and those it names itself. */
export function errorCodesOf(endpoint: Endpoint): ErrorCode[] {
  const isOpen = endpoint.access === 'public';
  const hasId = endpoint.path.includes(':');
  return [
    ...new Set<ErrorCode>([
      ...(isOpen ? [] : (['unauthenticated', 'account_inactive', 'organization_inactive', 'forbidden'] as const)),
      ...(hasId ? (['not_found'] as const) : []),
      ...(endpoint.body === undefined
        ? []
        : (['malformed_json', 'malformed_request', 'payload_too_large', 'unsupported_media_type'] as const)),
      'invalid_request',
      'rate_limited',
      ...(endpoint.errors ?? []),
      'internal_error',
      'service_unavailable',
    ]),
  ];
}

function nameOperation({ method, path }: Endpoint): string {
  const words = path.split(/[/\-:]/).filter((word) => word !== '');
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** OpenAPI's keys for statuses have a literal type. */
function toStatus(status: string): `${1 | 2 | 3 | 4 | 5}${string}` {
  return status as `${1 | 2 | 3 | 4 | 5}${string}`; // statuses are three digits, the first from 1 to 5
}
