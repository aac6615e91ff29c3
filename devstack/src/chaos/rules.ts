/** What must be true whatever has happened. */
export const rules = {
  ledger: 'verify_ledger() finds nothing',
  jobs_end: 'every job ends once the faults are over',
  orders_answered: 'every order gets a definite answer in the end',
  answers: 'no answer is a 500, nor anything else that was not to be expected',
  silence: 'no answer and no log line tells a key, an internal address or the words of a provider or driver',
  admitted_exists: 'every admitted job exists, and every job was ordered',
  one_key_one_job: 'the same idempotency key gives the same job',
  ends_are_final: 'the end that a customer saw is the end, and a job ends once',
  posts_recorded: 'every paid POST has an attempt of its own, on record before it was sent',
  billed_once: 'no provider bills twice for a job',
  bought: 'a completed job was bought from the provider that served it, by exactly one successful attempt',
  right_key: 'a job is paid for with the key that it was admitted for',
  waste_recorded: 'what was billed without a result is on record as a cost',
  failed_is_free: 'a failed or canceled job costs nothing',
  balances: 'what was granted, less what the customers were told they paid, is what they have',
  outputs_open: 'outputs of completed jobs open, with as many bytes as the job says',
  processes: 'no process ends unasked, and each drains in its time',
} as const;

export type Rule = keyof typeof rules;

const evidenceCharactersMax = 1_200;

/** What was found to be otherwise, with evidence. */
export class Violations {
  readonly #found = new Map<Rule, string[]>();

  add(rule: Rule, evidence: string): void {
    const list = this.#found.get(rule) ?? [];
    list.push(evidence.slice(0, evidenceCharactersMax));
    this.#found.set(rule, list);
  }

  of(rule: Rule): readonly string[] {
    return this.#found.get(rule) ?? [];
  }

  get count(): number {
    return [...this.#found.values()].reduce((sum, list) => sum + list.length, 0);
  }
}
