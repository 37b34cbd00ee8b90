import { Injectable } from '@nestjs/common';
import { costOf, priceStatement, usageOf } from '../../libs/protocol/index.js';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';
import {
  Adjustments,
  type Adjustment,
  type AdjustmentScope,
  type NewCharge,
  type RatedRecord,
  type RecordPosition,
} from '../ledger/adjustment.repository.js';
import { priceId } from '../ledger/price-statement.js';
import { isKnownPrice, Prices } from '../registry/prices.service.js';
import { Registry } from '../registry/registry.service.js';
import type { ModelEntry, ProviderEntry } from '../registry/snapshot.js';

export interface ReRatingRequest extends AdjustmentScope {
  /** Say what would change, write nothing. */
  dryRun: boolean;
  /** Stop after the batch in which this much time has passed; `null`: go on to the end. */
  timeLimitMs: number | null;
}

/** What the corrected prices changed, or would change. */
export interface ReRatingReport {
  runId: string;
  dryRun: boolean;
  /** Records looked at. */
  records: number;
  adjusted: number;
  /** Records without a known price today; left at what they were charged. */
  unpriced: number;
  differenceNano: bigint;
  /** The largest difference first; `projectId` `null`: calls of no project. */
  projects: { projectId: string | null; orgId: string | null; records: number; differenceNano: bigint }[];
  /** Epoch ms to begin again from where time ran out; `null`: all is done. */
  resumeFromMs: number | null;
}

/** Charges calls what the prices of today say about the moment they began: for prices that were set late or wrong. */
@Injectable()
export class ReRating {
  constructor(
    private readonly adjustments: Adjustments,
    private readonly prices: Prices,
    private readonly registry: Registry,
  ) {}

  async run(request: ReRatingRequest, nowMs: () => number = Date.now): Promise<ReRatingReport> {
    const beganAtMs = nowMs();
    const run = { runId: uuidv7(beganAtMs), nowMs: beganAtMs, dryRun: request.dryRun };
    const sum = new Summary();
    let after: RecordPosition | null = null;
    let resumeFromMs: number | null = null;
    const models = new Map<string, ModelEntry>();
    do {
      const batch = await this.adjustments.adjustBatch(run, request, after, (record) => this.chargeFor(record, models));
      sum.add(batch);
      after = batch.next;
      const isLate = request.timeLimitMs !== null && nowMs() - beganAtMs >= request.timeLimitMs;
      if (isLate && after !== null) {
        // The last record is looked at again, and found to be right.
        resumeFromMs = Date.parse(after.startedAt);
        break;
      }
    } while (after !== null);
    return { ...run, ...sum.report(), resumeFromMs };
  }

  /** A price that only the policy for unknown ones gives is no reason to change one that somebody had written down. */
  private chargeFor(record: RatedRecord, models: Map<string, ModelEntry>): NewCharge | null {
    const provider = this.providerOf(record);
    if (provider === undefined || record.upstream_model === null) return null;
    const card = this.prices.priceAt(
      modelNamed(record.upstream_model, models),
      provider,
      Date.parse(record.started_at),
    );
    const wasKnown = record.price_source === 'own' || record.price_source === 'published';
    if (card.source === 'unknown' || (wasKnown && !isKnownPrice(card))) return null;
    const usage = usageOf({
      ...record.usage_details,
      promptTokens: record.prompt_tokens,
      completionTokens: record.completion_tokens,
      cachedTokens: record.cached_tokens,
      reasoningTokens: record.reasoning_tokens,
    });
    const statement = priceStatement(card, usage.promptTokens);
    return { nanoDollars: BigInt(costOf(usage, card)), priceId: priceId(statement), statement };
  }

  /** `undefined`: there is none of that name any more, so nobody can say what it charged. */
  private providerOf({ provider }: RatedRecord): ProviderEntry | null | undefined {
    if (provider === null) return null;
    return this.registry.current().providers.get(provider) ?? (provider === NO_PROVIDER ? null : undefined);
  }
}

/** What the records of backends without a provider name instead. */
const NO_PROVIDER = 'openai-compatible';

class Summary {
  private records = 0;
  private adjusted = 0;
  private unpriced = 0;
  private total = 0n;
  private readonly projects = new Map<string | null, ReRatingReport['projects'][number]>();

  add(batch: { read: number; unpriced: number; adjustments: readonly Adjustment[] }): void {
    this.records += batch.read;
    this.unpriced += batch.unpriced;
    this.adjusted += batch.adjustments.length;
    for (const { record, differenceNano } of batch.adjustments) {
      this.total += differenceNano;
      const { project_id: projectId, org_id: orgId } = record;
      const project = this.projects.get(projectId) ?? { projectId, orgId, records: 0, differenceNano: 0n };
      project.records += 1;
      project.differenceNano += differenceNano;
      this.projects.set(projectId, project);
    }
  }

  report(): Omit<ReRatingReport, 'runId' | 'dryRun' | 'resumeFromMs'> {
    const size = (nano: bigint): bigint => (nano < 0n ? -nano : nano);
    const projects = [...this.projects.values()].sort((a, b) =>
      size(a.differenceNano) > size(b.differenceNano) ? -1 : 1,
    );
    const { records, adjusted, unpriced } = this;
    return { records, adjusted, unpriced, differenceNano: this.total, projects };
  }
}

const MAX_MODELS = 10_000;

/** A model of this upstream name, which is all a price is found by; the catalogue may have it no more, or under another name. */
function modelNamed(upstreamModel: string, models: Map<string, ModelEntry>): ModelEntry {
  let model = models.get(upstreamModel);
  if (model === undefined) {
    if (models.size >= MAX_MODELS) models.clear();
    model = { ...NAMELESS, upstreamModel };
    models.set(upstreamModel, model);
  }
  return model;
}

const NAMELESS: ModelEntry = {
  id: '',
  name: '',
  upstreamModel: '',
  defaultParams: {},
  enableThinking: null,
  systemPrefix: null,
  rewriteModelName: false,
  rpmLimit: null,
  tpmLimit: null,
  concurrencyLimit: null,
  maxOutputTokens: null,
  contextWindow: null,
  timeouts: {},
  createdAtSeconds: 0,
  backends: [],
};
