/** What a plain bookkeeper would write down for one account, kept beside the database and knowing nothing of it. */

export interface Lot {
  source: 'purchase' | 'subscription' | 'bonus' | 'adjustment' | 'refund';
  /** The payment it came with. */
  payment: string | null;
  left: number;
  /** In milliseconds; infinity for what lasts. */
  endsAt: number;
}

interface Claim {
  cents: number;
  isActive: boolean;
  asOf: number;
}

interface PaymentNote {
  credits: number;
  cents: number;
  endsAt: number;
  taken: number;
  claims: Map<string, Claim>;
}

export interface Books {
  lots: Lot[];
  debts: { payment: string; owed: number }[];
  jobs: Map<string, number>;
  payments: Map<string, PaymentNote>;
  /** Credits of the free plan for a month, and how many a month may leave to the next. */
  plan: { monthly: number; carryOver: number };
  carried: Map<number, number>;
  anchor: number;
  monthStart: number;
  monthEnd: number;
  images: number;
  used: number;
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, value) => total + value, 0);

export const balanceOf = (books: Books): number => sum(books.lots.map((lot) => lot.left));
export const heldOf = (books: Books): number => sum(books.jobs.values());
export const debtOf = (books: Books): number => sum(books.debts.map((debt) => debt.owed));
export const availableOf = (books: Books): number => balanceOf(books) - heldOf(books);

/** In spending order; lots that end together go as they came. */
export const inOrder = (books: Books): Lot[] =>
  books.lots.filter((lot) => lot.left > 0).sort((a, b) => (a.endsAt === b.endsAt ? 0 : a.endsAt - b.endsAt));

/** The same day and time so many months later, or the month's last day. */
export function addMonths(from: number, months: number): number {
  const date = new Date(from);
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0)).getUTCDate();
  const time = from - Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return first + (Math.min(date.getUTCDate(), last) - 1) * 86_400_000 + time;
}

function monthOf(anchor: number, at: number): { start: number; end: number } {
  let month = 0;
  while (addMonths(anchor, month + 1) <= at) month += 1;
  return { start: addMonths(anchor, month), end: addMonths(anchor, month + 1) };
}

export function openBooks(anchor: number, plan: Books['plan']): Books {
  const month = monthOf(anchor, anchor);
  return {
    lots: [],
    debts: [],
    jobs: new Map(),
    payments: new Map(),
    plan,
    carried: new Map(),
    anchor,
    monthStart: month.start,
    monthEnd: month.end,
    images: 0,
    used: 0,
  };
}

function take(lots: Lot[], credits: number): number {
  let missing = credits;
  for (const lot of lots) {
    const part = Math.min(lot.left, missing);
    lot.left -= part;
    missing -= part;
  }
  return credits - missing;
}

function payDebts(books: Books): void {
  for (const debt of books.debts) debt.owed -= take(inOrder(books), Math.min(debt.owed, availableOf(books)));
}

function add(books: Books, lot: Lot): void {
  if (lot.left === 0) return;
  books.lots.push(lot);
  payDebts(books);
}

export function notePayment(
  books: Books,
  id: string,
  payment: Pick<PaymentNote, 'credits' | 'cents' | 'endsAt'>,
): 'granted' | 'replayed' {
  if (books.payments.has(id)) return 'replayed';
  books.payments.set(id, { ...payment, taken: 0, claims: new Map() });
  const source = payment.endsAt === Number.POSITIVE_INFINITY ? 'purchase' : 'subscription';
  add(books, { source, payment: id, left: payment.credits, endsAt: payment.endsAt });
  return 'granted';
}

export function noteClaim(books: Books, id: string, name: string, claim: Claim): 'applied' | 'unchanged' | 'stale' {
  const payment = books.payments.get(id);
  if (!payment) throw new Error('no payment');
  const before = payment.claims.get(name);
  if (before && before.asOf > claim.asOf) return 'stale';
  payment.claims.set(name, claim);
  if (before && before.cents === claim.cents && before.isActive === claim.isActive) return 'unchanged';
  const claimed = sum([...payment.claims.values()].filter((one) => one.isActive).map((one) => one.cents));
  const target = Math.floor((payment.credits * Math.min(claimed, payment.cents)) / payment.cents);
  const more = target - payment.taken;
  payment.taken = target;
  if (more > 0) {
    const own = books.lots.filter((lot) => lot.payment === id);
    const now = Math.min(more, availableOf(books));
    take(inOrder(books), now - take(own, now));
    books.debts.push({ payment: id, owed: more - now });
  } else if (more < 0) {
    let back = -more;
    for (const debt of books.debts.filter((one) => one.payment === id).reverse()) {
      const part = Math.min(debt.owed, back);
      debt.owed -= part;
      back -= part;
    }
    add(books, { source: 'refund', payment: null, left: back, endsAt: payment.endsAt });
  }
  return 'applied';
}

export function noteOrder(books: Books, id: string, credits: number): string {
  if (debtOf(books) > 0) return 'credits_owed';
  if (availableOf(books) < credits) return balanceOf(books) >= credits ? 'credits_on_hold' : 'insufficient_credits';
  books.jobs.set(id, credits);
  books.images += 1;
  return 'admitted';
}

/** @param charge null when there is no result. */
export function noteEnd(books: Books, id: string, charge: number | null): void {
  const held = books.jobs.get(id) ?? 0;
  books.jobs.delete(id);
  if (charge === null) books.images = Math.max(0, books.images - 1);
  else books.used += take(inOrder(books), Math.min(held, charge));
}

function expire(books: Books, now: number): void {
  let onHold = heldOf(books);
  let leftOver = 0;
  for (const lot of inOrder(books).filter((one) => one.endsAt <= now)) {
    const kept = Math.min(lot.left, onHold);
    onHold -= kept;
    if (lot.source === 'subscription') leftOver += lot.left - kept;
    lot.left = kept;
  }
  const month = monthOf(books.anchor, now + 86_400_000);
  const carried = books.carried.get(month.start) ?? 0;
  const part = Math.min(leftOver, books.plan.carryOver - carried);
  books.carried.set(month.start, carried + part);
  add(books, { source: 'adjustment', payment: null, left: part, endsAt: month.end });
}

export function noteTime(books: Books, now: number): void {
  payDebts(books);
  if (books.monthEnd <= now) {
    expire(books, now);
    const month = monthOf(books.anchor, now);
    add(books, { source: 'bonus', payment: null, left: books.plan.monthly, endsAt: month.end });
    books.monthStart = month.start;
    books.monthEnd = month.end;
    books.images = books.jobs.size;
    books.used = 0;
  }
  expire(books, now);
}
