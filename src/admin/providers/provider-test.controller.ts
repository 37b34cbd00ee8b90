import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GatewayError } from '../../../libs/protocol/index.js';
import { GlobalResource, NeedsRole } from '../../auth/admin.guard.js';
import { ProviderTest } from '../../providers/provider-test.service.js';
import { Providers } from '../../registry/providers.service.js';
import { Registry } from '../../registry/registry.service.js';
import { AdminController } from '../admin-controller.decorator.js';
import { IdPipe } from '../id.pipe.js';
import { TestProviderDto } from './provider-test.dto.js';
import { ProviderTestView, providerTestView } from './provider-test.view.js';

/** Whether a vendor takes our credentials. */
@AdminController('providers/:id/test')
@GlobalResource()
export class ProviderTestController {
  constructor(
    private readonly providers: Providers,
    private readonly registry: Registry,
    private readonly tests: ProviderTest,
  ) {}

  @Post()
  @HttpCode(200)
  @NeedsRole('operator')
  @ApiOperation({
    summary: "Try a provider's credentials by a cheap read; nothing is generated and nothing is charged",
  })
  @ApiOkResponse({ type: ProviderTestView })
  async test(@Param('id', IdPipe) id: string, @Body() body: TestProviderDto): Promise<ProviderTestView> {
    const { name } = await this.providers.get(id);
    const provider = this.registry.current().providers.get(name);
    if (provider?.id !== id) throw new GatewayError('conflict', 'The provider is not active.');
    return providerTestView(await this.tests.run(provider, body.credential_id ?? null));
  }
}
