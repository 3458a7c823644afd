import { Controller, Delete, Get, Injectable, Module, Param, Patch, Post } from '@nestjs/common';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Extension } from '../../../src/app.extension.js';
import { CurrentActor } from '../../../src/auth/authentication/authentication.js';
import type { Actor } from '../../../src/auth/authorization/actor.js';
import type { Item, Page } from '../../../src/json-api/document/response.js';
import { Criteria, Document, IfMatch, Selection } from '../../../src/json-api/http/request.js';
import {
  JsonApiCreate,
  JsonApiDelete,
  JsonApiIndex,
  JsonApiShow,
  JsonApiUpdate,
} from '../../../src/json-api/http/routes.js';
import { ResourceRepository } from '../../../src/json-api/resource.repository.js';
import { ResourceService, ResourceTools } from '../../../src/json-api/resource.service.js';
import { type CreateAttributes, defineResource } from '../../../src/json-api/resource/resource.js';
import { sql, TRUE } from '../../../src/json-api/sql/sql.js';
import type { CreateDocument, UpdateDocument } from '../../../src/json-api/write/write-document.js';
import type { Factory } from '../fixtures.js';
import { Product, ProductTester, SIZES, STATES } from './product.entity.js';

/** A resource for tests with a column of each kind, built as any team would build one. */
export const ProductResource = defineResource(Product, {
  type: 'iam:products',
  attributes: {
    title: { write: 'always', filter: ['eq', 'in', 'nin', 'match'], sort: true },
    code: { write: 'create', filter: ['eq'], sort: true },
    state: { write: 'always', filter: ['eq', 'in', 'nin'], sort: true },
    size: { write: 'always', filter: ['eq', 'in', 'nin'], sort: true },
    price: { write: 'always', filter: ['eq', 'in', 'nin', 'gte', 'lte'], sort: true },
    weight: { write: 'always', filter: ['eq', 'nin', 'gte', 'lte'], sort: true },
    releaseDate: { write: 'always', filter: ['eq', 'in', 'nin', 'gte', 'lte'], sort: true },
    endDate: { write: 'always', filter: ['eq', 'nin', 'gte', 'lte'], sort: true },
    tags: { write: 'always', filter: ['contains'] },
    marks: { write: 'always', filter: ['contains'] },
    organizationId: { write: 'always', filter: ['eq'], sort: true },
    originalId: { write: 'always', filter: ['eq'] },
    createdAt: { filter: ['gte'], sort: true },
  },
  relationships: {
    organization: { one: 'iam:organizations', by: 'organizationId' },
    original: { one: 'iam:products', by: 'originalId' },
    variants: { many: 'iam:products', by: 'originalId' },
    testers: { many: 'iam:accounts', through: { entity: ProductTester, from: 'productId', to: 'accountId' } },
  },
});

@Injectable()
class ProductsRepository extends ResourceRepository<Product, Actor> {
  readonly resource = ProductResource;
  protected readonly scopeConditions = {
    '*': () => TRUE,
    org: (actor: Actor) => sql`row.org_ref = ANY(${actor.organizationIds}::uuid[])`,
  };
}

@Injectable()
class ProductsService extends ResourceService<Product, Actor, CreateAttributes<Product, typeof ProductResource.rules>> {
  constructor(products: ProductsRepository, tools: ResourceTools) {
    super(products, tools);
  }
}

@Controller('products')
class ProductsController {
  constructor(private readonly products: ProductsService) {}

  @Get()
  @JsonApiIndex(ProductResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.products.index(actor, criteria);
  }

  @Post()
  @JsonApiCreate(ProductResource)
  create(@CurrentActor() actor: Actor, @Document() document: CreateDocument<typeof ProductResource>): Promise<Item> {
    return this.products.create(actor, document);
  }

  @Get(':resource_id')
  @JsonApiShow(ProductResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.products.show(actor, id, select);
  }

  @Patch(':resource_id')
  @JsonApiUpdate(ProductResource)
  update(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @Document() document: UpdateDocument<typeof ProductResource>,
  ): Promise<Item> {
    return this.products.update(actor, id, document);
  }

  @Delete(':resource_id')
  @JsonApiDelete(ProductResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.products.delete(actor, id, ifMatch);
  }
}

@Module({ controllers: [ProductsController], providers: [ProductsRepository, ProductsService] })
export class ProductsModule {}

export class Products1764200000000 implements MigrationInterface {
  name = 'Products1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TYPE products_current_state_enum AS ENUM ('draft', 'published', 'archived');
      CREATE TABLE products (
        id uuid NOT NULL CONSTRAINT products_pkey PRIMARY KEY,
        label varchar(40) COLLATE "und-x-icu" NOT NULL,
        article_no varchar(20) COLLATE "und-x-icu",
        current_state products_current_state_enum NOT NULL DEFAULT 'draft',
        size varchar COLLATE "und-x-icu",
        unit_price numeric(12, 2) NOT NULL,
        weight numeric(30, 10),
        released_on date NOT NULL,
        end_date date,
        keywords text[] NOT NULL DEFAULT '{}',
        marks varchar(10)[],
        org_ref uuid CONSTRAINT products_org_ref_fkey REFERENCES organizations (id),
        variant_of uuid,
        made_at timestamptz(3) NOT NULL DEFAULT now(),
        gone_at timestamptz(3),
        version integer NOT NULL DEFAULT 1
      );
      CREATE INDEX products_org_ref_idx ON products (org_ref);
      CREATE UNIQUE INDEX products_article_no_idx ON products (article_no) WHERE gone_at IS NULL;
      CREATE TABLE product_testers (
        product_ref uuid NOT NULL CONSTRAINT product_testers_product_ref_fkey REFERENCES products (id) ON DELETE CASCADE,
        account_ref uuid NOT NULL,
        CONSTRAINT product_testers_pkey PRIMARY KEY (product_ref, account_ref)
      )`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}

/** `createApp(config, products)`. */
export const products: Extension = {
  modules: [ProductsModule],
  entities: [Product, ProductTester],
  migrations: [Products1764200000000],
};

const day = (n: number): string => new Date(Date.UTC(1999 + n, n % 12, 28)).toISOString().slice(0, 10);

/** A row for the contract tests: equal and different values, and nulls. */
export const product: Factory = async (app, n) => {
  const row: Record<string, unknown> = {
    id: uuidv7(),
    label: `Product no. ${n}`,
    article_no: n % 2 ? null : `A-${n}`,
    current_state: STATES[n % 3],
    size: n % 4 ? SIZES[(n + 1) % 3] : null,
    // As text, 9 is more than 10, and as a double the weights are equal.
    unit_price: `${9 + n}.${n % 2}0`,
    weight: n % 3 ? `12345678901234567890.000000000${n % 10}` : null,
    released_on: day(n % 5),
    end_date: n % 3 ? day(n) : null,
    keywords: n % 2 ? ['red', `no. ${n}`, 'a, "b" \\ {c}'] : [],
    marks: n % 3 ? [`m${n % 10}`] : null,
  };
  const names = Object.keys(row);
  await app.sql(
    `INSERT INTO products (${names.join()}) VALUES (${names.map((_, i) => `$${i + 1}`).join()})`,
    Object.values(row),
  );
  return String(row['id']);
};
