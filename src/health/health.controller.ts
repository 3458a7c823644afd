import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '../json-api/openapi/decorators.js';
import { Public } from '../auth/authorization/actor.js';
import { apiError } from '../json-api/document/errors.js';
import { ApiErrors, Unprefixed } from '../json-api/http/routes.js';
import { Readiness } from './readiness.js';

const OK = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Health' } } } };

/** The response of both checks; `degraded` has the names of the checks that warn. */
interface Health {
  readonly status: 'ok';
  readonly degraded?: readonly string[];
}

/** Health checks for orchestrators and load balancers. */
@ApiTags('Health')
@Controller('health')
@Unprefixed()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** Checks nothing: restarting the process does not help when the database is unavailable. */
  @Get('live')
  @Public()
  @Header('Content-Type', 'application/json')
  @ApiOperation({ operationId: 'health_live', summary: 'live', description: 'Whether the process answers' })
  @ApiOkResponse({ description: 'Alive', ...OK })
  @ApiErrors(400)
  live(): Health {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @Header('Content-Type', 'application/json')
  @ApiOperation({
    operationId: 'health_ready',
    summary: 'ready',
    description: 'Whether requests should be sent here; what is only a warning is named in `degraded`',
  })
  @ApiOkResponse({ description: 'Ready', ...OK })
  @ApiErrors(400, 503)
  async ready(): Promise<Health> {
    const { unready, degraded, cause } = await this.readiness.check();
    if (unready.length > 0) {
      throw apiError('unavailable', `Not ready: ${unready.join(', ')}`, undefined, {
        cause: new Error(cause),
        headers: { 'Retry-After': '2' },
      });
    }
    return degraded.length === 0 ? { status: 'ok' } : { status: 'ok', degraded };
  }
}
