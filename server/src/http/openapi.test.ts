import { errorTable } from '@base/shared/errors/error-table';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mounted } from '../app.ts';
import { startApi, type TestApi } from '../testing/start-api.ts';
import { buildOpenApi } from './openapi.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

interface Operation {
  operationId: string;
  tags: string[];
  responses: Record<string, unknown>;
  parameters?: { name: string; in: string; required?: boolean }[];
}

const operations = Object.entries(buildOpenApi(mounted, 'http://api.test').paths ?? {}).flatMap(
  ([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })), // one entry per method
);

it('lists every endpoint once, under a name of its own', () => {
  const declared = mounted.flatMap(({ prefix, endpoints }) =>
    endpoints.map(({ method, path }) => `${method} ${prefix}${path.replaceAll(/:(\w+)/g, '{$1}')}`),
  );
  expect(new Set(declared).size).toBe(declared.length);
  expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(declared.sort());
  const names = operations.map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
});

it('declares every path parameter, and answers beside errors', () => {
  for (const { path, operation } of operations) {
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    expect(declared.map((parameter) => parameter.name)).toEqual(wanted);
    expect(declared.every((parameter) => parameter.required)).toBe(true);
    expect(Object.keys(operation.responses).some((status) => /^[23]/.test(status))).toBe(true);
    expect(operation.responses).toHaveProperty('500');
  }
});

it('is served as JSON with references that resolve and schemas that compile', async () => {
  const { status, body, headers } = await api.call('GET', '/api/openapi.json');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toContain('application/json');
  expect(body.openapi).toBe('3.1.1');
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...body, $id: 'api' });
  const references = [...JSON.stringify(body).matchAll(/"\$ref":"(#[^"]+)"/g)].map(([, reference]) => reference);
  expect(references.length).toBeGreaterThan(20);
  for (const reference of new Set(references))
    expect(ajv.getSchema(`api${reference}`), reference).toBeTypeOf('function');
});

it('serves a reference page whose parts all come from here', async () => {
  const page = await api.call('GET', '/api/docs');
  expect(page.status).toBe(200);
  expect(page.text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  expect(page.text).not.toMatch(/<script>|\son\w+=/);
  const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => part ?? '');
  expect(parts.length).toBe(4);
  for (const part of parts) expect((await api.call('GET', part)).status, part).toBe(200);
  expect(page.headers.get('content-security-policy')).not.toContain('http');
});

it('serves a page with every error code, where problems point', async () => {
  const page = await api.call('GET', '/api/docs/errors');
  expect(page.status).toBe(200);
  for (const [code, { status }] of Object.entries(errorTable)) {
    const section = page.text.split(`<section id="${code}">`)[1]?.split('</section>')[0] ?? '';
    expect(section, code).toContain(String(status));
    expect(section, code).toMatch(/<p>.+<\/p>/);
  }
});
