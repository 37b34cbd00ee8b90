import { Global, Module } from '@nestjs/common';
import { UpstreamClient } from './upstream-client.js';
import { WebhookClient } from './webhook-client.js';

@Global()
@Module({ providers: [UpstreamClient, WebhookClient], exports: [UpstreamClient, WebhookClient] })
export class HttpModule {}
