import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ResourceRegistry } from '../resource/registry.js';
import { RESOURCE_ROUTE, type ResourceRoute } from './route.js';

/** Enters into the registry, at boot, what the routes of the application offer on each resource. */
@Injectable()
export class OfferedActions implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly registry: ResourceRegistry,
  ) {}

  onApplicationBootstrap(): void {
    for (const { metatype } of this.discovery.getControllers()) {
      const handlers: Record<string, object> = metatype?.prototype ?? {};
      for (const name of this.scanner.getAllMethodNames(handlers)) {
        const route: ResourceRoute | undefined = Reflect.getOwnMetadata(RESOURCE_ROUTE, handlers[name] ?? {});
        if (route) this.registry.offer(route.resource.type, route.action);
      }
    }
  }
}
