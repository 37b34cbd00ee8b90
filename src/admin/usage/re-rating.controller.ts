import { Body, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GatewayError } from '../../../libs/protocol/index.js';
import { GlobalResource, NeedsRole } from '../../auth/admin.guard.js';
import { asGatewayError } from '../../infra/database/database-failure.js';
import { ReRating } from '../../usage/re-rating.service.js';
import { reRatingView, type ReRatingView } from '../../usage/re-rating.view.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { AuditLog } from '../audit/audit-log.service.js';
import { ReRateDto } from './re-rate.dto.js';

/** A request is not kept waiting for longer; what is left is asked for again. */
const TIME_LIMIT_MS = 20_000;

/** Charges calls anew by corrected prices. */
@AdminController('usage/re-rate')
@NeedsRole('admin')
@GlobalResource()
export class ReRatingController {
  constructor(
    private readonly reRating: ReRating,
    private readonly audit: AuditLog,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Charge calls by the prices of today; records stay, entries beside them hold the difference',
  })
  @ApiOkResponse({ description: 'The difference by project; with `resume_from` where not all was done in time.' })
  async run(@CurrentActor() actor: Actor, @Body() body: ReRateDto): Promise<ReRatingView> {
    const [fromMs, toMs] = [Date.parse(body.from), Date.parse(body.to)];
    if (!(toMs > fromMs)) throw new GatewayError('invalid_request', 'from must be before to.', { param: 'from' });
    const dryRun = body.dry_run ?? false;
    const request = { fromMs, toMs, model: body.model ?? null, dryRun, timeLimitMs: TIME_LIMIT_MS };
    try {
      const view = reRatingView(await this.reRating.run(request));
      // Each batch is in force by itself, and so is its trace in the ledger; the entry says who asked for them all.
      if (!dryRun)
        await this.audit.record(actor, 'usage.re-rate', () =>
          Promise.resolve({ before: null, after: view, orgId: null }),
        );
      return view;
    } catch (error) {
      throw asGatewayError(error);
    }
  }
}
