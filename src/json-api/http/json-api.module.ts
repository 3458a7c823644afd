import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, DiscoveryModule } from '@nestjs/core';
import { ErrorFilter } from './error.filter.js';
import { IdempotencyKeys } from '../write/idempotency-keys.repository.js';
import { JsonApiGuard } from './json-api.guard.js';
import { OfferedActions } from './offered-actions.js';
import { JSON_API_OPTIONS, type JsonApiOptions } from './options.js';
import { RESOURCE_EXTENSIONS, ResourceRegistry } from '../resource/registry.js';
import { ResourceTools } from '../resource.service.js';

/**
 * The resource layer: one registry, one guard, one filter for the whole application. The guard is the last global one:
 * `app.useGlobalGuards(app.get(JsonApiGuard))`.
 */
@Module({})
export class JsonApiModule {
  static forRoot(options: JsonApiOptions): DynamicModule {
    return {
      module: JsonApiModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [
        { provide: JSON_API_OPTIONS, useValue: options },
        { provide: RESOURCE_EXTENSIONS, useValue: options.extensions ?? [] },
        { provide: APP_FILTER, useClass: ErrorFilter },
        ResourceRegistry,
        JsonApiGuard,
        OfferedActions,
        IdempotencyKeys,
        ResourceTools,
      ],
      exports: [ResourceRegistry, ResourceTools, JSON_API_OPTIONS],
    };
  }
}
