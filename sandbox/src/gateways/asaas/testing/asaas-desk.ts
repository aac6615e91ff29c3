import { startTestSandbox } from '../../../testing/test-sandbox.ts';

/** The fields of answers and events that tests look into. Which of them an answer has, its test knows. */
export interface Fields {
  id: string;
  object: string;
  status: string;
  value: number;
  netValue: number;
  deleted: boolean;
  customer: string;
  subscription?: string | null;
  checkoutSession?: string | null;
  billingType: string;
  dueDate: string;
  nextDueDate: string;
  dateCreated: string;
  confirmedDate: string | null;
  paymentDate: string | null;
  creditDate: string | null;
  invoiceUrl: string;
  link: string;
  externalReference: string | null;
  refunds: { value: number; status: string }[] | null;
  chargeback?: { status: string } | null;
  creditCard?: { creditCardToken: string } | null;
  cpfCnpj: string;
  encodedImage: string;
  payload: string;
  expirationDate: string;
  identificationField: string;
  barCode: string;
  interrupted: boolean;
  penalizedRequestsCount: number;
  errors: { code: string; description: string }[];
  hasMore: boolean;
  totalCount: number;
  data: Fields[];
}

export interface Answer {
  status: number;
  json: Fields;
}

export interface TakenEvent {
  event_id: string;
  headers: Record<string, string>;
  body: string;
  event: { id: string; event: string; dateCreated: string; payment?: Fields; subscription?: Fields; checkout?: Fields };
}

export type AsaasDesk = Awaited<ReturnType<typeof openDesk>>;

/** A Monday, noon in Brazil. */
export const start = '2030-03-04T15:00:00Z';
const headers = { access_token: '$aact_hmlg_tests', 'user-agent': 'base-tests', 'content-type': 'application/json' };

/** A sandbox of its own whose clock stands at `start`: what a merchant sends, what payers do, and what time brings. */
export async function openDesk() {
  const sandbox = await startTestSandbox();
  const ask = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(sandbox.url + path, { method, headers, ...text });
    return { status: answer.status, json: (await answer.json()) as Fields }; // A wrong shape fails the assertions that look into it.
  };
  const api = (method: string, path: string, body?: unknown) => ask(method, `/asaas/v3${path}`, body);
  const desk = {
    url: sandbox.url,
    close: sandbox.close,
    api,
    /** What goes on outside the API. */
    act: (path: string, body: unknown = {}) => ask('POST', `/_sandbox/asaas${path}`, body),
    set: (path: string, body: unknown) => ask('PUT', `/_sandbox/asaas${path}`, body),
    advance: (now: string) => ask('PUT', '/_sandbox/clock', { now }),
    async take(contains = ''): Promise<TakenEvent[]> {
      const answer = await fetch(`${sandbox.url}/_sandbox/asaas/outbox?contains=${encodeURIComponent(contains)}`);
      const events = (await answer.json()) as Omit<TakenEvent, 'event'>[];
      return events.map((event) => ({ ...event, event: JSON.parse(event.body) }));
    },
    /** The names of the events since the last time, oldest first. */
    async names(): Promise<string[]> {
      return (await desk.take()).map(({ event }) => event.event);
    },
    async customer(): Promise<string> {
      const { json } = await api('POST', '/customers', { name: 'Ana', cpfCnpj: '529.982.247-25' });
      return json.id;
    },
    /** A payment of a customer of its own, due in four days. */
    async payment(fields: Record<string, unknown> = {}): Promise<Fields> {
      const customer = fields.customer ?? (await desk.customer());
      const order = { customer, billingType: 'PIX', value: 19.9, dueDate: '2030-03-08', ...fields };
      return (await api('POST', '/payments', order)).json;
    },
  };
  await desk.advance(start);
  return desk;
}
