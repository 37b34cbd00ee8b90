import { Global, Module } from '@nestjs/common';
import { TimeWatch } from './time-watch.js';
import { UpstreamClient } from './upstream-client.js';
import { WebhookClient } from './webhook-client.js';

@Global()
@Module({ providers: [TimeWatch, UpstreamClient, WebhookClient], exports: [TimeWatch, UpstreamClient, WebhookClient] })
export class HttpModule {}
