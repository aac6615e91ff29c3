import type { Selectable } from 'kysely';
import type { PlanLimits } from '../contracts/accounts.ts';
import { planLimits } from '../contracts/accounts.ts';
import type { ModelContract } from '../contracts/models/model-contract.ts';
import { modelContracts } from '../contracts/models/model-registry.ts';
import type { Db } from '../db/database.ts';
import type { JobType, ModelStatus, Pricing as PricingTable } from '../db/database.types.ts';
import type { Price } from './quote.ts';

type Pricing = Selectable<PricingTable>;

export interface CatalogModel {
  id: string;
  provider: string;
  name: string;
  type: JobType;
  status: ModelStatus;
  successor: string | null;
  /** Null for a retired model that this build no longer runs. */
  contract: ModelContract | null;
  /** Null when nobody has set a price: then it cannot be called. */
  price: Price | null;
}

export interface CatalogPlan {
  id: string;
  name: string;
  priceMonthCents: number | null;
  priceYearCents: number | null;
  monthlyCredits: number;
  limits: PlanLimits;
  features: string[];
}

interface Snapshot {
  models: CatalogModel[];
  byName: Map<string, CatalogModel>;
  /** Models at prices by contract: organization → id → model. */
  byContract: Map<string, Map<string, CatalogModel>>;
  plans: CatalogPlan[];
}

/** Plans, models and prices, kept in memory: quoting must not cost a round trip. `refresh` follows changes. */
export class Catalog {
  readonly #db: Db;
  #snapshot: Snapshot;

  private constructor(db: Db, snapshot: Snapshot) {
    this.#db = db;
    this.#snapshot = snapshot;
  }

  static async load(db: Db): Promise<Catalog> {
    return new Catalog(db, await read(db));
  }

  async refresh(): Promise<void> {
    this.#snapshot = await read(this.#db);
  }

  /** All models, at the prices of the organization where it has its own; null: the general ones. */
  models(organizationId: string | null): readonly CatalogModel[] {
    const own = this.#snapshot.byContract.get(organizationId ?? '');
    return own === undefined ? this.#snapshot.models : this.#snapshot.models.map((model) => own.get(model.id) ?? model);
  }

  /** By `provider/name` or an alias, at the price of the organization where it has its own. */
  findModel(id: string, organizationId: string | null): CatalogModel | undefined {
    const model = this.#snapshot.byName.get(id);
    return model && (this.#snapshot.byContract.get(organizationId ?? '')?.get(model.id) ?? model);
  }

  plans(): readonly CatalogPlan[] {
    return this.#snapshot.plans;
  }
}

async function read(db: Db): Promise<Snapshot> {
  const [models, prices, plans] = await Promise.all([
    db.selectFrom('models').selectAll().orderBy('provider').orderBy('name').execute(),
    db.selectFrom('pricing').selectAll().where('is_active', '=', true).execute(),
    db.selectFrom('plans').selectAll().where('is_public', '=', true).orderBy('sort_order').execute(),
  ]);
  const contracts = new Map(modelContracts.map((contract) => [contract.id, contract]));
  const keyOf = (row: Pricing): string => `${row.provider}/${row.model}/${row.operation}`;
  const general = new Map(prices.filter((row) => row.organization_id === null).map((row) => [keyOf(row), row]));
  const byName = new Map<string, CatalogModel>();
  const offered: CatalogModel[] = [];
  for (const row of models) {
    const id = `${row.provider}/${row.name}`;
    const contract = contracts.get(id) ?? null;
    // A row for a model that only a newer build can run is not offered by this one.
    if (!contract && row.status !== 'retired') continue;
    const price = general.get(`${id}/${contract?.operation ?? 'generate'}`);
    const model: CatalogModel = {
      id,
      provider: row.provider,
      name: row.name,
      type: row.type,
      status: row.status,
      successor: row.successor,
      contract,
      price: price ? toPrice(price) : null,
    };
    offered.push(model);
    for (const name of [id, ...(contract?.aliases ?? [])]) byName.set(name, model);
  }
  return {
    models: offered,
    byName,
    byContract: readContracts(prices, byName),
    plans: plans.map((row) => ({
      id: row.id,
      name: row.name,
      priceMonthCents: row.price_month_cents,
      priceYearCents: row.price_year_cents,
      monthlyCredits: row.monthly_credits,
      limits: planLimits.parse(row.limits),
      features: row.features,
    })),
  };
}

function toPrice(row: Pricing): Price {
  return {
    credits: row.credits,
    ownKeyCredits: row.own_key_credits,
    costUsd: row.cost_usd,
    unit: row.unit,
    // Its shape is held by a CHECK constraint.
    multipliers: row.multipliers as Price['multipliers'],
  };
}

function readContracts(
  prices: readonly Pricing[],
  byName: ReadonlyMap<string, CatalogModel>,
): Map<string, Map<string, CatalogModel>> {
  const byContract = new Map<string, Map<string, CatalogModel>>();
  for (const row of prices) {
    const model = byName.get(`${row.provider}/${row.model}`);
    if (row.organization_id === null || model?.contract?.operation !== row.operation) continue;
    const own = byContract.get(row.organization_id) ?? new Map<string, CatalogModel>();
    byContract.set(row.organization_id, own.set(model.id, { ...model, price: toPrice(row) }));
  }
  return byContract;
}
