import { applyDecorators, Controller, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { AdminGuard } from '../auth/admin.guard.js';
import { AdminValidationPipe } from './admin-validation.pipe.js';
import { AdminAnswerInterceptor } from './etag.js';

interface AdminControllerOptions {
  /** Whether `/v1/admin/<path>`, the path of older gateways, leads here too. */
  readonly alias?: boolean;
}

/** A controller of the admin API at `/admin/v1/<path>`: closed to strangers, strict about input, with ETags, documented. */
export function AdminController(path: string, options: AdminControllerOptions = {}): ClassDecorator {
  const paths = options.alias === true ? [`admin/v1/${path}`, `v1/admin/${path}`] : [`admin/v1/${path}`];
  return applyDecorators(
    Controller(paths),
    UseGuards(AdminGuard),
    UsePipes(AdminValidationPipe),
    UseInterceptors(AdminAnswerInterceptor),
    ApiTags(path.split('/')[0] ?? path),
    ApiSecurity('admin-key'),
    ApiBearerAuth('admin-bearer'),
  );
}
