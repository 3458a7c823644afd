import assert from 'node:assert/strict';
import { isWritable } from '../../json-api/write/body.js';
import { document } from '../api-client.js';
import type { TestRunner } from '../runner.js';
import { etagOf, ids, typeOf, type Subject } from './subject.js';
import { another, WRONG_VALUES } from './values.js';

const pointer = (name: string): string[] => [`422 validation_failed /data/attributes/${name}`];

const NO_TYPE = ['400 malformed_body /data/type'];
const OLDER = ['412 precondition_failed If-Match'];

/** What a resource does on writes. A verb that it does not offer is rejected, and the rest is skipped. */
export function writingContract({ it }: TestRunner, subject: () => Subject): void {
  it('rejects the verbs that it does not offer', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    const verbs = [
      ['create', 'POST', ''],
      ['update', 'PATCH', `/${id}`],
      ['delete', 'DELETE', `/${id}`],
    ] as const;
    for (const [verb, method, tail] of verbs.filter(([name]) => !on.offers(name) && !on.hasOwn(name))) {
      assert.deepEqual([verb, (await on.attempt(method, tail)).problems], [verb, ['405 method_not_allowed']]);
    }
  });

  it('creates what was read elsewhere, once under an idempotency key', async () => {
    const on = subject();
    if (!on.offers('create')) return;
    const attributes = await creatable(on);
    // Read-only attributes as well, with what the new row will have.
    for (const { name, initial } of on.visible.filter((attribute) => !isWritable(attribute, 'create'))) {
      const value = initial(attributes);
      if (value !== undefined) attributes[name] = value;
    }
    const key = { 'idempotency-key': 'the-contract' };
    const created = await on.post(attributes, key);
    assert.deepEqual([created.status, created.problems], [200, []]);
    const { id, attributes: stored } = created.one();
    assert.deepEqual({ ...stored, ...attributes }, stored);
    assert.equal(created.headers.get('location'), `${on.path}/${id}`);
    const shown = await on.get(`/${id}`);
    // What is shown once stands in the meta of the document.
    assert.deepEqual({ ...(shown.json as object), meta: undefined }, { ...(created.json as object), meta: undefined });
    assert.equal(etagOf(shown), etagOf(created));
    assert.equal((await on.post(attributes, key)).one().id, id);
  });

  it('rejects a create without each attribute that is required', async () => {
    const on = subject();
    if (!on.offers('create')) return;
    const attributes = await creatable(on);
    for (const { name } of on.attributes.filter((attribute) => attribute.required)) {
      assert.deepEqual((await on.post({ ...attributes, [name]: undefined })).problems, pointer(name));
    }
  });

  it('rejects what cannot be written: read-only, hidden and unknown attributes, and values of another type', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    const { values } = await on.row(id);
    const closed = ['nope', 'id', 'constructor', ...on.secrets];
    for (const verb of ['create', 'update'] as const) {
      if (!on.offers(verb)) continue;
      const start = verb === 'create' ? await creatable(on) : {};
      const write = (attributes: object) => {
        const all = { ...start, ...attributes };
        return verb === 'create' ? on.post(all) : on.patch(id, all);
      };
      const readOnly = on.visible.filter((attribute) => !isWritable(attribute, verb));
      const writable = on.visible.filter((attribute) => isWritable(attribute, verb));
      const cases = [
        ...closed.map((name) => [name, 'x'] as const),
        ...readOnly.map((one) => [one.name, another(typeOf(one), values[one.name])] as const),
        ...writable.map((one) => [one.name, WRONG_VALUES[typeOf(one)]] as const),
        ...writable.filter(({ nullable }) => !nullable).map(({ name }) => [name, null] as const),
      ];
      for (const [name, value] of cases) {
        const { problems } = await write({ [name]: value });
        assert.deepEqual([verb, name, value, problems], [verb, name, value, pointer(name)]);
      }
    }
  });

  it('takes back what was read, and changes nothing', async () => {
    const on = subject();
    if (!on.offers('update')) return;
    const [id = ''] = await on.make();
    const before = await on.get(`/${id}`);
    const after = await on.call('PATCH', `/${id}`, { body: { data: before.one() } });
    assert.deepEqual([after.status, etagOf(after)], [200, etagOf(before)]);
    assert.deepEqual(after.json, before.json);
  });

  it('takes back the relationships that were read, and rejects to change them', async () => {
    const on = subject();
    if (!on.offers('update')) return;
    const [id = ''] = await on.make();
    for (const name of on.resource.relationships.keys()) {
      const data = (await on.get(`/${id}?include=${name}`)).one();
      assert.equal((await on.call('PATCH', `/${id}`, { body: { data } })).status, 200);
      const linkage = data.relationships?.[name]?.data;
      const stranger = { type: on.resource.relationships.get(name)?.target, id };
      const changed = Array.isArray(linkage) ? [...linkage, stranger] : stranger;
      const body = { data: { type: on.type, id, relationships: { [name]: { data: changed } } } };
      const { problems } = await on.call('PATCH', `/${id}`, { body });
      assert.deepEqual(problems, [`403 forbidden /data/relationships/${name}`]);
    }
  });

  it('changes every attribute that is listed for it', async () => {
    const on = subject();
    if (!on.offers('update')) return;
    const [id = '', other = ''] = await on.make(2);
    const { values } = await on.row(other);
    for (const { name } of on.visible.filter((attribute) => isWritable(attribute, 'update'))) {
      const changed = await on.patch(id, { [name]: values[name] });
      assert.deepEqual([name, changed.problems], [name, []]);
      assert.deepEqual([name, changed.one().attributes[name]], [name, values[name]]);
    }
  });

  it('takes no document without a type', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    for (const type of [undefined, null]) {
      if (on.offers('create')) {
        const untyped = { data: { type, attributes: await creatable(on) } };
        assert.deepEqual((await on.call('POST', '', { body: untyped })).problems, NO_TYPE);
        const empty = await on.call('POST', '', { body: { data: { type } } });
        assert.deepEqual(empty.problems, [...NO_TYPE, '400 malformed_body /data/attributes']);
      }
      if (on.offers('update')) {
        const untyped = { data: { type, id, attributes: {} } };
        assert.deepEqual((await on.call('PATCH', `/${id}`, { body: untyped })).problems, NO_TYPE);
      }
    }
  });

  it('rejects another type, another id, and an id of the client’s own', async () => {
    const on = subject();
    const [id = '', other = ''] = await on.make(2);
    if (on.offers('create')) {
      const attributes = await creatable(on);
      const create = (body: object) => on.call('POST', '', { body });
      assert.deepEqual((await create(document('iam:nope', attributes))).problems, ['409 conflict /data/type']);
      assert.deepEqual((await create(document(on.type, attributes, other))).problems, ['403 forbidden /data/id']);
    }
    if (on.offers('update')) {
      const update = (body: object) => on.call('PATCH', `/${id}`, { body });
      assert.deepEqual((await update(document('iam:nope', {}, id))).problems, ['409 conflict /data/type']);
      assert.deepEqual((await update(document(on.type, {}, other))).problems, ['409 conflict /data/id']);
    }
  });

  it('answers 304 while an entity tag is current, and rejects writes that name an older version', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    const etag = etagOf(await on.get(`/${id}`));
    assert.equal((await on.get(`/${id}`, { 'if-none-match': etag })).status, 304);
    const stale = { 'if-match': '"999999"' };
    if (on.offers('update')) {
      assert.deepEqual((await on.patch(id, {}, stale)).problems, OLDER);
      assert.equal((await on.patch(id, {}, { 'if-match': etag })).status, 200);
    }
    if (on.offers('delete')) {
      assert.deepEqual((await on.call('DELETE', `/${id}`, { headers: stale })).problems, OLDER);
      assert.equal((await on.call('DELETE', `/${id}`, { headers: { 'if-match': etag } })).status, 204);
    }
  });

  it('lets a row of a list be edited by its version, once', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    for (const query of ['', `&fields[${on.type}]=`]) {
      const [row] = (await on.get(`?filter[id]=${id}${query}`)).many();
      assert.deepEqual(row?.meta, { version: (await on.get(`/${id}`)).one().meta?.['version'] });
    }
    const listed = async () => {
      const [row] = (await on.get(`?filter[id]=${id}`)).many();
      return { 'if-match': `"${String(row?.meta?.['version'])}"` };
    };
    const first = await listed();
    if (on.offers('update')) {
      const [another = ''] = await on.make();
      const { values } = await on.row(another);
      const name = on.visible.find((attribute) => isWritable(attribute, 'update'))?.name ?? '';
      assert.equal((await on.patch(id, { [name]: values[name] }, first)).status, 200);
      assert.deepEqual((await on.patch(id, {}, first)).problems, OLDER);
    }
    if (on.offers('delete')) {
      assert.equal((await on.call('DELETE', `/${id}`, { headers: await listed() })).status, 204);
    }
  });

  it('states in meta.can what an admin may do with a row, and that is what happens', async () => {
    const on = subject();
    const [id = '', other = ''] = await on.make(2);
    const can = (await on.get(`/${id}?can=true`)).one().meta?.['can'] as object;
    const [listed] = (await on.get(`?filter[id]=${id}&can=true&page[after]=`)).many();
    assert.deepEqual(listed?.meta?.['can'], can);
    const [{ values: own }, { values }] = [await on.row(id), await on.row(other)];
    const changed: string[] = [];
    if (on.offers('update')) {
      for (const attribute of on.attributes.filter(({ hidden, writeOnly }) => !hidden || writeOnly)) {
        const { name, writeOnly } = attribute;
        const value = writeOnly
          ? another(typeOf(attribute), null)
          : isWritable(attribute, 'update')
            ? values[name]
            : another(typeOf(attribute), own[name]);
        if ((await on.patch(id, { [name]: value })).status === 200) changed.push(name);
      }
    }
    const deleted = on.offers('delete') && (await on.call('DELETE', `/${id}`)).status === 204;
    const known = { update: changed.length > 0, delete: deleted, attributes: changed };
    // Own actions of a resource have bodies and effects of their own: its own tests know them.
    assert.deepEqual({ ...can, actions: null }, { ...known, actions: null });
  });

  it('is gone once it is deleted', async () => {
    const on = subject();
    if (!on.offers('delete')) return;
    const [id = '', other = ''] = await on.make(2);
    assert.equal((await on.call('DELETE', `/${id}`)).status, 204);
    assert.deepEqual((await on.get(`/${id}`)).problems, ['404 not_found']);
    assert.deepEqual(ids(await on.get(`?filter[id]=${id},${other}`)), [other]);
    assert.deepEqual((await on.call('DELETE', `/${id}`)).problems, ['404 not_found']);
  });
}

/** The attributes of a new row, out of one that was there: taken out again, since some of them may be unique. */
async function creatable(on: Subject): Promise<Record<string, unknown>> {
  const [id = ''] = await on.make();
  const { values } = await on.row(id);
  await on.remove(id);
  const names = on.visible.filter((attribute) => isWritable(attribute, 'create')).map(({ name }) => name);
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}
