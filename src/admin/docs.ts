import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** Serves OpenAPI 3.1 at `/docs` and `/docs-json`. The document is made at the first request: start-up does not wait for it. */
export function setUpDocs(app: INestApplication): void {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('OmniGate')
    .setDescription(
      'The admin API. Orgs and projects are found under /v1/admin too. Limits: null inherits, 0 allows none, "unlimited" lifts. Budgets are USD.',
    )
    .setVersion('1')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-Admin-Key' }, 'admin-key')
    .addBearerAuth({ type: 'http', scheme: 'bearer' }, 'admin-bearer')
    .build();
  SwaggerModule.setup('docs', app, () => documentOf(app, description), {
    customSiteTitle: 'OmniGate API',
    raw: ['json'],
  });
}

/** Without the paths of older gateways: they are the same operations again. */
function documentOf(app: INestApplication, description: Omit<OpenAPIObject, 'paths'>): OpenAPIObject {
  const document = SwaggerModule.createDocument(app, description, {
    operationIdFactory: (controller, method) => `${method}${controller.replace(/Controller$/, '')}`,
  });
  const paths = Object.entries(document.paths).filter(([path]) => !path.startsWith('/v1/admin/'));
  return { ...document, paths: Object.fromEntries(paths) };
}
