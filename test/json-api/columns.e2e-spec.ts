import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Extension } from '../../src/app.extension.js';
import { AuthModule } from '../../src/auth/auth.module.js';
import { JobsModule } from '../../src/jobs/jobs.module.js';
import { PasswordPolicy } from '../../src/passwords/policy/password.policy.js';
import { PasswordsModule } from '../../src/passwords/passwords.module.js';
import { SweepsModule } from '../../src/sweeps/sweeps.module.js';
import { startApp, type TestApp } from '../support/app.js';
import { type ApiResponse, document, errorsOf, ids } from '../support/client.js';
import { account, admin, organization } from '../support/factories.js';
import { Product } from '../resources/products/product.entity.js';
import { products, ProductsModule } from '../resources/products/products.extension.js';

const NEW = { title: 'A product', price: '9.90', release_date: '2026-01-31' };

const errors = ({ body }: ApiResponse): [string, string][] =>
  body.errors.map(({ detail, source }: { detail: string; source: Record<string, string> }) => [
    source['pointer'] ?? source['parameter'],
    detail,
  ]);

let app: TestApp;
let root: Awaited<ReturnType<typeof admin>>;

beforeAll(async () => {
  app = await startApp({ extension: products });
  root = await admin(app);
});
afterAll(() => app.stop());

describe('A resource with a column of each kind', () => {
  const create = (attributes: object): Promise<ApiResponse> =>
    root.post('/products', document('iam:products', { ...NEW, ...attributes }));
  const made = async (attributes: object): Promise<string> => (await create(attributes)).body.data.id;
  const found = async (query: string): Promise<string[]> => ids(await root.get(`/products?${query}`));

  it('writes and shows dates, decimal numbers, enums and lists', async () => {
    const values = {
      title: 'Everything',
      code: 'EVERY-1',
      state: 'published',
      size: 'small',
      price: '-1234567890.05',
      weight: '12345678901234567890.0123456789',
      release_date: '2024-02-29',
      end_date: '9999-12-31',
      tags: ['plain', '', 'a, "b" {c} \\ null'],
      marks: ['😀😀😀😀😀😀😀😀😀😀'],
    };
    const { status, body } = await create(values);
    expect([status, body.data.attributes]).toEqual([200, { ...body.data.attributes, ...values }]);
    const changes = { size: null, price: '7', weight: null, end_date: null, tags: [], marks: [] };
    const changed = await root.patch(`/products/${body.data.id}`, document('iam:products', changes, body.data.id));
    expect(changed.body.data.attributes).toEqual({
      ...body.data.attributes,
      ...changes,
      // With as many digits as the column has.
      price: '7.00',
    });
  });

  it('rejects values of the wrong type, each with its place', async () => {
    const answer = await create({
      title: '',
      state: 'gone',
      size: 'draft',
      price: 9.9,
      weight: '123456789012345678901',
      release_date: '2026-02-30',
      end_date: '2026-01-31T00:00:00Z',
      tags: ['right', 7, 'x'.repeat(256), 'a\0'],
      marks: 'one',
      label: 'the name in the database',
    });
    expect(answer.status).toBe(422);
    expect(errors(answer)).toEqual([
      ['/data/attributes/state', 'state must be one of draft, published, archived'],
      ['/data/attributes/size', 'size must be one of large, medium, small'],
      [
        '/data/attributes/price',
        'price must be a decimal number as a string, with at most 10 digits before the point and 2 after it',
      ],
      [
        '/data/attributes/weight',
        'weight must be a decimal number as a string, with at most 20 digits before the point and 10 after it',
      ],
      ['/data/attributes/release_date', 'release_date must be a date (2026-01-31)'],
      ['/data/attributes/end_date', 'end_date must be a date (2026-01-31)'],
      ['/data/attributes/tags/1', 'tags[1] must be a string'],
      ['/data/attributes/tags/2', 'tags[2] must have at most 255 characters'],
      ['/data/attributes/tags/3', 'tags[3] contains a character that cannot be used'],
      ['/data/attributes/marks', 'marks must be a list of strings'],
      ['/data/attributes/title', 'title must not be empty'],
      ['/data/attributes/label', 'There is no attribute "label" here'],
    ]);
  });

  it.each([
    [{ price: '1.234' }, '/data/attributes/price'],
    [{ price: '12345678901' }, '/data/attributes/price'],
    [{ price: '1e3' }, '/data/attributes/price'],
    [{ price: 'NaN' }, '/data/attributes/price'],
    [{ price: '' }, '/data/attributes/price'],
    [{ state: null }, '/data/attributes/state'],
    [{ state: 'Draft' }, '/data/attributes/state'],
    [{ release_date: '0000-01-01' }, '/data/attributes/release_date'],
    [{ release_date: 20260131 }, '/data/attributes/release_date'],
    [{ tags: null }, '/data/attributes/tags'],
    [{ tags: ['1', '2', '3', '4', '5', '6'] }, '/data/attributes/tags'],
    [{ marks: ['longer than 10'] }, '/data/attributes/marks/0'],
    [{ marks: [null] }, '/data/attributes/marks/0'],
  ])('rejects %j', async (attributes, pointer) => {
    expect(errorsOf(await create(attributes))).toEqual([`422 validation_failed ${pointer}`]);
  });

  it('bounds the items of a list', async () => {
    const most = await create({ tags: ['x'.repeat(255)], marks: new Array(100).fill('x') });
    expect([most.status, most.body.data.attributes.marks.length]).toEqual([200, 100]);
    const answer = await create({ tags: new Array(101).fill('x'), marks: new Array(101).fill(7) });
    expect(errors(answer)).toEqual([
      ['/data/attributes/tags', 'tags must have at most 100 values'],
      ['/data/attributes/marks', 'marks must have at most 100 values'],
    ]);
  });

  it.each([
    ['filter[state]', 'gone', 'filter[state] takes one of draft, published, archived'],
    ['filter[size__nin]', 'small,tiny', 'filter[size__nin] takes one of large, medium, small'],
    [
      'filter[price__gte]',
      '1.001',
      'filter[price__gte] takes a decimal number with at most 10 digits before the point and 2 after it',
    ],
    ['filter[release_date__lte]', '2026-02-30', 'filter[release_date__lte] takes a date (2026-01-31)'],
    ['filter[tags__contains]', '%00', 'filter[tags__contains] takes a text without NUL characters and lone surrogates'],
    ['filter[tags]', 'red', 'iam:products has no filter "tags"'],
    ['filter[label]', 'A product', 'iam:products has no filter "label"'],
    ['sort', 'tags', 'iam:products cannot be sorted by "tags"'],
    ['sort', 'unit_price', 'iam:products cannot be sorted by "unit_price"'],
    ['fields[iam:products]', 'made_at', 'iam:products has no field "made_at"'],
  ])('rejects %s=%s', async (parameter, value, detail) => {
    const answer = await root.get(`/products?${parameter}=${value}`);
    expect([answer.status, errors(answer)]).toEqual([400, [[parameter, detail]]]);
  });

  it('compares decimal numbers by their value, and every digit counts', async () => {
    const title = randomUUID();
    const [nine, ten, more] = [
      await made({ title, price: '9.5', weight: '12345678901234567890' }),
      await made({ title, price: '10', weight: '12345678901234567890.0000000001' }),
      await made({ title, price: '100', weight: null }),
    ];
    const of = (query: string): Promise<string[]> => found(`filter[title]=${title}&${query}`);
    expect(await of('sort=-price')).toEqual([more, ten, nine]);
    expect(await of('filter[price]=9.50,0010')).toEqual([nine, ten]);
    expect(await of('filter[price__gte]=9.51&filter[price__lte]=100.00')).toEqual([ten, more]);
    expect(await of('filter[weight]=12345678901234567890.0000000001')).toEqual([ten]);
    expect(await of('filter[weight__nin]=12345678901234567890')).toEqual([ten, more]);
    expect(await of('sort=weight')).toEqual([nine, ten, more]);
  });

  it('compares dates as days', async () => {
    const title = randomUUID();
    const [first, second, third] = [
      await made({ title, release_date: '2024-02-28' }),
      await made({ title, release_date: '2024-02-29' }),
      await made({ title, release_date: '2024-03-01' }),
    ];
    const of = (query: string): Promise<string[]> => found(`filter[title]=${title}&sort=release_date&${query}`);
    expect(await of('filter[release_date]=2024-02-29')).toEqual([second]);
    expect(await of('filter[release_date__in]=2024-02-28,2024-03-01')).toEqual([first, third]);
    expect(await of('filter[release_date__gte]=2024-02-29')).toEqual([second, third]);
    expect(await of('filter[release_date__lte]=2024-02-29')).toEqual([first, second]);
  });

  it('sorts an enum of PostgreSQL by its declaration, and one of text as text', async () => {
    const title = randomUUID();
    const [archived, draft, published] = [
      await made({ title, state: 'archived', size: 'medium' }),
      await made({ title, state: 'draft', size: 'small' }),
      await made({ title, state: 'published', size: 'large' }),
    ];
    expect(await found(`filter[title]=${title}&sort=state`)).toEqual([draft, published, archived]);
    expect(await found(`filter[title]=${title}&sort=size`)).toEqual([published, archived, draft]);
  });

  it('finds lists that contain any of the values; an empty list is not a missing one', async () => {
    const title = randomUUID();
    const [red, comma, empty, none] = [
      await made({ title, tags: ['red', 'round'], marks: ['red'] }),
      await made({ title, tags: ['a,b'], marks: ['green'] }),
      await made({ title, tags: [], marks: [] }),
      await made({ title, marks: null }),
    ];
    const of = (query: string): Promise<string[]> => found(`filter[title]=${title}&${query}`);
    expect(await of('filter[tags__contains]=round')).toEqual([red]);
    expect(await of('filter[tags__contains]=red,a\\,b')).toEqual([red, comma]);
    expect(await of('filter[tags__contains][]=red&filter[tags__contains][]=Round')).toEqual([red]);
    expect(await of('filter[tags__contains]=re')).toEqual([]);
    expect(await of('filter[marks__contains]=green,red')).toEqual([red, comma]);
    expect(await of('filter[marks__contains]=green,null')).toEqual([comma, none]);
    const shown = (await root.get(`/products?filter[title]=${title}`)).body.data;
    const marks = (id: string) => shown.find((one: { id: string }) => one.id === id).attributes.marks;
    expect([marks(empty), marks(none)]).toEqual([[], null]);
  });

  it('follows relationships over columns with other names than their properties', async () => {
    const organizationId = await organization(app);
    const { id: tester } = await account(app, { joined: false });
    const original = await made({ organization_id: organizationId });
    const variant = await made({ original_id: original });
    await app.sql('INSERT INTO product_testers (product_ref, account_ref) VALUES ($1, $2)', [original, tester]);
    const { body } = await root.get(`/products/${original}?include=organization,variants,testers`);
    const { relationships } = body.data;
    expect([relationships.organization.data.id, relationships.variants.data, relationships.testers.data]).toEqual([
      organizationId,
      [{ type: 'iam:products', id: variant }],
      [{ type: 'iam:accounts', id: tester }],
    ]);
    const { next, ...links } = relationships.variants.links;
    expect([next, ids(await root.get(links.related))]).toEqual([undefined, [variant]]);
    expect((await root.get(`/products/${variant}?include=original`)).body.included[0].id).toBe(original);
  });

  it('names the attribute, and not the column, when a value is taken or refers to nothing', async () => {
    const code = randomUUID().slice(0, 20);
    await made({ code });
    const taken = await create({ code });
    expect([taken.status, errors(taken)]).toEqual([409, [['/data/attributes/code', 'code is already taken']]]);
    const dangling = await create({ organization_id: randomUUID() });
    expect([dangling.status, errors(dangling)]).toEqual([
      422,
      [['/data/attributes/organization_id', 'organization_id does not refer to an existing resource']],
    ]);
  });

  it('never shows a deleted row again, and keeps it in the table', async () => {
    const title = randomUUID();
    const code = randomUUID().slice(0, 20);
    const original = await made({ title, code });
    const variant = await made({ title, original_id: original });
    const before = await root.get(`/products/${original}`);
    expect((await root.delete(`/products/${original}`)).status).toBe(204);

    const list = await root.get(`/products?filter[title]=${title}&count=true`);
    expect([ids(list), list.body.meta.count]).toEqual([[variant], 1]);
    expect(await found(`filter[id]=${original}`)).toEqual([]);
    const body = document('iam:products', { title: 'Back' }, original);
    const etag = { 'if-match': before.headers.get('etag') ?? '' };
    expect(errorsOf(await root.get(`/products/${original}`))).toEqual(['404 not_found']);
    expect(errorsOf(await root.patch(`/products/${original}`, body, etag))).toEqual(['404 not_found']);
    expect(errorsOf(await root.delete(`/products/${original}`))).toEqual(['404 not_found']);
    const linked = (await root.get(`/products/${variant}?include=original`)).body;
    expect([linked.data.relationships.original.data, linked.included]).toEqual([null, []]);

    const stored = await app.sql('SELECT label, gone_at IS NOT NULL AS gone, version FROM products WHERE id = $1', [
      original,
    ]);
    expect(stored).toEqual([{ label: title, gone: true, version: 2 }]);
    expect((await create({ code })).status).toBe(200);
  });

  it('is described in OpenAPI with values, digits and bounds', async () => {
    const { components, paths } = (await root.get('/openapi.json')).body;
    const { properties } = components.schemas.ProductResource.properties.attributes;
    expect(properties).toMatchObject({
      title: { type: 'string', maxLength: 40, description: 'Name as shown to people' },
      state: { type: 'string', enum: ['draft', 'published', 'archived'] },
      size: { type: ['string', 'null'], enum: ['large', 'medium', 'small', null] },
      price: { type: 'string', pattern: '^-?\\d{1,10}(\\.\\d{1,2})?$' },
      release_date: { type: 'string', format: 'date' },
      tags: { type: 'array', items: { type: 'string', maxLength: 255 }, maxItems: 100 },
      marks: { type: ['array', 'null'], items: { type: 'string', maxLength: 10 } },
    });
    const { required } = components.schemas.ProductCreate.properties.data.properties.attributes;
    expect(required).toEqual(['title', 'price', 'release_date']);
    const parameter = (name: string) =>
      paths['/products'].get.parameters.find((one: { name: string }) => one.name === name);
    expect(parameter('filter[state]').description).toContain('Allowed: draft, published, archived');
    expect(parameter('filter[price__gte]').schema).toMatchObject({ type: 'string' });
    expect(parameter('filter[tags__contains]').description).toContain('contains any of the values');
  });
});

/** What a team may get wrong, and what the start says of it. */
describe('The start is rejected', () => {
  @Module({ imports: [TypeOrmModule.forFeature([Product])] })
  class Forgetful {}

  it.each<[string, Extension, string]>([
    [
      'for the entity of a resource that no module registered',
      { ...products, entities: [] },
      'iam:products: no module registered the entity Product; list it in "entities" of the extension',
    ],
    [
      'for a join table that no module registered',
      { ...products, entities: [Product] },
      'iam:products: no module registered the entity ProductTester; list it in "entities" of the extension',
    ],
    [
      'for an entity that a module uses and none registered',
      { modules: [Forgetful] },
      'TypeOrmModule.forFeature: no module registered the entity Product; list it in "entities" of the extension',
    ],
  ])('%s', async (_, extension, sentence) => {
    const start = startApp({ beside: app, extension });
    await expect(start).rejects.toThrow(new TypeError(sentence));
  });

  it('for replacements that replace nothing, all at once', async () => {
    class Idle {}
    const policy = { provide: PasswordPolicy, useClass: PasswordPolicy };
    const replacements = [
      { in: ProductsModule, providers: [policy] },
      { in: JobsModule, providers: [] },
      { in: SweepsModule, providers: [Idle] },
      { in: AuthModule, providers: [{ provide: APP_GUARD, useClass: Idle }] },
      { in: PasswordsModule, providers: [policy] },
      { in: PasswordsModule, providers: [policy] },
    ];
    const error: unknown = await startApp({ beside: app, extension: { replacements } }).catch((reason) => reason);
    const sentences = String(error).split('\n');
    expect(sentences[0]).toContain('use one of ');
    expect(sentences[0]).toContain('PasswordsModule, ');
    expect(sentences[2]).toContain('Sweeps, ');
    const begun = sentences.map((sentence) => sentence.replace(/ one of \w+, .*$/, ' one of …'));
    expect(begun).toEqual([
      'TypeError: replacements: ProductsModule is no module whose providers can be replaced; use one of …',
      'replacements: list a provider that replaces one of JobsModule',
      'replacements: Idle replaces no provider of SweepsModule; "provide" must be one of …',
      'replacements: APP_GUARD replaces no provider of AuthModule; "provide" must be one of …',
      'replacements: PasswordPolicy of PasswordsModule is replaced twice; keep one',
    ]);
  });
});
