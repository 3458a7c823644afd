import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { columnName } from './columns.js';
import type { Action, ResourceActor } from './resource-definition.js';
import type { AnyResource } from './resource.js';
import type { Source } from '../sql/select.js';
import type { Sql } from '../sql/sql.js';
import { StatementCache } from '../sql/statement-cache.js';

/** A repository as the registry sees it: a resource, and an actor's view of it. */
export interface RegisteredRepository {
  readonly resource: AnyResource;
  /** What the actor may read, as the source of a statement. */
  source(actor: ResourceActor): Source;
  /** The rows on which the actor may do the action, as a condition on `row`. */
  scopeCondition(actor: ResourceActor, action: Action): Sql;
}

/** Every resource of the running application, by type. Repositories enter themselves when they are made. */
@Injectable()
export class ResourceRegistry implements OnApplicationBootstrap {
  /** How statements are put together, for all repositories. */
  readonly statements = new StatementCache();
  private readonly repositories = new Map<string, RegisteredRepository>();
  private readonly offered = new Map<string, Set<Action>>();

  register(repository: RegisteredRepository): void {
    const { type } = repository.resource;
    if (this.repositories.has(type)) throw new TypeError(`Two repositories serve ${type}`);
    this.repositories.set(type, repository);
  }

  /** The resource of a type. A bound function, so that it can be handed on as a look-up. */
  readonly resource = (type: string): AnyResource | undefined => this.repositories.get(type)?.resource;

  /** Enters an action that a route offers on resources of the type. */
  offer(type: string, action: Action): void {
    this.offered.set(type, (this.offered.get(type) ?? new Set()).add(action));
  }

  /** Whether any route offers the action. */
  offers(type: string, action: Action): boolean {
    return this.offered.get(type)?.has(action) === true;
  }

  /** The types of every resource. */
  types(): string[] {
    return [...this.repositories.keys()];
  }

  /** What an actor may read of a type. @throws TypeError where no repository serves the type. */
  source(type: string, actor: ResourceActor): Source {
    return this.repository(type).source(actor);
  }

  /** The repository of a type. @throws TypeError where none serves the type. */
  repository(type: string): RegisteredRepository {
    const repository = this.repositories.get(type);
    if (!repository) throw new TypeError(`No repository serves ${type}`);
    return repository;
  }

  /** The name on the wire of a table's column; undefined where no attribute has it. A bound function, too. */
  readonly attributeName = (table: string, column: string): string | undefined => {
    const resources = [...this.repositories.values()].map(({ resource }) => resource);
    const attributes = resources.find((resource) => resource.table === table)?.attributes.values() ?? [];
    return [...attributes].find((one) => !one.computed && !one.hidden && one.column === column)?.name;
  };

  /** Throws at boot if a relationship leads nowhere, or to a collection that cannot select the related rows. */
  onApplicationBootstrap(): void {
    for (const { resource } of this.repositories.values()) {
      for (const { name, target, link, parameter } of resource.relationships.values()) {
        const related = this.resource(target);
        if (!related)
          throw new TypeError(`${resource.type}: relationship "${name}" leads to ${target}, which is unknown`);
        if ('property' in link) columnName(`${resource.type}: relationship "${name}"`, related.entity, link.property);
        const filter = /^filter\[([^\]]+)\]/.exec(parameter ?? '')?.[1];
        if (filter !== undefined && !related.filters.has(filter)) {
          throw new TypeError(`${resource.type}: relationship "${name}" needs ${target} to have filter[${filter}]`);
        }
      }
    }
  }
}
