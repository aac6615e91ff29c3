export type StripeErrorType = 'invalid_request_error' | 'idempotency_error' | 'card_error' | 'api_error';

interface StripeErrorFields {
  status?: number;
  type?: StripeErrorType;
  code?: string;
  param?: string | undefined;
  /** What else Stripe puts into the error: `decline_code`, `payment_intent` … */
  extra?: Record<string, unknown>;
}

/** An answer other than 200, as Stripe words it. */
export class StripeError extends Error {
  readonly status: number;
  readonly body: { error: Record<string, unknown> };

  constructor(message: string, fields: StripeErrorFields = {}) {
    super(message);
    this.status = fields.status ?? 400;
    this.body = {
      error: {
        type: fields.type ?? 'invalid_request_error',
        message,
        ...(fields.code !== undefined && {
          code: fields.code,
          doc_url: `https://stripe.com/docs/error-codes/${fields.code.replaceAll('_', '-')}`,
        }),
        ...(fields.param !== undefined && { param: fields.param }),
        ...fields.extra,
      },
    };
  }
}

/** 404 for what the path names, 400 for what a parameter names. */
export function noSuch(kind: string, id: string, param = 'id'): StripeError {
  return new StripeError(`No such ${kind}: '${id}'`, {
    status: param === 'id' ? 404 : 400,
    code: 'resource_missing',
    param,
  });
}
