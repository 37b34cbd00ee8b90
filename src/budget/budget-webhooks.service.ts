import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { usdText } from '../../libs/protocol/index.js';
import { WebhookClient } from '../infra/http/webhook-client.js';
import { Organisations } from '../tenancy/organisations.service.js';
import { BudgetEventRepository, type DueEvent } from './budget-event.repository.js';

/** Events taken on at a time; each is sent at once. */
const BATCH = 20;
/** Besides being told, events of replicas that died are looked for this often. */
const LOOK_MS = 15_000;
/** Between two rounds: what is due may be another replica's for the moment. */
const LEAST_PAUSE_MS = 50;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;
/** Over some twenty minutes. */
const MAX_ATTEMPTS = 10;
const MAX_OUTCOME_CHARS = 300;

/** Posts the events of budgets to the webhook of their organisation: at least once, in the background, from the table. */
@Injectable()
export class BudgetWebhooks implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(BudgetWebhooks.name);
  private timer: NodeJS.Timeout | null = null;
  /** When the timer fires, monotonic ms. */
  private timerAtMs = 0;
  private running = false;
  private again = false;
  private stopped = false;

  constructor(
    private readonly events: BudgetEventRepository,
    private readonly orgs: Organisations,
    private readonly client: WebhookClient,
  ) {}

  onApplicationBootstrap(): void {
    this.kick();
  }

  onModuleDestroy(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  /** Something may be due. */
  kick(): void {
    if (this.running) this.again = true;
    else void this.run();
  }

  private async run(): Promise<void> {
    if (this.stopped) return;
    this.running = true;
    let nextMs = LOOK_MS;
    try {
      const due = await this.events.claimDue(BATCH);
      await Promise.all(due.map((event) => this.deliver(event)));
      // The table knows of tries that were put off in earlier rounds as well.
      nextMs = Math.min(nextMs, Math.max(LEAST_PAUSE_MS, (await this.events.untilDueMs()) ?? LOOK_MS));
    } catch (error) {
      this.waitsForDatabase(error);
    }
    this.running = false;
    this.schedule(this.again ? 0 : nextMs);
    this.again = false;
  }

  /** What the end of the process cuts off is no news. */
  private waitsForDatabase(error: unknown): void {
    if (!this.stopped) this.logger.warn(`events of budgets wait for the database: ${(error as Error).message}`);
  }

  private schedule(afterMs: number): void {
    const atMs = performance.now() + afterMs;
    // A try that is due sooner must not be put off.
    if (this.stopped || (this.timer !== null && this.timerAtMs <= atMs)) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timerAtMs = atMs;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.kick();
    }, afterMs).unref();
  }

  private async deliver(event: DueEvent): Promise<void> {
    const url = await this.urlOf(event.orgId);
    if (url === null) {
      await this.events.settle(event.id, 'no webhook');
      return;
    }
    const fault = await this.post(url, event);
    if (fault === null) {
      await this.events.settle(event.id, 'delivered');
      return;
    }
    const words = fault.slice(0, MAX_OUTCOME_CHARS);
    this.logger.warn(`the webhook of ${event.orgId} did not take an event of a budget: ${words}`);
    if (event.attempts >= MAX_ATTEMPTS) {
      await this.events.settle(event.id, `given up: ${words}`);
      return;
    }
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (event.attempts - 1), LONGEST_PAUSE_MS) * (0.75 + Math.random() / 2);
    await this.events.tryAgain(event.id, pauseMs, words);
  }

  private async urlOf(orgId: string): Promise<string | null> {
    try {
      return (await this.orgs.get(orgId, null)).budgetWebhookUrl;
    } catch (error) {
      if ((error as { kind?: unknown }).kind === 'not_found') return null;
      throw error;
    }
  }

  /** What went wrong; `null`: nothing. */
  private async post(url: string, event: DueEvent): Promise<string | null> {
    try {
      const headers = { 'x-omni-event': 'budget.threshold', 'x-omni-event-id': event.id };
      const status = await this.client.post(url, JSON.stringify(payloadOf(event)), headers);
      return status >= 200 && status < 300 ? null : `HTTP ${status}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

function payloadOf(event: DueEvent): object {
  return {
    event: 'budget.threshold',
    id: event.id,
    created_at: event.createdAt.toISOString(),
    ...eventFields(event),
  };
}

/** An event as webhooks and log lines tell it. USD are exact decimals, as text. */
export function eventFields(event: Omit<DueEvent, 'id' | 'createdAt' | 'attempts'>) {
  return {
    org: event.orgId,
    ...(event.projectId !== null && { project: event.projectId }),
    ...(event.keyId !== null && { key: event.keyId }),
    level: event.level,
    period: event.period,
    bucket: event.bucket,
    percent: event.percent,
    limit_usd: usdText(event.limitNanoDollars),
    spend_usd: usdText(event.spendNanoDollars),
  };
}
