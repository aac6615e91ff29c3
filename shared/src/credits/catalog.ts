import type { PlanLimits } from '../contracts/accounts.ts';
import { planLimits } from '../contracts/accounts.ts';
import type { ModelContract } from '../contracts/models/model-contract.ts';
import { modelContracts } from '../contracts/models/model-registry.ts';
import type { Db } from '../db/database.ts';
import type { JobType, ModelStatus } from '../db/database.types.ts';
import type { Price } from './quote.ts';

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

  models(): readonly CatalogModel[] {
    return this.#snapshot.models;
  }

  /** By `provider/name` or an alias. */
  findModel(id: string): CatalogModel | undefined {
    return this.#snapshot.byName.get(id);
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
  const priceOf = new Map(prices.map((row) => [`${row.provider}/${row.model}/${row.operation}`, row]));
  const byName = new Map<string, CatalogModel>();
  const offered: CatalogModel[] = [];
  for (const row of models) {
    const id = `${row.provider}/${row.name}`;
    const contract = contracts.get(id) ?? null;
    // A row for a model that only a newer build can run is not offered by this one.
    if (!contract && row.status !== 'retired') continue;
    const price = priceOf.get(`${id}/${contract?.operation ?? 'generate'}`);
    const model: CatalogModel = {
      id,
      provider: row.provider,
      name: row.name,
      type: row.type,
      status: row.status,
      successor: row.successor,
      contract,
      price: price
        ? {
            credits: price.credits,
            ownKeyCredits: price.own_key_credits,
            costUsd: price.cost_usd,
            unit: price.unit,
            // Its shape is held by a CHECK constraint.
            multipliers: price.multipliers as Price['multipliers'],
          }
        : null,
    };
    offered.push(model);
    for (const name of [id, ...(contract?.aliases ?? [])]) byName.set(name, model);
  }
  return {
    models: offered,
    byName,
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
