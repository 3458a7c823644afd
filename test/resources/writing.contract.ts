import { expect, it } from '@jest/globals';
import { isWritable } from '../../src/json-api/write/body.js';
import { document, errorsOf, ids } from '../support/client.js';
import { typeOf, type Subject } from './subject.js';
import { another, WRONG_VALUES } from './values.js';

const pointer = (name: string): string[] => [`422 validation_failed /data/attributes/${name}`];

/** What a resource does on writes. A verb that it does not offer is rejected, and the rest is skipped. */
export function writingContract(subject: () => Subject): void {
  it('rejects the verbs that it does not offer', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    const verbs = [
      ['create', 'POST', ''],
      ['update', 'PATCH', `/${id}`],
      ['delete', 'DELETE', `/${id}`],
    ] as const;
    for (const [verb, method, tail] of verbs.filter(([name]) => !on.offers(name))) {
      expect([verb, errorsOf(await on.attempt(method, tail))]).toEqual([verb, ['405 method_not_allowed']]);
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
    expect([created.status, errorsOf(created)]).toEqual([200, []]);
    expect(created.body.data.attributes).toMatchObject(attributes);
    const { id } = created.body.data;
    expect(created.headers.get('location')).toBe(`${on.path}/${id}`);
    const shown = await on.get(`/${id}`);
    expect(shown.body).toEqual(created.body);
    expect(shown.headers.get('etag')).toBe(created.headers.get('etag'));
    expect((await on.post(attributes, key)).body.data.id).toBe(id);
  });

  it('rejects a create without each attribute that is required', async () => {
    const on = subject();
    if (!on.offers('create')) return;
    const attributes = await creatable(on);
    for (const { name } of on.attributes.filter((attribute) => attribute.required)) {
      expect(errorsOf(await on.post({ ...attributes, [name]: undefined }))).toEqual(pointer(name));
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
        expect([verb, name, value, errorsOf(await write({ [name]: value }))]).toEqual([
          verb,
          name,
          value,
          pointer(name),
        ]);
      }
    }
  });

  it('takes back what was read, and changes nothing', async () => {
    const on = subject();
    if (!on.offers('update')) return;
    const [id = ''] = await on.make();
    const before = await on.get(`/${id}`);
    const after = await on.call('PATCH', `/${id}`, { body: { data: before.body.data } });
    expect([after.status, after.headers.get('etag')]).toEqual([200, before.headers.get('etag')]);
    expect(after.body).toEqual(before.body);
  });

  it('takes back the relationships that were read, and rejects to change them', async () => {
    const on = subject();
    if (!on.offers('update')) return;
    const [id = ''] = await on.make();
    for (const name of on.resource.relationships.keys()) {
      const { data } = (await on.get(`/${id}?include=${name}`)).body;
      expect((await on.call('PATCH', `/${id}`, { body: { data } })).status).toBe(200);
      const { data: linkage } = data.relationships[name];
      const stranger = { type: on.resource.relationships.get(name)?.target, id };
      const changed = Array.isArray(linkage) ? [...linkage, stranger] : stranger;
      const body = { data: { type: on.type, id, relationships: { [name]: { data: changed } } } };
      expect(errorsOf(await on.call('PATCH', `/${id}`, { body }))).toEqual([
        `403 forbidden /data/relationships/${name}`,
      ]);
    }
  });

  it('changes every attribute that is listed for it', async () => {
    const on = subject();
    if (!on.offers('update')) return;
    const [id = '', other = ''] = await on.make(2);
    const { values } = await on.row(other);
    for (const { name } of on.visible.filter((attribute) => isWritable(attribute, 'update'))) {
      const changed = await on.patch(id, { [name]: values[name] });
      expect([name, changed.status, changed.body.data?.attributes[name]]).toEqual([name, 200, values[name]]);
    }
  });

  it('takes no document without a type', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    for (const type of [undefined, null]) {
      if (on.offers('create')) {
        const untyped = { data: { type, attributes: await creatable(on) } };
        expect(errorsOf(await on.call('POST', '', { body: untyped }))).toEqual(['400 malformed_body /data/type']);
        expect(errorsOf(await on.call('POST', '', { body: { data: { type } } }))).toEqual([
          '400 malformed_body /data/type',
          '400 malformed_body /data/attributes',
        ]);
      }
      if (on.offers('update')) {
        const untyped = { data: { type, id, attributes: {} } };
        expect(errorsOf(await on.call('PATCH', `/${id}`, { body: untyped }))).toEqual([
          '400 malformed_body /data/type',
        ]);
      }
    }
  });

  it('rejects another type, another id, and an id of the client’s own', async () => {
    const on = subject();
    const [id = '', other = ''] = await on.make(2);
    if (on.offers('create')) {
      const attributes = await creatable(on);
      expect(errorsOf(await on.call('POST', '', { body: document('iam:nope', attributes) }))).toEqual([
        '409 conflict /data/type',
      ]);
      expect(errorsOf(await on.call('POST', '', { body: document(on.type, attributes, other) }))).toEqual([
        '403 forbidden /data/id',
      ]);
    }
    if (on.offers('update')) {
      expect(errorsOf(await on.call('PATCH', `/${id}`, { body: document('iam:nope', {}, id) }))).toEqual([
        '409 conflict /data/type',
      ]);
      expect(errorsOf(await on.call('PATCH', `/${id}`, { body: document(on.type, {}, other) }))).toEqual([
        '409 conflict /data/id',
      ]);
    }
  });

  it('answers 304 while an entity tag is current, and rejects writes that name an older version', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    const etag = (await on.get(`/${id}`)).headers.get('etag') ?? '';
    expect((await on.get(`/${id}`, { 'if-none-match': etag })).status).toBe(304);
    const stale = { 'if-match': '"999999"' };
    if (on.offers('update')) {
      expect(errorsOf(await on.patch(id, {}, stale))).toEqual(['412 precondition_failed If-Match']);
      expect((await on.patch(id, {}, { 'if-match': etag })).status).toBe(200);
    }
    if (on.offers('delete')) {
      expect(errorsOf(await on.call('DELETE', `/${id}`, { headers: stale }))).toEqual([
        '412 precondition_failed If-Match',
      ]);
      expect((await on.call('DELETE', `/${id}`, { headers: { 'if-match': etag } })).status).toBe(204);
    }
  });

  it('lets a row of a list be edited by its version, once', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    for (const query of ['', `&fields[${on.type}]=`]) {
      const { data } = (await on.get(`?filter[id]=${id}${query}`)).body;
      expect(data[0].meta).toEqual({ version: (await on.get(`/${id}`)).body.data.meta.version });
    }
    const listed = async () => ({ 'if-match': `"${(await on.get(`?filter[id]=${id}`)).body.data[0].meta.version}"` });
    const first = await listed();
    if (on.offers('update')) {
      const [another = ''] = await on.make();
      const { values } = await on.row(another);
      const name = on.visible.find((attribute) => isWritable(attribute, 'update'))?.name ?? '';
      expect((await on.patch(id, { [name]: values[name] }, first)).status).toBe(200);
      expect(errorsOf(await on.patch(id, {}, first))).toEqual(['412 precondition_failed If-Match']);
    }
    if (on.offers('delete')) {
      expect((await on.call('DELETE', `/${id}`, { headers: await listed() })).status).toBe(204);
    }
  });

  it('states in meta.can what an admin may do with a row, and that is what happens', async () => {
    const on = subject();
    const [id = '', other = ''] = await on.make(2);
    const { can } = (await on.get(`/${id}?can=true`)).body.data.meta;
    const listed = (await on.get(`?filter[id]=${id}&can=true&page[after]=`)).body.data[0].meta;
    expect(listed.can).toEqual(can);
    const { values } = await on.row(other);
    const changed: string[] = [];
    if (on.offers('update')) {
      for (const attribute of on.visible) {
        const { name } = attribute;
        const value = isWritable(attribute, 'update') ? values[name] : another(typeOf(attribute), values[name]);
        if ((await on.patch(id, { [name]: value })).status === 200) changed.push(name);
      }
    }
    expect([can.update, can.attributes]).toEqual([changed.length > 0, changed]);
    const deleted = on.offers('delete') && (await on.call('DELETE', `/${id}`)).status === 204;
    expect(can.delete).toBe(deleted);
  });

  it('is gone once it is deleted', async () => {
    const on = subject();
    if (!on.offers('delete')) return;
    const [id = '', other = ''] = await on.make(2);
    expect((await on.call('DELETE', `/${id}`)).status).toBe(204);
    expect(errorsOf(await on.get(`/${id}`))).toEqual(['404 not_found']);
    expect(ids(await on.get(`?filter[id]=${id},${other}`))).toEqual([other]);
    expect(errorsOf(await on.call('DELETE', `/${id}`))).toEqual(['404 not_found']);
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
