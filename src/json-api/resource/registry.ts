import { Inject, Injectable, Optional, type OnApplicationBootstrap } from '@nestjs/common';
import type { Attribute } from './attributes.js';
import type { Action, ResourceActor } from './resource-definition.js';
import { type AnyResource, columnOf } from './resource.js';
import { extended, type OwnSql, type ReadableIds, type ResourceExtension } from './resource-extension.js';
import { attributeCondition, type Source } from '../sql/select.js';
import { columnSql, FALSE, type Sql } from '../sql/sql.js';
import { StatementCache } from '../sql/statement-cache.js';

/** A repository as the registry sees it: a resource, and an actor's view of it. */
export interface RegisteredRepository {
  readonly resource: AnyResource;
  /** What the actor may read, as the source of a statement. */
  source(actor: ResourceActor): Source;
  /** The rows on which the actor may do the action, as a condition on `row`. */
  scopeCondition(actor: ResourceActor, action: Action): Sql;
}

const COMMON: ReadonlySet<Action> = new Set(['create', 'read', 'update', 'delete']);

/** Injection token of the {@link ResourceExtension}s of the application. */
export const RESOURCE_EXTENSIONS = Symbol('RESOURCE_EXTENSIONS');

/** Every resource of the running application, by type. Repositories enter themselves when they are made. */
@Injectable()
export class ResourceRegistry implements OnApplicationBootstrap {
  /** How statements are put together, for all repositories. */
  readonly statements = new StatementCache();
  private readonly repositories = new Map<string, RegisteredRepository>();
  private readonly resources = new Map<string, AnyResource>();
  private readonly sql = new Map<string, Required<OwnSql>>();
  private readonly offered = new Map<string, Set<Action>>();

  constructor(
    @Optional() @Inject(RESOURCE_EXTENSIONS) private readonly extensions: readonly ResourceExtension[] = [],
  ) {}

  /**
   * Enters a repository, with the SQL that its resource definition needs.
   * @returns the resource with what extensions add to it
   */
  register(repository: RegisteredRepository, { computed, filters }: Required<OwnSql>): AnyResource {
    const { type } = repository.resource;
    if (this.repositories.has(type)) throw new TypeError(`Two repositories serve ${type}`);
    const added = this.extensionsOf(type).map((extension) => extension.sql);
    const sql = {
      computed: Object.assign({}, computed, ...added.map((one) => one.computed)) as Required<OwnSql>['computed'],
      filters: Object.assign({}, filters, ...added.map((one) => one.filters)) as Required<OwnSql>['filters'],
    };
    const whole = extended(repository.resource, this.extensionsOf(type));
    for (const attribute of whole.attributes.values()) {
      if (!attribute.computed || sql.computed[attribute.property]) continue;
      throw new TypeError(`${type}: "${attribute.property}" is computed, but by no SQL`);
    }
    for (const { name, on } of whole.filters.values()) {
      if (!on && !sql.filters[name]) throw new TypeError(`${type}: the filter "${name}" has no SQL`);
    }
    this.repositories.set(type, repository);
    this.resources.set(type, whole);
    this.sql.set(type, sql);
    return whole;
  }

  /** The rows that match a condition, with the SQL that the repository and extensions have for an actor. */
  sourceOf(resource: AnyResource, scopeCondition: Sql, actor: ResourceActor, readable: ReadableIds): Source {
    const { computed: known, filters } = this.sql.get(resource.type) ?? { computed: {}, filters: {} };
    const computed = new Map<string, Sql>();
    for (const property in known) computed.set(property, known[property]?.(actor as never, readable) ?? FALSE);
    const expression = (attribute: Attribute): Sql => computed.get(attribute.property) ?? columnSql(attribute);
    return {
      resource,
      scopeCondition,
      computed,
      condition: (asked) =>
        filters[asked.filter.name]?.(asked.operands, actor as never, readable) ?? attributeCondition(asked, expression),
    };
  }

  /** What extensions add to the resource of a type. */
  extensionsOf(type: string): ResourceExtension[] {
    return this.extensions.filter(({ on }) => on.type === type);
  }

  /** The resource of a type. A bound function, so that it can be handed on as a look-up. */
  readonly resource = (type: string): AnyResource | undefined => this.resources.get(type);

  /** Enters an action that a route offers on resources of the type. */
  offer(type: string, action: Action): void {
    this.offered.set(type, (this.offered.get(type) ?? new Set()).add(action));
  }

  /** Whether any route offers the action. */
  offers(type: string, action: Action): boolean {
    return this.offered.get(type)?.has(action) === true;
  }

  /** The actions besides the four that routes offer on a row of the type. */
  ownActions(type: string): Action[] {
    return [...(this.offered.get(type) ?? [])].filter((action) => !COMMON.has(action));
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
    const named = [...this.resources.values()].flatMap((resource) =>
      [...resource.attributes.values()].filter((one) => (one.side ?? resource).table === table),
    );
    return named.find((one) => !one.computed && !one.hidden && one.column === column)?.name;
  };

  /** Throws at boot if a relationship leads nowhere, or to a collection that cannot select the related rows. */
  onApplicationBootstrap(): void {
    for (const { on } of this.extensions) {
      if (!this.resources.has(on.type)) throw new TypeError(`attributes: no module serves ${on.type}`);
    }
    for (const resource of this.resources.values()) {
      for (const { name, target, link, parameter } of resource.relationships.values()) {
        const related = this.resource(target);
        if (!related)
          throw new TypeError(`${resource.type}: relationship "${name}" leads to ${target}, which is unknown`);
        if ('property' in link) columnOf(`${resource.type}: relationship "${name}"`, related, link.property);
        const filter = /^filter\[([^\]]+)\]/.exec(parameter ?? '')?.[1];
        if (filter !== undefined && !related.filters.has(filter)) {
          throw new TypeError(`${resource.type}: relationship "${name}" needs ${target} to have filter[${filter}]`);
        }
      }
    }
  }
}
