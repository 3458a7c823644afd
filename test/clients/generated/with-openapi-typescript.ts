import createClient from 'openapi-fetch';
import type { Connect } from './client.js';
import type { components, paths } from './generated/openapi-typescript.js';

const organization = ({ id, attributes }: components['schemas']['OrganizationResource']) => ({
  id,
  name: attributes.name,
  createdAt: new Date(attributes.created_at),
});

export const connect: Connect = (baseUrl, token) => {
  const iam = createClient<paths>({
    baseUrl,
    headers: { Authorization: `Bearer ${token}` },
    querySerializer: { array: { style: 'form', explode: false } },
  });
  return {
    async people(text) {
      const query = {
        'filter[name__match]': text,
        'filter[enabled]': true,
        'filter[role_name__in]': 'user,admin',
        'fields[iam:accounts]': ['name', 'organizations'],
        included: ['organizations'],
        sort: ['-name', 'id'],
        'page[number]': 2,
        'page[size]': 3,
        count: true,
      } satisfies paths['/accounts']['get']['parameters']['query'];
      const { data } = await iam.GET('/accounts', { params: { query } });
      if (data === undefined) throw new Error('There is no list');
      return {
        names: data.data.map(({ attributes }) => attributes.name),
        organizations: (data.included ?? []).flatMap((one) =>
          one.type === 'iam:organizations' ? [one.attributes.name] : [],
        ),
        count: data.meta?.count,
        next: data.links.next,
      };
    },
    async createOrganization(name) {
      const body = { data: { type: 'iam:organizations', attributes: { name } } } as const;
      const { data } = await iam.POST('/organizations', { body });
      if (data === undefined) throw new Error('Nothing was created');
      return organization(data.data);
    },
    async renameOrganization(id, name) {
      const { data } = await iam.PATCH('/organizations/{resource_id}', {
        params: { path: { resource_id: id } },
        body: { data: { type: 'iam:organizations', id, attributes: { name } } },
      });
      if (data === undefined) throw new Error('Nothing was updated');
      return organization(data.data);
    },
    async errorOfCreating(name) {
      const body = { data: { type: 'iam:organizations', attributes: { name } } } as const;
      const { error } = await iam.POST('/organizations', { body });
      const [first] = error?.errors ?? [];
      return [first?.code, first?.meta?.rule, first?.source?.pointer];
    },
  };
};
