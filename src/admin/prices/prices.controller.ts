import { Body, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GlobalResource } from '../../auth/admin.guard.js';
import type { ExpectedVersions } from '../../infra/database/row-version.js';
import { PriceRows } from '../../registry/price-rows.service.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { IfMatch } from '../etag.js';
import { IdPipe } from '../id.pipe.js';
import { ListQuery, pageRequest } from '../list-query.dto.js';
import { ApiPage, pageView, type PageView } from '../page.view.js';
import { CatalogueChanges } from '../snapshot/catalogue-changes.service.js';
import { ChangePriceDto, CreatePriceDto, pricePatch } from './price.dto.js';
import { priceFromInput } from './rate.decorator.js';
import { PriceView, priceView } from './price.view.js';

/** Own prices. Each holds for the calls that begin while it is in force, and wins over the published price of the model. */
@AdminController('prices')
@GlobalResource()
export class PricesController {
  constructor(
    private readonly prices: PriceRows,
    private readonly changes: CatalogueChanges,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List own prices, past and future ones too' })
  @ApiPage(PriceView)
  async list(@Query() query: ListQuery): Promise<PageView<PriceView>> {
    return pageView(await this.prices.list(pageRequest(query)), priceView);
  }

  @Post()
  @ApiOperation({ summary: 'Set a price' })
  @ApiCreatedResponse({ type: PriceView })
  async create(@CurrentActor() actor: Actor, @Body() body: CreatePriceDto): Promise<PriceView> {
    const draft = {
      ...pricePatch(body),
      model: body.model,
      input: priceFromInput(body.input),
      output: priceFromInput(body.output),
    };
    const { after } = await this.changes.record(actor, 'price.create', async (tx) => {
      return { before: null, after: priceView(await this.prices.create(tx, draft)) };
    });
    return after;
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a price' })
  @ApiOkResponse({ type: PriceView })
  async read(@Param('id', IdPipe) id: string): Promise<PriceView> {
    return priceView(await this.prices.get(id));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a price; fields left out stay as they are. To raise one, end it and set the next' })
  @ApiOkResponse({ type: PriceView })
  async change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangePriceDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<PriceView> {
    const { after } = await this.changes.record(actor, 'price.change', async (tx) => {
      const changed = await this.prices.change(tx, id, pricePatch(body), expected);
      return { before: priceView(changed.before), after: priceView(changed.after) };
    });
    return after;
  }

  @Put(':id')
  @ApiOperation({ summary: 'The same as PATCH', deprecated: true })
  @ApiOkResponse({ type: PriceView })
  async put(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangePriceDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<PriceView> {
    return this.change(actor, id, body, expected);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Take a price away' })
  @ApiNoContentResponse()
  async remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<void> {
    await this.changes.record(actor, 'price.delete', async (tx) => {
      return { before: priceView(await this.prices.remove(tx, id, expected)), after: null };
    });
  }
}
