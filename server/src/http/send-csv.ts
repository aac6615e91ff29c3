import { stringify } from 'csv-stringify/sync';
import type { Request, Response } from 'express';
import type { CsvDeclaration } from './endpoint.ts';

/** Sends an answer as CSV (RFC 4180), with the address of the next page, if there is one, in `Link`. */
export function sendCsv(csv: CsvDeclaration, body: unknown, request: Request, response: Response): void {
  // The declaration stands beside the schema that the body was made for.
  const rows = csv.rows(body as never);
  const next = typeof body === 'object' && body !== null && 'next_cursor' in body ? body.next_cursor : null;
  if (typeof next === 'string') {
    const url = new URL(request.originalUrl, 'http://host');
    url.searchParams.set('cursor', next);
    response.setHeader('Link', `<${url.pathname}${url.search}>; rel="next"`);
  }
  response.setHeader('Content-Type', 'text/csv; charset=utf-8; header=present');
  // What begins like a formula is not run by a spreadsheet.
  response.end(
    stringify(rows, { header: true, columns: [...csv.columns], escape_formulas: true, record_delimiter: 'windows' }),
  );
}
