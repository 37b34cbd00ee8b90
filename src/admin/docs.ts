import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** Serves OpenAPI 3.1 at `/docs` and `/docs-json`. The document is made at the first request: start-up does not wait for it. */
export function setUpDocs(app: INestApplication): void {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('OmniGate')
    .setDescription('The admin API. Limits: null inherits, 0 allows none, "unlimited" lifts. Budgets are USD.')
    .setVersion('1')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-Admin-Key' }, 'admin-key')
    .addBearerAuth({ type: 'http', scheme: 'bearer' }, 'admin-bearer')
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description), {
    customSiteTitle: 'OmniGate API',
    raw: ['json'],
  });
}
